"""What the panel can do, without Qt and without napari."""

from __future__ import annotations

import json

import pytest

from fcot_engine.errors import FcotError
from fcot_engine.io import ArrayFrames
from fcot_engine.session.track_store import BoxOrigin
from napari_fcot.tracking import Activity, TrackingController, VideoSession
from napari_fcot.tracking.status_text import describe_box, describe_status

LAST = 11


@pytest.fixture
def controller(frames, tracker):
    controller = TrackingController(lambda: tracker)
    controller.open_session(VideoSession(ArrayFrames(frames)))
    return controller


@pytest.fixture
def problems(controller):
    sentences = []
    controller.failed.connect(sentences.append)
    return sentences


@pytest.fixture
def box_drawn(controller, helpers):
    controller.set_box(helpers.square_box(0), frame_index=0)
    return controller


def boxes_of(controller) -> list[int]:
    return [box.frame_index for box in controller.selected]


class TestDrawing:
    def test_a_drawn_box_is_human(self, box_drawn):
        assert box_drawn.current_box.origin is BoxOrigin.HUMAN

    def test_a_box_over_the_border_is_cut(self, controller):
        controller.set_box((-5.0, 10.0, 20.0, 20.0), frame_index=0)
        assert controller.current_box.box_xywh == (0.0, 10.0, 15.0, 20.0)

    def test_a_click_without_a_drag_is_no_box_and_no_dialog(self, controller, problems):
        assert not controller.set_box((5.0, 5.0, 0.4, 0.4), frame_index=0)
        assert controller.current_box is None
        assert "press and drag" in controller.message
        assert problems == []

    def test_a_box_outside_of_the_frame_is_said_and_changes_nothing(
        self, box_drawn, problems
    ):
        before = box_drawn.current_box
        box_drawn.set_box((500.0, 500.0, 20.0, 20.0), frame_index=0)
        assert box_drawn.current_box is before
        assert len(problems) == 1
        assert "outside the frame of 120x80" in problems[0]

    def test_moving_a_drawn_box_leaves_it_drawn(self, box_drawn):
        box_drawn.set_box((30.0, 30.0, 16.0, 16.0), frame_index=0)
        assert box_drawn.current_box.origin is BoxOrigin.HUMAN

    def test_moving_a_tracked_box_corrects_it(self, box_drawn, helpers):
        helpers.run_job(box_drawn, box_drawn.start_tracking())
        box_drawn.set_box((30.0, 30.0, 16.0, 16.0), frame_index=5)
        assert box_drawn.selected.get(5).origin is BoxOrigin.CORRECTED

    def test_deleting_takes_one_box_only(self, box_drawn, helpers):
        helpers.run_job(box_drawn, box_drawn.start_tracking())
        box_drawn.remove_box(track_id=1, frame_index=5)
        assert boxes_of(box_drawn) == [i for i in range(LAST + 1) if i != 5]

    def test_without_a_video_nothing_is_drawn(self):
        controller = TrackingController()
        assert not controller.set_box((1.0, 1.0, 9.0, 9.0), frame_index=0)


class TestTargets:
    def test_a_video_starts_with_one_target(self, controller):
        assert [track.track_id for track in controller.targets] == [1]

    def test_a_new_target_is_selected(self, box_drawn):
        box_drawn.add_target()
        assert box_drawn.selected.track_id == 2
        assert box_drawn.current_box is None

    def test_an_empty_target_is_used_before_another_is_made(self, controller):
        controller.add_target()
        controller.add_target()
        assert len(controller.targets) == 1

    def test_targets_have_a_name_for_exports(self, controller):
        controller.rename(1, "  cup ")
        assert controller.selected.label == "cup"

    def test_an_empty_name_is_no_name(self, controller):
        controller.rename(1, "  ")
        assert controller.selected.label == "object"

    def test_each_target_is_tracked_by_its_own_tracker(self, box_drawn, helpers):
        made = []
        controller = TrackingController(lambda: made.append(1) or helpers.FakeTracker())
        controller.open_session(box_drawn.session)
        helpers.run_job(controller, controller.start_tracking())
        controller.add_target()
        controller.set_box(helpers.square_box(0), frame_index=0)
        helpers.run_job(controller, controller.start_tracking())
        assert len(made) == 2
        assert [len(track) for track in controller.targets] == [12, 12]


