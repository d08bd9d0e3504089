from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.annotation import SpanKind, edits, touched_frames

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
