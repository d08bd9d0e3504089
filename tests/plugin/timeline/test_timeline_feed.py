"""The timeline follows the controller, with a fake tracker and no Qt."""

from __future__ import annotations

import pytest

from fcot_engine.annotation import Editor
from napari_fcot.timeline import TimelineFeed, TimelineModel
from napari_fcot.timeline.target_row import Mark
from napari_fcot.tracking import TrackingController


@pytest.fixture
def controller(tracker):
    return TrackingController(lambda: tracker)


@pytest.fixture
def model():
    return TimelineModel()


@pytest.fixture
def feed(controller, model, frames, helpers):
    helpers.open_frames(controller, frames)
    controller.edits.add_target()
    feed = TimelineFeed(controller, model)
    yield feed
    feed.close()


def test_video_that_is_there_already_is_shown(feed, model, frames):
    assert model.n_frames == len(frames)
    assert [row.target_id for row in model.rows] == [1]
    assert model.selected_id == 1


def test_drawn_box_is_a_human_mark(feed, model, controller, helpers):
    controller.edits.draw_box(helpers.square_box(0), frame_index=0)
    assert model.row(1).mark_at(0) == Mark.HUMAN


def test_tracked_frames_come_one_by_one(feed, model, controller, helpers):
    controller.edits.draw_box(helpers.square_box(0), frame_index=0)
    told = []
    model.boxes_changed.connect(lambda *frames: told.append(frames))
    helpers.run_jobs(controller, controller.runs.start_tracking)
    assert told == [(1, frame - 1, frame) for frame in range(1, 12)]
    assert model.row(1).scores[5] == pytest.approx(0.9)


def test_correction_and_removal_are_shown(feed, model, controller, helpers):
    controller.edits.draw_box(helpers.square_box(0), frame_index=0)
    helpers.run_jobs(controller, controller.runs.start_tracking)
    controller.runs.teaches_at_once = False
    controller.edits.draw_box(helpers.square_box(3), frame_index=3)
    assert model.row(1).mark_at(3) == Mark.HUMAN | Mark.CORRECTED
    controller.edits.delete_box(1, 3)
    assert model.row(1).mark_at(3) == Mark.NONE


def test_new_target_has_a_row_and_is_selected(feed, model, controller, helpers):
    controller.edits.draw_box(helpers.square_box(0), frame_index=0)
    controller.edits.add_target()
    assert [row.name for row in model.rows] == ["object 1", "object 2"]
    assert model.selected_id == 2


def test_frame_on_the_screen_is_followed(feed, model, controller):
    controller.state.show_frame(7)
    assert model.frame_index == 7


def test_another_video_starts_anew(feed, model, controller, helpers):
    controller.edits.draw_box(helpers.square_box(0), frame_index=0)
    helpers.open_frames(controller, helpers.make_frames(5))
    assert model.n_frames == 5
    assert model.rows == []


def test_no_video_is_empty(feed, model, controller):
    controller.open_session(None)
    assert model.n_frames == 0
    assert model.rows == []


def test_closed_it_follows_no_more(feed, model, controller, helpers):
    feed.close()
    controller.edits.draw_box(helpers.square_box(0), frame_index=0)
    assert model.row(1).n_boxes == 0


def test_undo_and_redo_are_shown(feed, model, controller, helpers):
    controller.edits.draw_box(helpers.square_box(0), frame_index=0)
    helpers.run_jobs(controller, controller.runs.start_tracking)
    controller.undo()
    assert model.row(1).n_boxes == 1
    controller.redo()
    assert model.row(1).n_boxes == 12


def test_a_target_that_comes_back_has_its_boxes(feed, model, controller, helpers):
    controller.edits.draw_box(helpers.square_box(0), frame_index=0)
    helpers.run_jobs(controller, controller.runs.start_tracking)
    controller.edits.do(Editor.remove_target, 1)
    assert model.rows == []
    controller.undo()
    assert model.row(1).n_boxes == 12


def test_stops_are_marked_with_their_reasons(feed, model, controller, helpers):
    controller.edits.draw_box(helpers.square_box(0), frame_index=0)
    helpers.run_jobs(controller, controller.runs.start_tracking)
    controller.edits.delete_box(1, 5)
    controller.work.refresh()
    (stop,) = model.stops
    assert (stop.frame_index, stop.target_id) == (5, 1)
    assert "object 1" in stop.text
