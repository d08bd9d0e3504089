"""Rows, marks and what is told about them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fcot_engine.annotation import Origin, Span, SpanKind, empty_rows
from napari_fcot.timeline import StopMark, TargetLine, TimelineModel
from napari_fcot.timeline.target_row import Mark
from napari_fcot.timeline.timeline_model import describe_range

N_FRAMES = 50
LINES = (TargetLine(1, "cup"), TargetLine(2, "saucer"))


@pytest.fixture
def model(rows_of):
    model = TimelineModel()
    model.reset(N_FRAMES)
    model.show_targets(LINES, 1)
    for line in LINES:
        model.load(line.target_id, rows_of(count=10))
    return model


@pytest.fixture
def told(model):
    """What the model has told since."""
    told = []
    model.boxes_changed.connect(lambda *frames: told.append(("frames", *frames)))
    model.layout_changed.connect(lambda: told.append("layout"))
    model.frame_changed.connect(lambda frame: told.append(("frame", frame)))
    return told


class TestTargets:
    def test_have_a_row_each_in_their_order(self, model):
        assert [(row.target_id, row.name) for row in model.rows] == [
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
        assert [row.target_id for row in model.rows] == [2]
        model.show_targets(LINES, 2)
        assert model.row(1).n_boxes == 0


class TestLoad:
    def test_is_told(self, model, told, rows_of):
        model.load(2, rows_of(count=3))
        assert model.row(2).n_boxes == 3
        assert told == [("frames", 2, 0, N_FRAMES - 1)]

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
        worst, next_worst = StopMark(30, 1), StopMark(4, 2)
        for _ in range(2):
            model.mark_stops([worst, StopMark(99, 1), next_worst])
        assert model.stops == (worst, next_worst)
        assert told == ["layout"]

    def test_another_video_has_none(self, model):
        model.mark_cuts([3])
        model.mark_stops([StopMark(4, 1)])
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


class TestWords:
    """One target in one frame, and some selected frames."""

    @pytest.fixture
    def row(self, model):
        spans = (Span(26, 26, SpanKind.OCCLUDED), Span(27, 27, SpanKind.OUT_OF_VIEW))
        line = TargetLine(1, "cup", spans=spans, end_frame=28)
        model.show_targets([line, LINES[1]], 1)
        return model.row(1)

    @pytest.mark.parametrize(
        ("origin", "is_lost", "words"),
        [
            pytest.param(Origin.NONE, False, "no box", id="none"),
            pytest.param(Origin.HUMAN, False, "drawn by you", id="human"),
            pytest.param(Origin.CORRECTED, False, "corrected by you", id="corrected"),
            pytest.param(Origin.TRACKED, False, "tracked, score 0.25", id="tracked"),
            pytest.param(Origin.TRACKED, True, "lost, score 0.25", id="lost"),
            pytest.param(Origin.INTERPOLATED, False, "interpolated", id="even"),
            pytest.param(Origin.IMPORTED, False, "imported, score 0.25", id="imported"),
        ],
    )
    def test_origin_and_score(self, model, row, rows_of, origin, is_lost, words):
        row.put(4, rows_of(origin, 0.25, is_lost=is_lost))
        assert model.describe_frame(4, row) == f"Frame 4 · cup: {words}"

    @pytest.mark.parametrize(
        ("frame", "words"),
        [
            pytest.param(26, "no box · occluded", id="occluded"),
            pytest.param(27, "out of view", id="out_of_view"),
            pytest.param(29, "behind its end", id="ended"),
        ],
    )
    def test_what_a_person_said_is_repeated(self, model, row, frame, words):
        assert model.describe_frame(frame, row) == f"Frame {frame} · cup: {words}"

    def test_box_of_an_occluded_target_is_described_too(self, model, row, rows_of):
        row.put(26, rows_of(score=0.25))
        text = model.describe_frame(26, row)
        assert text.endswith("tracked, score 0.25 · occluded")

    def test_ruler_has_just_the_frame(self, model):
        assert model.describe_frame(4) == "Frame 4"

    def test_stop_of_the_target_says_why(self, model, row):
        model.mark_stops([StopMark(34, 1, "second peak"), StopMark(34, 2, "another")])
        text = model.describe_frame(34, row)
        assert text.endswith("behind its end · worth a look (second peak)")

    def test_range_is_counted(self):
        assert describe_range((5, 5)) == "Frames 5 to 5 selected (1)"
        assert describe_range((5, 9), "cup") == "Frames 5 to 9 of cup selected (5)"


class TestFrameMeant:
    """A click on a pixel that stands for many frames means the one worth seeing."""

    @pytest.fixture
    def model(self, rows_of):
        """A thousand frames, ten a pixel."""
        model = TimelineModel()
        model.reset(1000)
        model.show_targets(LINES, 1)
        model.load(1, rows_of(score=0.8, count=1000))
        return model

    @pytest.fixture
    def row(self, model):
        return model.row(1)

    def test_zoomed_in_it_is_the_frame_itself(self, model, row, rows_of):
        row.put(503, rows_of(Origin.HUMAN))
        assert model.frame_meant(504.4, 0.5, row) == 504

    def test_ruler_takes_the_click_as_it_is(self, model):
        assert model.frame_meant(505.0, 10) == 505

    @pytest.mark.parametrize(
        ("at", "frame"), [pytest.param(-9, 0, id="before"), pytest.param(1e4, 999)]
    )
    def test_out_of_the_video_is_its_end(self, model, row, at, frame):
        assert model.frame_meant(at, 10) == frame

    def test_human_box_nearby_is_meant(self, model, row, rows_of):
        row.put(538, rows_of(Origin.HUMAN))
        row.put(441, rows_of(Origin.HUMAN))
        assert model.frame_meant(500.0, 10, row) == 538

    def test_human_box_out_of_reach_is_not_meant(self, model, row, rows_of):
        row.put(560, rows_of(Origin.HUMAN))
        row.put(507, rows_of(score=0.2))
        assert model.frame_meant(500.0, 10, row) == 507

    def test_stop_comes_before_a_human_box(self, model, row, rows_of):
        row.put(505, rows_of(Origin.HUMAN))
        model.mark_stops([StopMark(501, 2), StopMark(520, 1)])
        assert model.frame_meant(500.0, 10, row) == 520

    def test_lost_frame_comes_before_the_lowest_score(self, model, row, rows_of):
        row.put(502, rows_of(score=0.1))
        row.put(508, rows_of(score=0.3, is_lost=True))
        assert model.frame_meant(500.0, 10, row) == 508

    def test_neighbouring_pixels_are_not_meant(self, model, row, rows_of):
        row.put(499, rows_of(score=0.1))
        row.put(510, rows_of(score=0.1))
        row.put(503, rows_of(score=0.5))
        assert model.frame_meant(500.0, 10, row) == 503

    def test_empty_row_takes_the_click_as_it_is(self, model):
        assert model.frame_meant(505.0, 10, model.row(2)) == 505
