from __future__ import annotations

from fcot_engine.formats.detection_linking import link_detections


def test_two_targets_keep_their_ids_whatever_the_order():
    left = [(n, (n, 0, 20, 20)) for n in range(4)]
    right = [(n, (100 - n, 0, 20, 20)) for n in range(4)]
    mixed = [*reversed(right), *left]
    ids = link_detections(mixed, iou=0.5)
    assert len(set(ids[:4])) == len(set(ids[4:])) == 1
    assert ids[0] != ids[4]


def test_best_pair_is_joined_first():
    before = [(0, (0, 0, 10, 10))]
    here = [(1, (3, 0, 10, 10)), (1, (1, 0, 10, 10))]
    assert link_detections([*before, *here], iou=0.3) == [1, 2, 1]


def test_too_little_overlap_begins_a_track():
    boxes = [(0, (0, 0, 10, 10)), (1, (6, 0, 10, 10))]
    assert link_detections(boxes, iou=0.5) == [1, 2]
    assert link_detections(boxes, iou=0.2) == [1, 1]


def test_missing_frame_ends_a_track():
    boxes = [(0, (0, 0, 10, 10)), (2, (0, 0, 10, 10))]
    assert link_detections(boxes, iou=0.5) == [1, 2]


def test_nothing_at_all():
    assert link_detections([], iou=0.5) == []
