"""A click on a pixel that stands for many frames means the one worth seeing."""

from __future__ import annotations

import pytest

from napari_fcot.timeline import StopMark
from napari_fcot.timeline.snapping import frame_meant
from napari_fcot.timeline.target_row import Mark, TargetRow
from napari_fcot.timeline.time_axis import TimeAxis


@pytest.fixture
def axis():
    """Ten frames a pixel."""
    return TimeAxis.showing_all(1000, 100)


@pytest.fixture
def row():
    row = TargetRow(1, 1000)
    row.marks[:] = Mark.MACHINE
    row.scores[:] = 0.8
    return row


def test_zoomed_in_it_is_the_frame_itself(axis, row):
    row.put(503, Mark.HUMAN)
    assert frame_meant(axis.showing(500, 549), 9.0, row) == 504


def test_ruler_takes_the_click_as_it_is(axis):
    assert frame_meant(axis, 50.5) == 505


def test_human_box_nearby_is_meant(axis, row):
    row.put(538, Mark.HUMAN)
    row.put(441, Mark.HUMAN)
    assert frame_meant(axis, 50.5, row) == 538


def test_human_box_out_of_reach_is_not_meant(axis, row):
    row.put(560, Mark.HUMAN)
    row.put(507, Mark.MACHINE, 0.2)
    assert frame_meant(axis, 50.5, row) == 507


def test_stop_comes_before_a_human_box(axis, row):
    row.put(505, Mark.HUMAN)
    assert frame_meant(axis, 50.5, row, (StopMark(520, 1),)) == 520


def test_lost_frame_comes_before_the_lowest_score(axis, row):
    row.put(502, Mark.MACHINE, 0.1)
    row.put(508, Mark.MACHINE | Mark.LOST, 0.3)
    assert frame_meant(axis, 50.0, row) == 508


def test_neighbouring_pixels_are_not_meant(axis, row):
    row.put(499, Mark.MACHINE, 0.1)
    row.put(510, Mark.MACHINE, 0.1)
    row.put(503, Mark.MACHINE, 0.5)
    assert frame_meant(axis, 50.5, row) == 503


def test_empty_row_takes_the_click_as_it_is(axis):
    assert frame_meant(axis, 50.5, TargetRow(1, 1000)) == 505
