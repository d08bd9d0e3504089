from __future__ import annotations

import math

import pytest
import torch

from fcot_engine.training.pose import Pose
from fcot_engine.training.shapes import MASK_CELLS
from fcot_engine.training.visible_box import (
    box_of_mask,
    box_of_turned_ellipse,
    complete_at_border,
)


class TestBoxOfMask:
    def test_hard_edges_lie_on_pixel_borders(self):
        mask = torch.zeros(20, 30)
        mask[4:9, 10:25] = 1
        assert box_of_mask(mask).tolist() == [10, 4, 25, 9]

    def test_half_covered_pixel_moves_the_edge_by_half_a_pixel(self):
        mask = torch.zeros(9, 9)
        mask[3:6, 3:6] = 1
        mask[3:6, 2] = 0.4999
        left = box_of_mask(mask)[0]
        assert 2.45 < left < 2.55

    def test_whole_patch(self):
        assert box_of_mask(torch.ones(2, 8, 8)).tolist() == [[0, 0, 8, 8]] * 2

    def test_empty_mask_gives_zeros(self):
        assert box_of_mask(torch.zeros(8, 8)).tolist() == [0, 0, 0, 0]


class TestCompleteAtBorder:
    def test_box_cut_by_the_patch_gets_its_true_extent(self):
        pose = Pose.rigid(
            torch.tensor([[[4.0, 30.0]]]),
            torch.tensor([[[20.0, 10.0]]]),
            torch.zeros(1, 1),
        )
        mask = torch.ones(1, 1, MASK_CELLS, MASK_CELLS)
        cut = torch.tensor([[[0.0, 20.0, 24.0, 40.0]]])
        full = complete_at_border(cut, mask, pose, 64)
        assert full[0, 0, 0] < -14
        assert full[0, 0, 1:].tolist() == [20, 24, 40]


class TestBoxOfTurnedEllipse:
    def test_without_turn_it_is_the_tile(self):
        pose = Pose.rigid(
            torch.tensor([30.0, 40.0]), torch.tensor([-10.0, 5.0]), torch.tensor(0.0)
        )
        assert box_of_turned_ellipse(pose).tolist() == [20, 35, 40, 45]

    @pytest.mark.parametrize("angle", [0.1, 1.0, math.pi / 2])
    def test_lies_between_ellipse_and_rectangle(self, angle):
        pose = Pose.rigid(
            torch.zeros(2), torch.tensor([10.0, 5.0]), torch.tensor(angle)
        )
        half_w = box_of_turned_ellipse(pose)[2]
        ellipse = math.hypot(10 * math.cos(angle), 5 * math.sin(angle))
        rectangle = 10 * abs(math.cos(angle)) + 5 * abs(math.sin(angle))
        assert ellipse - 1e-4 <= half_w <= rectangle + 1e-4
