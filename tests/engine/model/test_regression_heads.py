from __future__ import annotations

import pytest
import torch

from fcot_engine.model import FilterGeneratorHead, RegressionHead


def _count(module):
    return sum(p.numel() for p in module.parameters())


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
