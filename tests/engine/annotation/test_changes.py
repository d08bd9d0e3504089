"""Which frames edits changed, and by how much."""

from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.annotation import Origin, SpanKind, edits, empty_rows, touched_frames
from fcot_engine.annotation.changes import SetBoxes, report_changes

BOX = (5.0, 5.0, 20.0, 10.0)


@pytest.fixture
def last(one_target):
    """The frames that the last edit touched."""
    session, _ = one_target
    return lambda: touched_frames(session.document.last)


def test_drawn_box_touches_its_frame(one_target, last):
    session, target = one_target
    session.edit.draw_box(target, 7, BOX)
    assert last() == {target: (7, 7)}


def test_undo_and_redo_touch_the_frames_of_the_edit(one_target):
    session, target = one_target
    session.edit.draw_box(target, 7, BOX)
    assert touched_frames(session.edit.undo()) == {target: (7, 7)}
    assert touched_frames(session.edit.redo()) == {target: (7, 7)}


def test_run_touches_the_frames_that_it_filled(one_target, last, finish):
    session, target = one_target
    finish(session.propagate(0, until=12))
    assert last() == {target: (1, 12)}


def test_frames_that_stay_as_they_were_are_left_out(one_target, finish):
    session, target = one_target
    finish(session.propagate(0, until=12))
    table = session.annotations[target].boxes
    frames = np.arange(1, 13)
    rows = table.take(frames)
    rows["score"][3:6] = 0.123
    found = {target: (frames, rows)}
    edit = edits.put_found(session.annotations, found, kind="run", text="found")
    assert touched_frames(edit) == {target: (4, 6)}


def test_mark_touches_its_span(one_target, last):
    session, target = one_target
    session.edit.mark_span(target, 20, 30, SpanKind.OCCLUDED)
    assert last() == {target: (20, 30)}


def test_description_touches_no_frame_but_its_target(one_target, last):
    session, target = one_target
    session.edit.describe_target(target, name="Bob")
    assert last() == {}
    assert session.document.last.target_ids == {target}


def test_two_targets_are_told_apart(one_target, last):
    session, target = one_target
    other = session.edit.add_target()
    session.edit.draw_box(target, 5, BOX)
    session.edit.draw_box(other, 9, BOX)
    session.edit.swap(target, other, 3)
    assert last() == {target: (5, 9), other: (5, 9)}


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
