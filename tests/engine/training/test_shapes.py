from __future__ import annotations

import torch

from fcot_engine.training.dice import Dice
from fcot_engine.training.shapes import MASK_CELLS, draw_shapes, tile_points


def draw(n, seed=0):
    return draw_shapes(
        n, Dice(torch.Generator().manual_seed(seed), torch.device("cpu"))
    )


class TestDrawShapes:
    def test_values_are_alphas(self):
        shapes = draw(20)
        assert shapes.shape == (20, 1, MASK_CELLS, MASK_CELLS)
        assert shapes.min() == 0 and shapes.max() == 1

    def test_nothing_is_cut_off_at_the_edge(self):
        shapes = draw(50)
        edges = torch.cat([shapes[..., 0, :], shapes[..., :, -1]], -1)
        assert edges.max() < 0.5

    def test_center_is_solid(self):
        middle = MASK_CELLS // 2
        assert (draw(50)[..., middle, middle] == 1).all()

    def test_a_shape_fills_a_good_part_of_its_box(self):
        points = tile_points(MASK_CELLS, torch.device("cpu"))
        inside = (points.abs() <= 1).all(-1)
        share = draw(50)[:, 0][:, inside].mean(-1)
        assert share.min() > 0.25

    def test_shapes_differ(self):
        shapes = draw(10)
        assert (shapes[1:] - shapes[:-1]).abs().mean((1, 2, 3)).min() > 1e-3
