from __future__ import annotations

import math

import torch

from fcot_engine.training.dice import Dice
from fcot_engine.training.pose import Pose


def random_pose(*lead):
    dice = Dice(torch.Generator().manual_seed(0), torch.device("cpu"))
    return Pose(
        dice.uniform(40, 120, *lead, 2),
        dice.uniform(20, 50, *lead, 2),
        dice.uniform(-3, 3, *lead),
        dice.normal(0.08, *lead, 2),
        dice.normal(0.06, *lead, 2),
        dice.uniform(0, 6, *lead, 2),
    )


class TestPose:
    def test_tile_to_patch_and_back(self):
        pose = random_pose(5, 3)
        points = torch.rand(5, 3, 40, 2) * 2 - 1
        back = pose.to_tile(pose.to_patch(points))
        torch.testing.assert_close(back, points, atol=1e-3, rtol=0)

    def test_corner_of_a_rigid_pose(self):
        pose = Pose.rigid(
            torch.tensor([10.0, 20.0]), torch.tensor([4.0, 2.0]), torch.tensor(0.0)
        )
        corner = pose.to_patch(torch.tensor([[1.0, 1.0]]))
        assert corner.tolist() == [[14.0, 22.0]]

    def test_quarter_turn_takes_right_to_down(self):
        pose = Pose.rigid(
            torch.zeros(2), torch.tensor([4.0, 2.0]), torch.tensor(math.pi / 2)
        )
        right = pose.to_patch(torch.tensor([[1.0, 0.0]]))
        torch.testing.assert_close(right, torch.tensor([[0.0, 4.0]]))

    def test_negative_width_mirrors(self):
        pose = Pose.rigid(torch.zeros(2), torch.tensor([-4.0, 2.0]), torch.tensor(0.0))
        assert pose.to_patch(torch.tensor([[1.0, 1.0]])).tolist() == [[-4.0, 2.0]]

    def test_indexing_takes_rows_of_all_parts(self):
        pose = random_pose(4, 2)
        part = pose[torch.tensor([3, 1])]
        torch.testing.assert_close(part.half_px, pose.half_px[[3, 1]])
        assert all(p.shape[0] == 2 for p in part.parts())
