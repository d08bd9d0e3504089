from __future__ import annotations

import torch

from fcot_engine.training import PhotoPool
from fcot_engine.training.dice import Dice
from fcot_engine.training.target_choice import TargetChoice

PHOTO = torch.zeros(3, 100, 100, dtype=torch.uint8)


def draw(boxes, *, plain, n=200):
    pool = PhotoPool.from_arrays([PHOTO] * len(boxes), boxes)
    dice = Dice(torch.Generator().manual_seed(0), torch.device("cpu"))
    return TargetChoice(pool).draw(torch.full((n,), plain), dice)


def test_tiny_and_thin_boxes_are_no_targets():
    rows = [[0.0, 0.0, 8.0, 40.0], [0.0, 0.0, 90.0, 12.0], [5.0, 5.0, 40.0, 30.0]]
    choice = draw([rows], plain=False)
    assert (choice.box_xywh == torch.tensor(rows[2])).all()


def test_boxes_that_fill_the_photo_are_no_plain_pairs():
    rows = [[0.0, 0.0, 100.0, 95.0], [5.0, 5.0, 40.0, 30.0]]
    assert (draw([rows], plain=True).box_xywh[:, 2] == 40).all()
    assert (draw([rows], plain=False).box_xywh[:, 2] == 100).any()


def test_photos_are_drawn_evenly_whatever_their_number_of_boxes():
    box = [5.0, 5.0, 40.0, 30.0]
    choice = draw([[box] * 9, [box]], plain=True, n=1000)
    assert 0.44 < float((choice.photo == 0).float().mean()) < 0.56


def test_boxes_belong_to_the_photo():
    boxes = [[[float(i), 5.0, 40.0, 30.0]] for i in range(5)]
    choice = draw(boxes, plain=True)
    assert torch.equal(choice.box_xywh[:, 0].long(), choice.photo)
    assert torch.equal(choice.other_xywh[:, 0].long(), choice.photo)
