from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.annotation import Origin, empty_rows
from fcot_engine.annotation.changes import SetBoxes, report_changes


def rows_at(*lefts):
    """Boxes 10 wide at some places; None for no box."""
    rows = empty_rows(len(lefts))
    for row, left in enumerate(lefts):
        if left is not None:
            rows["origin"][row] = Origin.TRACKED
            rows["box"][row] = (left, 0, 10, 10)
    return rows


def change(before, after, frames=None):
    frames = np.arange(5, 5 + len(before)) if frames is None else np.array(frames)
    return SetBoxes(1, frames, rows_at(*before), rows_at(*after))


def test_moved_added_and_removed_frames_are_told_apart():
    (report,) = report_changes((change([0, 0, None, 0], [5, 0, 0, None]),))
    assert report.moved.tolist() == [5]
    assert report.shift_px.tolist() == [5]
    assert report.iou == pytest.approx([1 / 3])
    assert report.added.tolist() == [7] and report.removed.tolist() == [8]


def test_first_and_last_state_count_not_those_between():
    changes = (change([0], [50]), change([50], [0.1]))
    assert report_changes(changes) == []


def test_text_is_for_people():
    (report,) = report_changes((change([0] * 3, [2, 4, 6]),))
    expected = "frames 5 to 7 changed by 4.0 px on average, 6 px at most"
    assert report.text == expected


def test_text_of_single_and_scattered_frames():
    (report,) = report_changes((change([None] * 3, [2, 4, 6], [1, 5, 9]),))
    assert report.text == "frames 1 to 9 (3 of them) new"
    (report,) = report_changes((change([2], [None]),))
    assert report.text == "frame 5 without a box now"