class TestTracking:
    def test_cannot_start_without_a_box(self, controller):
        assert not controller.can_track
        assert controller.start_tracking() is None

    def test_cannot_start_in_the_last_frame(self, controller, helpers):
        controller.show_frame(LAST)
        controller.set_box(helpers.square_box(LAST), frame_index=LAST)
        assert not controller.can_track

    def test_follows_the_object_to_the_end(self, box_drawn, helpers):
        helpers.run_job(box_drawn, box_drawn.start_tracking())
        found = [box.box_xywh for box in box_drawn.selected]
        assert found == [helpers.square_box(index) for index in range(LAST + 1)]
        assert box_drawn.activity is Activity.IDLE
        assert "to the end" in box_drawn.message

    def test_starts_from_the_frame_on_the_screen(self, controller, tracker, helpers):
        controller.show_frame(7)
        controller.set_box(helpers.square_box(7), frame_index=7)
        helpers.run_job(controller, controller.start_tracking())
        assert boxes_of(controller) == [7, 8, 9, 10, 11]
        assert tracker.calls[:2] == [
            ("init", helpers.square_box(7)),
            ("place", helpers.square_box(7)),
        ]

    def test_goes_on_from_a_correction(self, box_drawn, tracker, helpers):
        helpers.run_job(box_drawn, box_drawn.start_tracking())
        corrected = (30.0, 30.0, 20.0, 20.0)
        box_drawn.show_frame(6)
        box_drawn.set_box(corrected, frame_index=6)
        n_calls = len(tracker.calls)
        helpers.run_job(box_drawn, box_drawn.start_tracking())
        assert tracker.calls[n_calls : n_calls + 2] == [
            ("correct", corrected),
            ("place", corrected),
        ]
        assert box_drawn.selected.get(7).box_xywh[2:] == (20.0, 20.0)

    def test_human_boxes_are_never_overwritten(self, box_drawn, helpers):
        drawn = (3.0, 3.0, 10.0, 10.0)
        box_drawn.set_box(drawn, frame_index=4)
        helpers.run_job(box_drawn, box_drawn.start_tracking())
        assert box_drawn.selected.get(4).box_xywh == drawn
        assert box_drawn.selected.get(4).origin is BoxOrigin.HUMAN

    def test_score_maps_are_kept_for_tracked_frames(self, box_drawn, helpers):
        helpers.run_job(box_drawn, box_drawn.start_tracking())
        scores = box_drawn.session.scores_of(box_drawn.selected)
        assert scores.get(0) is None
        assert scores.get(5) is not None

    def test_progress_counts_the_frames(self, box_drawn, helpers):
        helpers.run_job(box_drawn, box_drawn.start_tracking(), limit=5)
        assert box_drawn.progress.total == LAST
        assert box_drawn.progress.done == len(boxes_of(box_drawn)) - 1

    def test_first_tracker_is_the_prepared_one(self, controller, tracker, helpers):
        made = []
        controller = TrackingController(lambda: made.append(1) or tracker)
        controller.open_session(VideoSession(ArrayFrames(helpers.make_frames())))
        helpers.run_job(controller, controller.prepare())
        controller.set_box(helpers.square_box(0), frame_index=0)
        helpers.run_job(controller, controller.start_tracking())
        assert len(made) == 1
        assert controller.prepare() is None


