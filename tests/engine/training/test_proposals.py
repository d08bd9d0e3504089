from __future__ import annotations

import numpy as np
import pytest
import torch

from fcot_engine.geometry import box_iou, xywh_to_xyxy
from fcot_engine.training.dice import Dice
from fcot_engine.training.proposals import find_shift, measure_saliency, propose_boxes


def dice(seed=0):
    return Dice(torch.Generator().manual_seed(seed), torch.device("cpu"))


def smooth_ground(height, width, seed=0):
    rng = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, 10, 14, generator=rng) * 120
    big = torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic")
    return big[0].permute(1, 2, 0).clamp(0, 255).to(torch.uint8).numpy()


def moving_scene(*, camera=(0, 0)):
    """A bright square that moves by 8 px over a ground that the camera may move."""
    ground = smooth_ground(260, 360)
    frames = []
    for step in (0, 1):
        y, x = 20 + step * camera[0], 20 + step * camera[1]
        frame = ground[y : y + 200, x : x + 300].copy()
        left = 120 + 8 * step
        frame[80:130, left : left + 50] = 250
        frames.append(frame)
    return frames


@pytest.mark.parametrize(
    "camera", [pytest.param((0, 0), id="still"), pytest.param((6, 10), id="panning")]
)
def test_first_box_lies_on_what_moves_by_itself(camera):
    boxes = propose_boxes(*moving_scene(camera=camera), 3, dice())
    best = torch.tensor(boxes[0])
    truth = torch.tensor([120.0, 80.0, 58.0, 50.0])
    assert box_iou(xywh_to_xyxy(best), xywh_to_xyxy(truth)) > 0.3


def test_nothing_is_proposed_in_an_empty_picture():
    frame = np.full((120, 160, 3), 90, np.uint8)
    assert propose_boxes(frame, frame, 4, dice()) == []


def test_boxes_lie_inside_and_hardly_overlap():
    frame, later = moving_scene(camera=(4, 4))
    boxes = torch.tensor(propose_boxes(frame, later, 6, dice(1)))
    corners = xywh_to_xyxy(boxes)
    assert (corners[:, :2] >= 0).all()
    assert (corners[:, 2] <= 300).all() and (corners[:, 3] <= 200).all()
    overlap = box_iou(corners[:, None], corners[None])
    assert (overlap - torch.eye(len(boxes))).max() < 0.25


def test_same_seed_same_boxes():
    scene = moving_scene()
    assert propose_boxes(*scene, 4, dice(5)) == propose_boxes(*scene, 4, dice(5))


@pytest.mark.parametrize("shift", [(0, 0), (4, -7), (-9, 3)])
def test_shift_is_found(shift):
    picture = torch.rand(60, 90, generator=torch.Generator().manual_seed(2))
    assert find_shift(picture, torch.roll(picture, shift, (0, 1))) == shift


def test_ground_that_the_camera_moves_is_not_salient():
    saliency = measure_saliency(*moving_scene(camera=(6, 10)))
    cell = saliency.shape[1] / 300
    inside = saliency[
        int(80 * cell) : int(130 * cell), int(120 * cell) : int(178 * cell)
    ]
    assert inside.mean() > 2 * saliency.mean()
