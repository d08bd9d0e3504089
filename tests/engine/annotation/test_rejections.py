from __future__ import annotations

from fcot_engine.annotation import Rejection
from fcot_engine.annotation.targets import (
    add_rejections,
    is_same_thing,
    rejected_at,
    take_out_rejections,
)

A, B = (0.0, 0.0, 10.0, 10.0), (50.0, 0.0, 10.0, 10.0)


def test_places_are_ordered_by_frame_and_age():
    known = add_rejections((), 7, [A])
    known = add_rejections(known, 3, [B, A])
    assert known == (Rejection(3, B), Rejection(3, A), Rejection(7, A))
    assert rejected_at(known, 3) == (B, A)


def test_same_thing_is_noted_once_where_it_was_seen_last():
    moved = (2.0, 0.0, 10.0, 10.0)
    assert is_same_thing(A, moved)
    assert rejected_at(add_rejections((), 3, [A, B, moved]), 3) == (B, moved)


def test_newest_few_of_a_frame_are_kept():
    boxes = [(20.0 * n, 0.0, 10.0, 10.0) for n in range(7)]
    assert rejected_at(add_rejections((), 3, boxes), 3) == tuple(boxes[-4:])


def test_frames_can_be_left_out():
    known = tuple(Rejection(frame, A) for frame in range(6))
    left = take_out_rejections(known, 2, 4)
    assert [one.frame_index for one in left] == [0, 1, 5]


def test_boxes_that_overlap_little_are_other_things():
    assert not is_same_thing(A, (5.0, 0.0, 10.0, 10.0))
    assert not is_same_thing(A, B)