class TestStop:
    def test_nothing_is_taken_after_stop(self, box_drawn):
        job = box_drawn.start_tracking()
        events = job.run()
        for _ in range(6):
            box_drawn.accept(job, next(events))
        before = boxes_of(box_drawn)
        late = next(events)  # was under way when the person clicked
        box_drawn.stop()
        box_drawn.accept(job, late)
        assert boxes_of(box_drawn) == before
        assert box_drawn.activity is Activity.IDLE

    def test_worker_ends_before_its_next_frame(self, box_drawn, tracker):
        job = box_drawn.start_tracking()
        events = job.run()
        for _ in range(6):
            next(events)
        n_calls = len(tracker.calls)
        box_drawn.stop()
        assert list(events) == []
        assert len(tracker.calls) == n_calls

    def test_end_of_a_stopped_job_does_not_end_the_next(self, box_drawn):
        first = box_drawn.start_tracking()
        box_drawn.stop()
        second = box_drawn.start_tracking()
        box_drawn.finish(first)
        assert box_drawn.activity is Activity.TRACKING
        assert second is not None

    def test_going_on_after_stop_fills_the_rest(self, box_drawn, helpers):
        helpers.run_job(box_drawn, box_drawn.start_tracking(), limit=6)
        box_drawn.stop()
        last = boxes_of(box_drawn)[-1]
        box_drawn.show_frame(last)
        helpers.run_job(box_drawn, box_drawn.start_tracking())
        assert boxes_of(box_drawn) == list(range(LAST + 1))

    def test_an_edit_stops_the_run_and_is_kept(self, box_drawn, helpers):
        helpers.run_job(box_drawn, box_drawn.start_tracking(), limit=6)
        box_drawn.set_box((30.0, 30.0, 16.0, 16.0), frame_index=1)
        assert box_drawn.activity is Activity.IDLE
        assert box_drawn.selected.get(1).origin is BoxOrigin.CORRECTED

    def test_an_edit_of_another_target_lets_the_run_go_on(self, box_drawn, helpers):
        helpers.run_job(box_drawn, box_drawn.start_tracking(), limit=6)
        box_drawn.add_target()
        box_drawn.set_box((30.0, 30.0, 16.0, 16.0), frame_index=0)
        assert box_drawn.activity is Activity.TRACKING

    def test_another_video_stops_the_run(self, box_drawn, helpers):
        helpers.run_job(box_drawn, box_drawn.start_tracking(), limit=6)
        box_drawn.open_session(None)
        assert box_drawn.activity is Activity.IDLE


class TestErrors:
    def test_tracker_error_keeps_the_boxes_so_far(
        self, box_drawn, tracker, problems, helpers
    ):
        tracker.fail_after = 3
        helpers.run_job(box_drawn, box_drawn.start_tracking())
        assert boxes_of(box_drawn) == [0, 1, 2, 3]
        (sentence,) = problems
        assert sentence == (
            "The tracker has lost its mind. Try again. "
            "The 3 frames tracked before are kept."
        )
        assert box_drawn.activity is Activity.IDLE

    def test_unforeseen_error_is_one_sentence(
        self, box_drawn, tracker, problems, helpers
    ):
        tracker.fail_after, tracker.error = 0, RuntimeError("CUDA out of memory")
        helpers.run_job(box_drawn, box_drawn.start_tracking())
        assert problems == [
            "Something unexpected went wrong (RuntimeError: CUDA out of memory)."
        ]

    def test_unreadable_frame_keeps_the_boxes_so_far(
        self, frames, tracker, problems, controller, helpers
    ):
        class Broken(ArrayFrames):
            def read(self, index):
                if index == 4:
                    raise FcotError("Frame 4 cannot be decoded.")
                return super().read(index)

        controller.open_session(VideoSession(Broken(frames)))
        controller.set_box(helpers.square_box(0), frame_index=0)
        helpers.run_job(controller, controller.start_tracking())
        assert boxes_of(controller) == [0, 1, 2, 3]
        assert problems[0].startswith("Frame 4 cannot be decoded.")

    def test_network_that_cannot_be_loaded_is_said_when_it_is_needed(
        self, frames, helpers
    ):
        def make_tracker():
            raise FcotError("The weights file is damaged.")

        controller, problems = TrackingController(make_tracker), []
        controller.failed.connect(problems.append)
        controller.open_session(VideoSession(ArrayFrames(frames)))
        helpers.run_job(controller, controller.prepare())
        assert problems == []
        assert "weights file is damaged" in describe_status(controller)
        controller.set_box(helpers.square_box(0), frame_index=0)
        helpers.run_job(controller, controller.start_tracking())
        assert problems == ["The weights file is damaged."]


