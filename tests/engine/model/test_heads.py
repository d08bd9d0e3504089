from __future__ import annotations

import pytest
import torch
from torch import nn

from fcot_engine.errors import ConfigError
from fcot_engine.model import CoarseClassifierHead, FineClassifierHead
from fcot_engine.model.heads import make_tower, merge_halves
from fcot_engine.ops import ModulatedDeformConv2d


def _count(module):
    return sum(p.numel() for p in module.parameters())


class TestMakeTower:
    @pytest.mark.parametrize(
        ("deformable", "kind"), [(True, ModulatedDeformConv2d), (False, nn.Conv2d)]
    )
    def test_indices_are_those_of_the_released_weights(self, deformable, kind):
        tower = make_tower(6, 8, 10, groups=4, deformable=deformable)
        assert type(tower[3]) is type(tower[6]) is kind
        assert type(tower[1]) is type(tower[4]) is nn.GroupNorm
        assert tower(torch.randn(2, 6, 5, 7)).shape == (2, 10, 5, 7)

    def test_first_convolution_is_drawn_for_its_fan_out(self):
        weight = make_tower(64, 128, 8)[0].weight.detach()
        assert float(weight.std()) == pytest.approx((2 / (128 * 9)) ** 0.5, rel=0.02)

    def test_groups_must_divide_the_width(self):
        with pytest.raises(ConfigError, match="got 3 groups for 8 channels"):
            make_tower(6, 8, 10, groups=3)


class TestMergeHalves:
    @pytest.mark.parametrize("bias", [True, False])
    def test_starts_as_the_mean(self, bias):
        first, second = torch.randn(2, 2, 5, 4, 4).unbind(0)
        merged = merge_halves(5, bias=bias)(torch.cat([first, second], dim=1))
        torch.testing.assert_close(merged, (first + second) / 2)


class TestCoarseClassifierHead:
    def test_size_in_the_paper_setting(self):
        assert _count(CoarseClassifierHead()) == 4_718_592

    def test_patch_under_the_filter_has_unit_power(self):
        head = CoarseClassifierHead(16, 12, filter_size=5)
        out = head(torch.randn(2, 16, 9, 9) * 7)
        assert out.shape == (2, 12, 9, 9)
        power = out.detach().square().mean(dim=(1, 2, 3)) * 12 * 5**2
        torch.testing.assert_close(power, torch.ones(2))


class TestFineClassifierHead:
    def test_size_in_the_paper_setting(self):
        assert _count(FineClassifierHead()) == 800_566

    @pytest.mark.parametrize("deformable", [True, False])
    def test_shape_power_and_gradient(self, deformable):
        head = FineClassifierHead(
            6, 8, 12, filter_size=3, norm_gain=2.0, groups=4, deformable=deformable
        )
        out = head(torch.randn(2, 6, 9, 9))
        assert out.shape == (2, 12, 9, 9)
        power = out.detach().square().mean(dim=(1, 2, 3)) * 12 * 3**2
        torch.testing.assert_close(power, torch.full((2,), 2.0), rtol=1e-3, atol=0)
        (out * torch.randn_like(out)).sum().backward()
        for name, parameter in head.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all(), name
