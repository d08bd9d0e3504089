"""Rows, marks and what is told about them."""

from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.session.track_store import BoxOrigin, TrackBox, TrackStore
from napari_fcot.timeline import StopMark, TimelineModel
from napari_fcot.timeline.time_axis import TimeAxis

N_FRAMES = 50


def box_of(frame_index, score=0.5):
    return TrackBox(frame_index, (1.0, 2.0, 3.0, 4.0), BoxOrigin.TRACKED, score)


@pytest.fixture
def store():
    store = TrackStore()
    for label in ("cup", "saucer"):
        track = store.add_track(label)
        for frame in range(10):
            track.put(box_of(frame))
    return store


@pytest.fixture
def model(store):
    model = TimelineModel()
    model.reset(N_FRAMES)
    model.show_targets(list(store), 1)
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
    def test_come_with_their_boxes(self, model):
        assert [(row.track_id, row.label, row.n_boxes) for row in model.rows] == [
            (1, "cup", 10),
            (2, "saucer", 10),
        ]

    def test_nothing_new_tells_nothing(self, model, store, told):
        model.show_targets(list(store), 1)
        assert told == []

    def test_new_name_is_told(self, model, store, told):
        store[2].label = "plate"
        model.show_targets(list(store), 1)
        assert model.row(2).label == "plate"
        assert told == ["layout"]

    def test_another_selected_target_is_told(self, model, store, told):
        model.show_targets(list(store), 2)
        assert model.selected_id == 2
        assert told == ["layout"]

    def test_a_target_that_went_has_no_row(self, model, store):
        model.show_targets([store[2]], 2)
        assert [row.track_id for row in model.rows] == [2]

    def test_boxes_that_nobody_told_of_are_noticed(self, model, store, told):
        store[1].put(box_of(30))
        model.show_targets(list(store), 1)
        assert model.row(1).n_boxes == 11
        assert told == [("row", 1)]

    def test_boxes_after_the_end_of_the_video_are_loaded_once(self, model, store, told):
        store[1].put(box_of(N_FRAMES + 5))
        for _ in range(2):
            model.show_targets(list(store), 1)
        assert model.row(1).n_boxes == 10
        assert told == [("row", 1)]


class TestPut:
    def test_changed_frames_are_told(self, model, told):
        model.put(1, 5, None)
        model.put(1, 12, box_of(12))
        assert told == [("frames", 1, 5, 5), ("frames", 1, 9, 12)]

    def test_an_unknown_target_is_left_out(self, model, told):
        model.put(7, 5, box_of(5))
        assert told == []

    def test_kept_columns_are_brought_up_to_date(self, model):
        axis = TimeAxis.showing_all(N_FRAMES, 10)
        kept = model.columns(1, axis)
        model.put(1, 7, box_of(7, score=0.125))
        assert model.columns(1, axis) is kept
        assert kept.low[1] == 0.125

    def test_another_view_has_columns_of_its_own(self, model):
        axis = TimeAxis.showing_all(N_FRAMES, 10)
        kept = model.columns(1, axis)
        closer = model.columns(1, axis.showing(0, 9))
        assert closer is not kept
        assert not np.isnan(closer.low).any()

    def test_loading_forgets_kept_columns(self, model):
        axis = TimeAxis.showing_all(N_FRAMES, 10)
        model.columns(1, axis)
        model.load(1, [])
        assert np.isnan(model.columns(1, axis).low).all()


class TestMarks:
    def test_are_empty_at_first(self, model):
        assert model.cuts == ()
        assert model.stops == ()

    def test_cuts_are_sorted_and_within_the_video(self, model, told):
        model.mark_cuts([40, 3, 3, -1, N_FRAMES])
        assert model.cuts == (3, 40)
        assert told == ["layout"]

    def test_stops_keep_their_order_and_lie_within_the_video(self, model):
        worst, next_worst = StopMark(30, 1), StopMark(4, None)
        model.mark_stops([worst, StopMark(99, 1), next_worst])
        assert model.stops == (worst, next_worst)

    def test_another_video_has_none(self, model):
        model.mark_cuts([3])
        model.mark_stops([StopMark(4)])
        model.reset(10)
        assert (model.cuts, model.stops, model.rows) == ((), (), [])


def test_frame_on_the_screen_is_told_once(model, told):
    model.show_frame(8)
    model.show_frame(8)
    assert told == [("frame", 8)]
