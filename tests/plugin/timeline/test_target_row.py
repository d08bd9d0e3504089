"""Marks and scores of one target, and what of it looks different after a change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcot_engine.annotation import Origin, Span, SpanKind, empty_rows
from napari_fcot.timeline import TargetLine
from napari_fcot.timeline.target_row import Mark, TargetRow

LINE = TargetLine(1, "cup")
AWAY = (Span(4, 6, SpanKind.OUT_OF_VIEW),)


@pytest.fixture
def row():
    return TargetRow(LINE, 20)


def has_gap(row):
    return bool((row.marks_with_gaps(0, 20) & Mark.GAP).any())


class TestMarks:
    @pytest.mark.parametrize(
        ("origin", "is_lost", "mark"),
        [
            pytest.param(Origin.NONE, False, Mark.NONE, id="no_box"),
            pytest.param(Origin.TRACKED, False, Mark.MACHINE, id="tracked"),
            pytest.param(Origin.TRACKED, True, Mark.MACHINE | Mark.LOST, id="lost"),
            pytest.param(Origin.HUMAN, False, Mark.HUMAN, id="human"),
            pytest.param(Origin.HUMAN, True, Mark.HUMAN, id="human_is_never_lost"),
            pytest.param(
                Origin.CORRECTED, False, Mark.HUMAN | Mark.CORRECTED, id="corrected"
            ),
            pytest.param(
                Origin.INTERPOLATED, False, Mark.INTERPOLATED, id="interpolated"
            ),
            pytest.param(
                Origin.IMPORTED, False, Mark.MACHINE | Mark.IMPORTED, id="imported"
            ),
        ],
    )
    def test_origin_and_loss_are_told(self, row, rows_of, origin, is_lost, mark):
        row.put(3, rows_of(origin, is_lost=is_lost))
        assert row.mark_at(3) == mark

    def test_both_ends_of_a_span_are_included(self):
        spans = (Span(2, 3, SpanKind.OCCLUDED), Span(5, 5, SpanKind.OUT_OF_VIEW))
        row = TargetRow(replace(LINE, spans=spans), 8)
        covered, away = Mark.OCCLUDED, Mark.OUT_OF_VIEW
        assert row.marks.tolist() == [0, 0, covered, covered, 0, away, 0, 0]

    def test_a_target_is_there_in_its_last_frame(self):
        row = TargetRow(replace(LINE, end_frame=2), 5)
        assert row.marks.tolist() == [0, 0, 0, Mark.ENDED, Mark.ENDED]

    def test_what_lies_beyond_the_video_is_cut_off(self):
        spans = (Span(3, 900, SpanKind.OCCLUDED),)
        row = TargetRow(replace(LINE, spans=spans, end_frame=700), 4)
        assert row.marks.tolist() == [0, 0, 0, Mark.OCCLUDED]


class TestPut:
    def test_tracked_box_has_its_score(self, row, rows_of):
        row.put(3, rows_of(score=0.25))
        assert row.scores[3] == 0.25
        assert row.mark_at(3) == Mark.MACHINE

    @pytest.mark.parametrize("origin", [Origin.HUMAN, Origin.INTERPOLATED])
    def test_what_no_tracker_scored_has_no_score(self, row, rows_of, origin):
        row.put(3, rows_of(score=0.25))
        row.put(3, rows_of(origin, 1.0))
        assert np.isnan(row.scores[3])
        assert row.n_boxes == 1

    def test_taking_a_box_away_leaves_nothing(self, row, rows_of):
        row.put(3, rows_of())
        row.put(3, empty_rows(1))
        assert row.extent is None
        assert row.n_boxes == 0
        assert np.isnan(row.scores[3])

    def test_first_boxes_change_their_frames_only(self, row, rows_of):
        assert row.put(7, rows_of(Origin.HUMAN, count=3)) == (7, 9)
        assert row.extent == (7, 9)

    def test_box_between_others_changes_its_frame_only(self, row, rows_of):
        row.put(2, rows_of(Origin.HUMAN))
        row.put(12, rows_of(Origin.HUMAN))
        assert row.put(7, rows_of()) == (7, 7)

    def test_box_after_the_last_makes_a_gap(self, row, rows_of):
        row.put(2, rows_of(Origin.HUMAN))
        assert row.put(9, rows_of(Origin.HUMAN)) == (2, 9)
        assert has_gap(row)

    def test_taking_the_last_box_away_ends_the_gap(self, row, rows_of):
        row.put(2, rows_of(Origin.HUMAN))
        row.put(9, rows_of(Origin.HUMAN))
        assert row.put(9, empty_rows(1)) == (2, 9)
        assert row.extent == (2, 2)
        assert not has_gap(row)

    def test_what_lies_beyond_the_video_is_left_out(self, row, rows_of):
        assert row.put(18, rows_of(count=9)) == (18, 19)
        first, last = row.put(20, rows_of())
        assert last < first
        assert row.extent == (18, 19)

    def test_what_was_said_stays(self, rows_of):
        row = TargetRow(replace(LINE, spans=AWAY), 20)
        row.put(4, rows_of(Origin.HUMAN))
        row.put(4, empty_rows(1))
        assert row.mark_at(4) == Mark.OUT_OF_VIEW


class TestLoad:
    def test_same_as_putting_one_by_one(self, row, rows_of):
        rows = empty_rows(7)
        rows[0:1] = rows_of(Origin.HUMAN, 1.0)
        rows[1:2] = rows_of(score=0.75)
        rows[4:5] = rows_of(is_lost=True, score=0.125)
        rows[6:7] = rows_of(Origin.CORRECTED, 1.0)
        for frame in range(7):
            row.put(frame, rows[frame : frame + 1])
        loaded = TargetRow(LINE, 20)
        loaded.load(rows)
        np.testing.assert_array_equal(loaded.marks, row.marks)
        np.testing.assert_array_equal(loaded.scores, row.scores)
        assert (loaded.n_boxes, loaded.extent) == (4, (0, 6)) == (4, row.extent)

    def test_what_was_there_is_gone(self, row, rows_of):
        row.put(3, rows_of())
        row.load(empty_rows(0))
        assert row.n_boxes == 0
        assert row.extent is None
        assert np.isnan(row.scores).all()

    def test_boxes_after_the_end_are_left_out(self, row, rows_of):
        row.load(rows_of(count=32))
        assert row.extent == (0, 19)

    def test_rows_are_copied(self, row, rows_of):
        rows = rows_of(count=5)
        row.load(rows)
        rows["origin"] = Origin.NONE
        assert row.n_boxes == 5


class TestDescribe:
    def test_spans_and_end_are_exchanged_and_boxes_stay(self, row, rows_of):
        row.put(2, rows_of(score=0.25))
        row.describe(replace(LINE, spans=AWAY, end_frame=10))
        assert row.mark_at(5) == Mark.OUT_OF_VIEW
        assert row.mark_at(11) == Mark.ENDED
        row.describe(LINE)
        assert row.all_marks == Mark.MACHINE
        assert row.scores[2] == 0.25


class TestGap:
    def test_out_of_view_is_no_gap(self, rows_of):
        row = TargetRow(replace(LINE, spans=AWAY), 20)
        row.put(3, rows_of())
        row.put(7, rows_of())
        assert not has_gap(row)

    def test_occluded_without_a_box_is_one(self, rows_of):
        spans = (Span(4, 6, SpanKind.OCCLUDED),)
        row = TargetRow(replace(LINE, spans=spans), 20)
        row.put(3, rows_of())
        row.put(7, rows_of())
        assert has_gap(row)


def test_human_frames_are_those_within(row, rows_of):
    for frame in (2, 5, 9):
        row.put(frame, rows_of(Origin.HUMAN))
    row.put(6, rows_of())
    assert row.human_frames(3, 9).tolist() == [5, 9]


class TestNearestBox:
    @pytest.mark.parametrize(
        ("frame", "before", "behind"),
        [
            pytest.param(0, None, 1, id="before_all"),
            pytest.param(4, 4, 4, id="with_a_box"),
            pytest.param(7, 4, 12, id="between"),
            pytest.param(19, 15, None, id="behind_all"),
        ],
    )
    def test_on_each_side(self, row, rows_of, frame, before, behind):
        for place in (1, 4, 12, 15):
            row.put(place, rows_of())
        assert row.box_before(frame) == before
        assert row.box_behind(frame) == behind


SEGMENTS = st.lists(
    st.tuples(st.integers(0, 24), st.integers(1, 9), st.sampled_from(list(Origin))),
    min_size=1,
    max_size=12,
)


@given(SEGMENTS)
def test_extent_is_always_that_of_the_boxes(rows_of, segments):
    row = TargetRow(LINE, 20)
    for first, count, origin in segments:
        row.put(first, rows_of(origin, count=count))
        frames = np.flatnonzero(row.marks)
        expected = (frames[0], frames[-1]) if frames.size else None
        assert row.extent == expected
