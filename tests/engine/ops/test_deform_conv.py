from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torchvision.ops import deform_conv2d

from fcot_engine.ops import ModulatedDeformConv2d, modulated_deform_conv2d


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(11)


def _randn(generator, *shape, dtype=torch.float64):
    return torch.randn(*shape, generator=generator, dtype=dtype)


class TestModulatedDeformConv2dFunction:
    def test_equals_torchvision_which_does_it_on_cuda(self, generator):
        x = _randn(generator, 2, 3, 6, 5)
        offsets = 2.5 * _randn(generator, 2, 18, 6, 5)
        modulation = _randn(generator, 2, 9, 6, 5).sigmoid()
        weight, bias = _randn(generator, 4, 3, 3, 3), _randn(generator, 4)
        theirs = deform_conv2d(x, offsets, weight, bias, padding=1, mask=modulation)
        out = modulated_deform_conv2d(x, offsets, modulation, weight, bias)
        torch.testing.assert_close(out, theirs, atol=1e-11, rtol=0)

    @pytest.mark.parametrize(
        ("dy", "expected"), [(-1.0, 0.0), (-0.75, 0.25), (1.0, 0.0), (0.4, 0.6)],
        ids=["at_minus_one", "part_above", "at_size", "part_below"],
    )  # fmt: skip
    def test_a_map_of_one_row_fades_to_zero_at_the_border(self, dy, expected):
        x = torch.ones(1, 1, 1, 1, dtype=torch.float64)
        weight = torch.zeros(1, 1, 3, 3, dtype=torch.float64)
        weight[0, 0, 1, 1] = 1
        offsets = torch.zeros(1, 18, 1, 1, dtype=torch.float64)
        offsets[0, 8] = dy  # dy of the centre tap
        out = modulated_deform_conv2d(x, offsets, torch.ones(1, 9, 1, 1), weight)
        assert float(out) == pytest.approx(expected)

    def test_taps_far_outside_read_zero(self, generator):
        x = _randn(generator, 2, 2, 4, 5)
        out = modulated_deform_conv2d(
            x,
            torch.full((2, 18, 4, 5), -1e30, dtype=x.dtype),
            torch.ones(2, 9, 4, 5, dtype=x.dtype),
            _randn(generator, 3, 2, 3, 3),
        )
        assert torch.equal(out, torch.zeros_like(out))

    def test_gradients_of_every_input(self, generator):
        inputs = (
            _randn(generator, 1, 2, 3, 4),
            _randn(generator, 1, 18, 3, 4),
            _randn(generator, 1, 9, 3, 4),
            _randn(generator, 2, 2, 3, 3),
            _randn(generator, 2),
        )
        for tensor in inputs:
            tensor.requires_grad_()
        assert torch.autograd.gradcheck(modulated_deform_conv2d, inputs)


class TestModulatedDeformConv2dLayer:
    def test_new_layer_is_half_a_plain_convolution(self, generator):
        layer = ModulatedDeformConv2d(3, 4)
        x = _randn(generator, 2, 3, 6, 6, dtype=torch.float32)
        expected = F.conv2d(x, layer.weight / 2, layer.bias, padding=1)
        torch.testing.assert_close(layer(x), expected)

    def test_parameter_names_are_those_of_the_released_weights(self):
        shapes = {k: tuple(v.shape) for k, v in ModulatedDeformConv2d(6, 5).state_dict().items()}  # fmt: skip  # noqa: E501
        assert shapes == {
            "weight": (5, 6, 3, 3),
            "bias": (5,),
            "conv_offset_mask.weight": (27, 6, 3, 3),
            "conv_offset_mask.bias": (27,),
        }

    def test_offsets_learn_from_the_first_step(self, generator):
        layer = ModulatedDeformConv2d(2, 2)
        layer(
            _randn(generator, 1, 2, 5, 5, dtype=torch.float32)
        ).square().sum().backward()
        grad = layer.conv_offset_mask.bias.grad
        assert grad is not None
        assert (grad[:18] != 0).any()
        assert (grad[18:] != 0).any()
