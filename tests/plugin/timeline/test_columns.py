"""Nothing rare gets lost between frames and pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_fcot.timeline.columns import Columns
from napari_fcot.timeline.target_row import Mark, TargetRow
from napari_fcot.timeline.time_axis import TimeAxis

LOST = Mark.MACHINE | Mark.LOST


@pytest.fixture
def row():
    """A hundred tracked frames of score 0.8."""
    row = TargetRow(1, 100)
    for frame in range(100):
        row.put(frame, Mark.MACHINE, 0.8)
    return row


@pytest.fixture
def axis():
    """Ten frames a column."""
    return TimeAxis.showing_all(100, 10)


class TestReduce:
    def test_one_bad_frame_among_many_is_the_low(self, row, axis):
        row.put(57, Mark.MACHINE, 0.1)
        columns = Columns.reduce(row, axis)
        assert columns.low[5] == pytest.approx(0.1)
        assert columns.high[5] == pytest.approx(0.8)
        assert columns.low[4] == pytest.approx(0.8)

    def test_one_lost_frame_marks_its_column(self, row, axis):
        row.put(57, LOST, 0.1)
        is_lost = Columns.reduce(row, axis).marks & Mark.LOST != 0
        assert np.flatnonzero(is_lost).tolist() == [5]

    def test_one_human_box_marks_one_column(self, row, axis):
        row.put(57, Mark.HUMAN)
        columns = Columns.reduce(row, axis)
        assert np.flatnonzero(columns.is_human).tolist() == [5]

    def test_zoomed_in_a_human_box_is_a_bar_in_the_middle_of_its_frame(self, row):
        row.put(3, Mark.HUMAN)
        axis = TimeAxis.showing_all(100, 500).showing(0, 9)
        columns = Columns.reduce(row, axis)
        assert np.flatnonzero(columns.is_human).tolist() == [175]
        assert (columns.marks[150:200] & Mark.HUMAN != 0).all()

    def test_one_missing_frame_is_a_gap(self, row, axis):
        row.put(57, Mark.NONE)
        columns = Columns.reduce(row, axis)
        assert np.flatnonzero(columns.is_gap).tolist() == [5]

    def test_before_the_first_and_after_the_last_box_is_no_gap(self, axis):
        row = TargetRow(1, 100)
        for frame in (*range(23, 40), *range(60, 78)):
            row.put(frame, Mark.MACHINE, 0.8)
        columns = Columns.reduce(row, axis)
        assert np.flatnonzero(columns.is_gap).tolist() == [4, 5]
        assert columns.has_empty[[2, 7]].all()

    def test_target_without_boxes_has_nothing(self, axis):
        columns = Columns.reduce(TargetRow(1, 100), axis)
        assert np.isnan(columns.low).all()
        assert not columns.marks.any()
        assert not columns.is_gap.any()


class TestColumnsOf:
    def test_frames_out_of_view_have_none(self, row, axis):
        columns = Columns.reduce(row, axis.showing(40, 59))
        assert columns.columns_of((0, 39)) is None
        assert columns.columns_of((60, 99)) is None
        assert columns.columns_of((0, 99)) == (0, 10)

    def test_wide_frame_has_all_its_columns(self, row):
        columns = Columns.reduce(row, TimeAxis.showing_all(100, 500).showing(10, 19))
        assert columns.columns_of((12, 12)) == (100, 150)


MARKS = st.sampled_from([Mark.NONE, Mark.MACHINE, LOST, Mark.HUMAN])
EDITS = st.lists(
    st.tuples(st.integers(0, 199), MARKS, st.integers(0, 8)), min_size=1, max_size=40
)


@given(EDITS, st.integers(1, 300), st.floats(1, 30), st.floats(0, 1))
def test_updating_is_the_same_as_reducing_anew(edits, width, zoom, place):
    row = TargetRow(1, 200)
    axis = TimeAxis.showing_all(200, width).zoomed(zoom, x=place * width)
    kept = Columns.reduce(row, axis)
    for frame, mark, score in edits:
        kept.update(row, row.put(frame, mark, score / 8))
    fresh = Columns.reduce(row, axis)
    for name in ("low", "high", "marks", "has_empty", "is_gap", "is_human"):
        np.testing.assert_array_equal(getattr(kept, name), getattr(fresh, name), name)
