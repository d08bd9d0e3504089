from __future__ import annotations

import pytest
import torch
from torch import nn

from fcot_engine.errors import ConfigError
from fcot_engine.model import (
    CoarseClassifierHead,
    FilterGeneratorHead,
    FineClassifierHead,
    RegressionHead,
)
from fcot_engine.model.heads import InstanceL2Norm, make_tower, merge_halves
from fcot_engine.ops import ModulatedDeformConv2d


def _count(module):
    return sum(p.numel() for p in module.parameters())


class TestInstanceL2Norm:
    def test_value_by_hand(self):
        out = InstanceL2Norm(5.0)(torch.tensor([[[[3.0, -4.0]]]]))
        # The norm is 5 over 2 values, so 3 becomes 3 * 5 * sqrt(2) / 5.
        torch.testing.assert_close(out, 2**0.5 * torch.tensor([[[[3.0, -4.0]]]]))

    def test_each_image_has_a_norm_of_its_own(self):
        x = torch.randn(3, 4, 5, 6) * torch.tensor([1.0, 10.0, 0.1]).view(3, 1, 1, 1)
        rms = InstanceL2Norm(0.3)(x).square().mean(dim=(1, 2, 3)).sqrt()
        torch.testing.assert_close(rms, torch.full((3,), 0.3), atol=1e-5, rtol=0)

    def test_zeros_stay_zeros_with_finite_gradient(self):
        x = torch.zeros(1, 2, 2, 2, requires_grad=True)
        out = InstanceL2Norm(1.0)(x)
        out.sum().backward()
        assert torch.equal(out, torch.zeros_like(out))
        assert x.grad.isfinite().all()

    @pytest.mark.parametrize(
        ("channels", "gain", "scale"),
        [(512, 1.0, 0.011049), (256, 1.5, 0.019137), (256, 2.0, 0.022097)],
    )
    def test_scale_for_a_filter_is_the_released_one(self, channels, gain, scale):
        layer = InstanceL2Norm.for_filter(channels, 4, gain=gain)
        assert layer.scale == pytest.approx(scale, abs=1e-6)


class TestMakeTower:
    @pytest.mark.parametrize(
        ("deformable", "kind"), [(True, ModulatedDeformConv2d), (False, nn.Conv2d)]
    )
    def test_indices_are_those_of_the_released_weights(self, deformable, kind):
        tower = make_tower(6, 8, 10, groups=4, deformable=deformable)
        assert type(tower[3]) is type(tower[6]) is kind
        assert type(tower[1]) is type(tower[4]) is nn.GroupNorm
        assert tower(torch.randn(2, 6, 5, 7)).shape == (2, 10, 5, 7)

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


def _maps(channels, n=2):
    return torch.randn(n, channels, 8, 10), torch.randn(n, channels, 16, 20)


class TestRegressionHead:
    def test_size_in_the_paper_setting(self):
        assert _count(RegressionHead()) == 2 * 800_438 + 131_328

    @pytest.mark.parametrize("deformable", [True, False])
    def test_shape_is_that_of_the_fine_map(self, deformable):
        head = RegressionHead(6, 8, 5, groups=4, deformable=deformable)
        assert head(*_maps(6)).shape == (2, 5, 16, 20)

    def test_coarse_map_comes_first(self):
        head = RegressionHead(6, 8, 5, groups=4, deformable=False)
        coarse, fine = _maps(6)
        with torch.no_grad():
            head.merge.weight[:, 5:] = 0  # read the first half only
            same = head(coarse, torch.randn_like(fine))
            other = head(torch.randn_like(coarse), fine)
            expected = head(coarse, fine)
        torch.testing.assert_close(same, expected)
        assert not torch.allclose(other, expected)


class TestFilterGeneratorHead:
    def test_size_in_the_paper_setting(self):
        assert _count(FilterGeneratorHead()) == 2 * 1_685_942 + 2_097_152

    @pytest.mark.parametrize("deformable", [True, False])
    def test_one_set_of_filters_an_image(self, deformable):
        head = FilterGeneratorHead(
            6, 8, 5, filter_size=3, groups=4, deformable=deformable
        )
        boxes = torch.tensor([[10.0, 12.0, 40.0, 44.0], [0.0, 0.0, 80.0, 64.0]])
        filters = head(*_maps(6), boxes)
        assert filters.shape == (2, 4, 5, 3, 3)

    def test_new_head_averages_the_scales(self):
        head = FilterGeneratorHead(6, 8, 5, groups=4, deformable=False)
        boxes = torch.tensor([[10.0, 12.0, 40.0, 44.0]])
        maps = _maps(6, n=1)
        pooled = head.pool(*maps, boxes)
        filters = head(*maps, boxes)
        torch.testing.assert_close(
            filters.flatten(1, 2), (pooled.coarse + pooled.fine) / 2
        )

    def test_filters_move_with_the_target(self):
        head = FilterGeneratorHead(6, 8, 5, groups=4, deformable=False).eval()
        coarse, fine = torch.randn(1, 6, 24, 24), torch.randn(1, 6, 48, 48)
        box = torch.tensor([[64.0, 64.0, 104.0, 96.0]])
        with torch.no_grad():
            here = head(coarse, fine, box)
            there = head(
                coarse.roll((2, 1), dims=(2, 3)),
                fine.roll((4, 2), dims=(2, 3)),
                box + torch.tensor([8.0, 16.0, 8.0, 16.0]),
            )
        torch.testing.assert_close(there, here, atol=0.02, rtol=0)
