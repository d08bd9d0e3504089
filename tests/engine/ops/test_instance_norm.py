from __future__ import annotations

import math

import pytest
import torch

from fcot_engine.errors import ShapeError
from fcot_engine.ops import InstanceL2Norm, instance_l2_norm


class TestInstanceL2Norm:
    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_root_mean_square_is_the_scale_for_each_image(self, dtype):
        x = torch.randn(3, 4, 5, 6, generator=torch.Generator().manual_seed(0))
        x = x.to(dtype) * torch.tensor([1.0, 10.0, 0.1], dtype=dtype).view(3, 1, 1, 1)
        out = instance_l2_norm(x, scale=0.3)
        assert out.dtype == dtype
        rms = out.square().mean(dim=(1, 2, 3)).sqrt()
        expected = torch.full((3,), 0.3, dtype=dtype)
        torch.testing.assert_close(rms, expected, atol=1e-5, rtol=0)  # eps shows

    def test_value_by_hand(self):
        out = instance_l2_norm(torch.tensor([[[[3.0, -4.0]]]]), scale=5.0)
        # The norm is 5 over 2 values, so 3 becomes 3 * 5 * sqrt(2) / 5.
        torch.testing.assert_close(
            out, torch.tensor([[[[3 * math.sqrt(2), -4 * math.sqrt(2)]]]])
        )

    def test_zeros_stay_zeros_with_finite_gradient(self):
        x = torch.zeros(1, 2, 2, 2, requires_grad=True)
        out = instance_l2_norm(x, scale=1.0)
        out.sum().backward()
        assert torch.equal(out, torch.zeros_like(out))
        assert x.grad is not None
        assert x.grad.isfinite().all()

    def test_works_on_channels_last_memory(self):
        x = torch.randn(2, 4, 3, 3, generator=torch.Generator().manual_seed(0))
        last = x.to(memory_format=torch.channels_last)
        torch.testing.assert_close(
            instance_l2_norm(last, scale=1.0), instance_l2_norm(x, scale=1.0)
        )

    def test_gradient(self):
        generator = torch.Generator().manual_seed(0)
        x = torch.randn(2, 2, 2, 2, generator=generator, dtype=torch.float64)
        x.requires_grad_()
        assert torch.autograd.gradcheck(lambda t: instance_l2_norm(t, scale=0.7), (x,))

    @pytest.mark.parametrize(
        ("channels", "gain", "scale"),
        [(512, 1.0, 0.011049), (256, 1.5, 0.019137), (256, 2.0, 0.022097)],
    )
    def test_scale_for_a_filter_is_the_released_one(self, channels, gain, scale):
        layer = InstanceL2Norm.for_filter(channels, 4, gain=gain)
        assert layer.scale == pytest.approx(scale, abs=1e-6)

    def test_wrong_shape_is_named(self):
        with pytest.raises(
            ShapeError, match=r"features must have shape \(N, C, H, W\)"
        ):
            instance_l2_norm(torch.zeros(3, 4), scale=1.0)
