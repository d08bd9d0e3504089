"""Nothing rare gets lost between frames and pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcot_engine.annotation import Origin, Span, SpanKind, empty_rows
from napari_fcot.timeline import TargetLine
from napari_fcot.timeline.columns import Columns
from napari_fcot.timeline.marks import Mark
from napari_fcot.timeline.target_row import TargetRow
from napari_fcot.timeline.time_axis import TimeAxis

LINE = TargetLine(1, "cup")


@pytest.fixture
def row(rows_of):
    """A hundred tracked frames of score 0.8."""
    row = TargetRow(LINE, 100)
    row.load(rows_of(score=0.8, count=100))
    return row


@pytest.fixture
def axis():
    """Ten frames a column."""
    return TimeAxis.showing_all(100, 10)


class TestReduce:
    def test_one_bad_frame_among_many_is_the_low(self, row, axis, rows_of):
        row.put(57, rows_of(score=0.1))
        columns = Columns.reduce(row, axis)
        assert columns.low[5] == pytest.approx(0.1)
        assert columns.high[5] == pytest.approx(0.8)
        assert columns.low[4] == pytest.approx(0.8)

    def test_one_lost_frame_marks_its_column(self, row, axis, rows_of):
        row.put(57, rows_of(is_lost=True))
        is_lost = Columns.reduce(row, axis).marks & Mark.LOST != 0
        assert np.flatnonzero(is_lost).tolist() == [5]

    def test_one_human_box_marks_one_column(self, row, axis, rows_of):
        row.put(57, rows_of(Origin.HUMAN))
        columns = Columns.reduce(row, axis)
        assert np.flatnonzero(columns.is_human).tolist() == [5]

    def test_zoomed_in_a_human_box_is_a_bar_in_the_middle_of_its_frame(
        self, row, rows_of
    ):
        row.put(3, rows_of(Origin.HUMAN))
        axis = TimeAxis.showing_all(100, 500).showing(0, 9)
        columns = Columns.reduce(row, axis)
        assert np.flatnonzero(columns.is_human).tolist() == [175]
        assert (columns.marks[150:200] & Mark.HUMAN != 0).all()

    def test_one_missing_frame_is_a_gap(self, row, axis):
        row.put(57, empty_rows(1))
        columns = Columns.reduce(row, axis)
        assert np.flatnonzero(columns.is_gap).tolist() == [5]

    def test_before_the_first_and_after_the_last_box_is_no_gap(self, axis, rows_of):
        row = TargetRow(LINE, 100)
        row.put(23, rows_of(count=17))
        row.put(60, rows_of(count=18))
        columns = Columns.reduce(row, axis)
        assert np.flatnonzero(columns.is_gap).tolist() == [4, 5]
        assert columns.lacks_box[[2, 7]].all()

    def test_out_of_view_and_behind_the_end_is_no_gap(self, axis, rows_of):
        away = Span(40, 59, SpanKind.OUT_OF_VIEW)
        row = TargetRow(TargetLine(1, "cup", spans=(away,), end_frame=79), 100)
        row.load(rows_of(count=80))
        row.put(40, empty_rows(20))
        columns = Columns.reduce(row, axis)
        assert not columns.is_gap.any()
        is_away = columns.marks & Mark.OUT_OF_VIEW != 0
        assert np.flatnonzero(is_away).tolist() == [4, 5]
        assert np.flatnonzero(columns.marks & Mark.ENDED).tolist() == [8, 9]

    def test_target_without_boxes_has_nothing(self, axis):
        columns = Columns.reduce(TargetRow(LINE, 100), axis)
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


EDITS = st.lists(
    st.tuples(
        st.integers(0, 199),
        st.integers(1, 20),
        st.sampled_from(list(Origin)),
        st.booleans(),
        st.integers(0, 8),
    ),
    min_size=1,
    max_size=30,
)
SPANS = (Span(20, 45, SpanKind.OUT_OF_VIEW), Span(60, 61, SpanKind.OCCLUDED))


@given(EDITS, st.integers(1, 300), st.floats(1, 30), st.floats(0, 1))
def test_updating_is_the_same_as_reducing_anew(rows_of, edits, width, zoom, place):
    row = TargetRow(TargetLine(1, "cup", spans=SPANS, end_frame=180), 200)
    axis = TimeAxis.showing_all(200, width).zoomed(zoom, x=place * width)
    kept = Columns.reduce(row, axis)
    for first, count, origin, is_lost, score in edits:
        rows = rows_of(origin, score / 8, is_lost=is_lost, count=count)
        kept.update(row, row.put(first, rows))
    fresh = Columns.reduce(row, axis)
    for name in ("low", "high", "marks", "lacks_box", "is_gap", "is_human"):
        np.testing.assert_array_equal(getattr(kept, name), getattr(fresh, name), name)
