"""Rows, marks and what is told about them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fcot_engine.annotation import Origin, Span, SpanKind, empty_rows
from fcot_engine.errors import FrameIndexError
from napari_fcot.timeline import StopMark, TargetLine, TimelineModel
from napari_fcot.timeline.marks import Mark
from napari_fcot.timeline.time_axis import TimeAxis

N_FRAMES = 50
LINES = (TargetLine(1, "cup"), TargetLine(2, "saucer"))


@pytest.fixture
def model(rows_of):
    model = TimelineModel()
    model.reset(N_FRAMES)
    model.show_targets(LINES, 1)
    for line in LINES:
        model.load(line.track_id, rows_of(count=10))
    return model


@pytest.fixture
def told(model):
    """What the model has told since."""
    told = []
    model.frames_changed.connect(lambda *frames: told.append(("frames", *frames)))
    model.row_changed.connect(lambda track_id: told.append(("row", track_id)))
    model.layout_changed.connect(lambda: told.append("layout"))
    model.frame_changed.connect(lambda frame: told.append(("frame", frame)))
    return told


class TestTargets:
    def test_have_a_row_each_in_their_order(self, model):
        assert [(row.track_id, row.name) for row in model.rows] == [
            (1, "cup"),
            (2, "saucer"),
        ]

    def test_nothing_new_tells_nothing(self, model, told):
        model.show_targets(list(LINES), 1)
        assert told == []

    @pytest.mark.parametrize(
        "change",
        [
            pytest.param({"name": "plate"}, id="name"),
            pytest.param({"colour": "#123456"}, id="colour"),
            pytest.param({"is_hidden": True}, id="hidden"),
            pytest.param({"end_frame": 20}, id="end"),
            pytest.param({"spans": (Span(2, 3, SpanKind.OCCLUDED),)}, id="spans"),
        ],
    )
    def test_another_description_is_told_and_boxes_stay(self, model, told, change):
        line = replace(LINES[1], **change)
        model.show_targets([LINES[0], line], 1)
        assert model.row(2).line == line
        assert model.row(2).n_boxes == 10
        assert told == ["layout"]

    def test_another_selected_target_is_told(self, model, told):
        model.show_targets(LINES, 2)
        assert model.selected_id == 2
        assert told == ["layout"]

    def test_a_target_that_went_has_no_row_and_comes_back_empty(self, model):
        model.show_targets(LINES[1:], 2)
        assert [row.track_id for row in model.rows] == [2]
        model.show_targets(LINES, 2)
        assert model.row(1).n_boxes == 0

    def test_spans_come_into_columns_that_were_kept(self, model):
        axis = TimeAxis.showing_all(N_FRAMES, 10)
        model.columns(1, axis)
        spans = (Span(20, 24, SpanKind.OUT_OF_VIEW),)
        model.show_targets([replace(LINES[0], spans=spans), LINES[1]], 1)
        assert model.columns(1, axis).marks[4] == Mark.OUT_OF_VIEW


class TestLoad:
    def test_is_told(self, model, told, rows_of):
        model.load(2, rows_of(count=3))
        assert model.row(2).n_boxes == 3
        assert told == [("row", 2)]

    def test_forgets_kept_columns(self, model):
        axis = TimeAxis.showing_all(N_FRAMES, 10)
        model.columns(1, axis)
        model.load(1, empty_rows(0))
        assert np.isnan(model.columns(1, axis).low).all()

    def test_an_unknown_target_is_left_out(self, model, told, rows_of):
        model.load(7, rows_of())
        assert told == []


class TestPutRows:
    def test_changed_frames_are_told(self, model, told, rows_of):
        model.put_rows(1, 5, empty_rows(1))
        model.put_rows(1, 12, rows_of(count=3))
        assert told == [("frames", 1, 5, 5), ("frames", 1, 9, 14)]

    def test_an_unknown_target_is_left_out(self, model, told, rows_of):
        model.put_rows(7, 5, rows_of())
        assert told == []

    def test_no_rows_and_rows_beyond_the_video_tell_nothing(self, model, told, rows_of):
        model.put_rows(1, 5, empty_rows(0))
        model.put_rows(1, N_FRAMES, rows_of())
        assert told == []

    def test_frame_before_the_first_is_an_error(self, model, rows_of):
        with pytest.raises(FrameIndexError):
            model.put_rows(1, -1, rows_of())

    def test_kept_columns_are_brought_up_to_date(self, model, rows_of):
        axis = TimeAxis.showing_all(N_FRAMES, 10)
        kept = model.columns(1, axis)
        model.put_rows(1, 7, rows_of(score=0.125))
        assert model.columns(1, axis) is kept
        assert kept.low[1] == 0.125

    def test_another_view_has_columns_of_its_own(self, model):
        axis = TimeAxis.showing_all(N_FRAMES, 10)
        kept = model.columns(1, axis)
        closer = model.columns(1, axis.showing(0, 9))
        assert closer is not kept
        assert not np.isnan(closer.low).any()


class TestMarks:
    def test_are_empty_at_first(self, model):
        assert model.cuts == ()
        assert model.stops == ()

    def test_cuts_are_sorted_within_the_video_and_told_once(self, model, told):
        for _ in range(2):
            model.mark_cuts([40, 3, 3, -1, N_FRAMES])
        assert model.cuts == (3, 40)
        assert told == ["layout"]

    def test_stops_keep_their_order_and_are_told_once(self, model, told):
        worst, next_worst = StopMark(30, 1), StopMark(4, None)
        for _ in range(2):
            model.mark_stops([worst, StopMark(99, 1), next_worst])
        assert model.stops == (worst, next_worst)
        assert told == ["layout"]

    def test_another_video_has_none(self, model):
        model.mark_cuts([3])
        model.mark_stops([StopMark(4)])
        model.reset(10)
        assert (model.cuts, model.stops, model.rows) == ((), (), [])

    def test_of_all_targets_are_known(self, model, rows_of):
        assert model.all_marks == Mark.MACHINE
        model.put_rows(2, 30, rows_of(Origin.INTERPOLATED))
        assert model.all_marks == Mark.MACHINE | Mark.INTERPOLATED


def test_frame_on_the_screen_is_told_once(model, told):
    model.show_frame(8)
    model.show_frame(8)
    assert told == [("frame", 8)]
