"""A click on a pixel that stands for many frames means the one worth seeing."""

from __future__ import annotations

import pytest

from fcot_engine.annotation import Origin
from napari_fcot.timeline import StopMark, TargetLine
from napari_fcot.timeline.snapping import frame_meant
from napari_fcot.timeline.target_row import TargetRow
from napari_fcot.timeline.time_axis import TimeAxis


@pytest.fixture
def axis():
    """Ten frames a pixel."""
    return TimeAxis.showing_all(1000, 100)


@pytest.fixture
def row(rows_of):
    row = TargetRow(TargetLine(1, "cup"), 1000)
    row.load(rows_of(score=0.8, count=1000))
    return row


def test_zoomed_in_it_is_the_frame_itself(axis, row, rows_of):
    row.put(503, rows_of(Origin.HUMAN))
    assert frame_meant(axis.showing(500, 549), 9.0, row) == 504


def test_ruler_takes_the_click_as_it_is(axis):
    assert frame_meant(axis, 50.5) == 505


def test_human_box_nearby_is_meant(axis, row, rows_of):
    row.put(538, rows_of(Origin.HUMAN))
    row.put(441, rows_of(Origin.HUMAN))
    assert frame_meant(axis, 50.5, row) == 538


def test_human_box_out_of_reach_is_not_meant(axis, row, rows_of):
    row.put(560, rows_of(Origin.HUMAN))
    row.put(507, rows_of(score=0.2))
    assert frame_meant(axis, 50.5, row) == 507


def test_stop_comes_before_a_human_box(axis, row, rows_of):
    row.put(505, rows_of(Origin.HUMAN))
    assert frame_meant(axis, 50.5, row, (StopMark(520, 1),)) == 520


def test_lost_frame_comes_before_the_lowest_score(axis, row, rows_of):
    row.put(502, rows_of(score=0.1))
    row.put(508, rows_of(score=0.3, is_lost=True))
    assert frame_meant(axis, 50.0, row) == 508


def test_neighbouring_pixels_are_not_meant(axis, row, rows_of):
    row.put(499, rows_of(score=0.1))
    row.put(510, rows_of(score=0.1))
    row.put(503, rows_of(score=0.5))
    assert frame_meant(axis, 50.5, row) == 503


def test_empty_row_takes_the_click_as_it_is(axis):
    assert frame_meant(axis, 50.5, TargetRow(TargetLine(1, "cup"), 1000)) == 505