class TestExport:
    def test_needs_boxes(self, controller, tmp_path):
        assert not controller.can_export
        assert controller.start_export(tmp_path, formats=("mot",)) is None

    def test_without_a_format_says_so(self, box_drawn, problems, tmp_path):
        assert box_drawn.start_export(tmp_path, formats=()) is None
        assert "choose MOT, COCO or both" in problems[0]

    def test_writes_every_format(self, box_drawn, helpers, tmp_path):
        helpers.run_job(box_drawn, box_drawn.start_tracking())
        helpers.run_job(
            box_drawn, box_drawn.start_export(tmp_path, formats=("mot", "coco"))
        )
        suffixes = {path.suffix for path in tmp_path.rglob("*") if path.is_file()}
        assert {".txt", ".json"} <= suffixes
        assert box_drawn.message.startswith("Exported to ")
        assert box_drawn.activity is Activity.IDLE

    def test_folder_that_cannot_be_written_is_one_sentence(
        self, box_drawn, helpers, problems, tmp_path
    ):
        blocked = tmp_path / "file"
        blocked.write_text("a file where a folder should be")
        helpers.run_job(box_drawn, box_drawn.start_export(blocked, formats=("mot",)))
        assert len(problems) == 1
        assert "Something unexpected" not in problems[0]
        assert box_drawn.can_export

    def test_edits_while_it_writes_do_not_reach_the_file(
        self, box_drawn, helpers, tmp_path
    ):
        job = box_drawn.start_export(tmp_path, formats=("coco",))
        box_drawn.set_box((40.0, 30.0, 20.0, 20.0), frame_index=3)
        helpers.run_job(box_drawn, job)
        (path,) = tmp_path.rglob("*.json")
        assert len(json.loads(path.read_text())["annotations"]) == 1

    def test_waits_for_a_run_to_end(self, box_drawn):
        box_drawn.start_tracking()
        assert not box_drawn.can_export


class TestStatus:
    def test_says_what_to_do_first(self):
        assert "Choose a video" in describe_status(TrackingController())

    def test_asks_for_a_box(self, controller):
        assert "Draw a box around the object in frame 0" in describe_status(controller)

    def test_says_the_frame_and_device_while_tracking(self, box_drawn, helpers):
        helpers.run_job(box_drawn, box_drawn.start_tracking(), limit=6)
        n_done = box_drawn.progress.done
        assert describe_status(box_drawn) == (
            f"Tracking target 1: frame {n_done} of 11\nDevice: a fake (0 threads)"
        )

    def test_says_what_is_learned(self, box_drawn, helpers):
        helpers.run_job(box_drawn, box_drawn.start_tracking(), limit=3)
        assert "Learning the box of frame 0…" in describe_status(box_drawn)

    def test_one_frame_is_not_enough(self, frames):
        controller = TrackingController()
        controller.open_session(VideoSession(ArrayFrames(frames[:1])))
        assert "one frame only" in describe_status(controller)

    def test_box_of_the_frame_is_described(self, box_drawn, helpers):
        helpers.run_job(box_drawn, box_drawn.start_tracking())
        track = box_drawn.selected
        assert describe_box(None) == "no box"
        assert describe_box(track.get(0)) == "drawn by you"
        assert describe_box(track.get(1)) == "tracked, score 0.90"
