from __future__ import annotations

import torch

from fcot_engine.training.dice import Dice
from fcot_engine.training.frame_border import draw_frames_around, repeat_border


def test_pixels_outside_repeat_the_nearest_inside():
    image = torch.arange(25.0).view(1, 1, 1, 5, 5).expand(1, 1, 3, 5, 5)
    found = repeat_border(image, torch.tensor([[[1.0, 2.0, 4.0, 4.0]]]))[0, 0, 0]
    rows, columns = [2, 2, 2, 3, 3], [1, 1, 2, 3, 3]
    assert torch.equal(found, image[0, 0, 0][rows][:, columns])


def test_whole_frame_changes_nothing():
    image = torch.rand(2, 3, 3, 8, 8)
    frames = torch.tensor([0.0, 0.0, 8.0, 8.0]).expand(2, 3, 4)
    assert torch.equal(repeat_border(image, frames), image)


def test_frame_beyond_the_patch_keeps_a_pixel():
    image = torch.rand(1, 1, 3, 8, 8)
    found = repeat_border(image, torch.tensor([[[-9.0, 20.0, -2.0, 30.0]]]))
    assert (found == image[..., 7:, :1]).all()


def test_frames_hold_their_targets_closely():
    boxes = torch.tensor([30.0, 40.0, 70.0, 100.0]).expand(64, 3, 4)
    dice = Dice(torch.Generator().manual_seed(0), torch.device("cpu"))
    frames = draw_frames_around(boxes, dice)
    assert (frames[..., :2] <= boxes[..., :2]).all()
    assert (frames[..., 2:] >= boxes[..., 2:]).all()
    gap = (frames - boxes).abs() / torch.tensor([40.0, 60.0, 40.0, 60.0])
    assert gap.max() < 0.75 and 0.03 < gap.median() < 0.25
