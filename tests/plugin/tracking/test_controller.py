"""What the panel can do, without Qt and without napari."""

from __future__ import annotations

import json

import pytest

from fcot_engine.annotation import Direction, Editor, Origin, SpanKind, Until
from fcot_engine.errors import FcotError
from fcot_engine.video import ArrayFrames
from napari_fcot.tracking import (
    Activity,
    TrackingController,
    describe_box,
    describe_status,
)

LAST = 11
OFF = (30.0, 30.0, 20.0, 20.0)


@pytest.fixture
def controller(frames, tracker, helpers):
    controller = TrackingController(lambda: tracker)
    helpers.open_frames(controller, frames)
    yield controller
    controller.open_session(None)


@pytest.fixture
def problems(controller):
    sentences = []
    controller.state.failed.connect(sentences.append)
    return sentences


@pytest.fixture
def box_drawn(controller, helpers):
    controller.edits.draw_box(helpers.square_box(0), frame_index=0)
    return controller


@pytest.fixture
def tracked(box_drawn, helpers):
    helpers.run_jobs(box_drawn, box_drawn.runs.start_tracking)
    return box_drawn


def boxes_of(controller) -> list[int]:
    return [box.frame_index for box in controller.state.selected.boxes]


def box_at(controller, frame_index):
    return controller.state.selected.boxes.get(frame_index)


class TestDrawing:
    def test_a_drawn_box_is_human(self, box_drawn):
        assert box_drawn.state.current_box.origin is Origin.HUMAN

    def test_a_box_a_little_over_the_border_is_cut(self, controller):
        controller.edits.draw_box((-1.0, 10.0, 20.0, 20.0), frame_index=0)
        assert controller.state.current_box.box_xywh == (0.0, 10.0, 19.0, 20.0)

    def test_a_click_without_a_drag_is_no_box_and_no_dialog(self, controller, problems):
        assert not controller.edits.draw_box((5.0, 5.0, 0.4, 0.4), frame_index=0)
        assert controller.state.current_box is None
        assert "press and drag" in controller.state.message
        assert problems == []

    def test_a_box_outside_of_the_frame_is_said_and_changes_nothing(
        self, box_drawn, problems
    ):
        before = box_drawn.state.current_box
        box_drawn.edits.draw_box((500.0, 500.0, 20.0, 20.0), frame_index=0)
        assert box_drawn.state.current_box == before
        assert "beside the picture" in box_drawn.state.message
        assert problems == []

    def test_moving_a_drawn_box_leaves_it_drawn(self, box_drawn):
        box_drawn.edits.draw_box((30.0, 30.0, 16.0, 16.0), frame_index=0)
        assert box_drawn.state.current_box.origin is Origin.HUMAN

    def test_moving_a_tracked_box_corrects_it(self, tracked):
        tracked.runs.teaches_at_once = False
        tracked.edits.draw_box(OFF, frame_index=5)
        assert box_at(tracked, 5).origin is Origin.CORRECTED

    def test_deleting_takes_one_box_only(self, tracked):
        tracked.edits.delete_box(1, 5)
        assert boxes_of(tracked) == [i for i in range(LAST + 1) if i != 5]

    def test_without_a_video_nothing_is_drawn(self):
        assert not TrackingController().edits.draw_box(
            (1.0, 1.0, 9.0, 9.0), frame_index=0
        )

    def test_a_frame_that_changes_is_told_once(self, box_drawn):
        told = []
        box_drawn.state.frames_changed.connect(lambda *frames: told.append(frames))
        box_drawn.edits.draw_box(OFF, frame_index=3)
        assert told == [(1, 3, 3)]


class TestTargets:
    def test_the_first_box_makes_the_first_target(self, controller, helpers):
        assert controller.state.targets == []
        controller.edits.draw_box(helpers.square_box(0), frame_index=0)
        assert [target.target_id for target in controller.state.targets] == [1]
        assert controller.state.selected_id == 1

    def test_a_new_target_is_selected(self, box_drawn):
        box_drawn.edits.add_target()
        assert box_drawn.state.selected_id == 2
        assert box_drawn.state.current_box is None

    def test_an_empty_target_is_used_before_another_is_made(self, controller):
        controller.edits.add_target()
        controller.edits.add_target()
        assert len(controller.state.targets) == 1

    def test_a_new_target_is_of_the_kind_of_the_last_one(self, box_drawn):
        box_drawn.edits.describe_target(1, class_name="cup")
        box_drawn.edits.add_target()
        assert box_drawn.state.selected.info.class_name == "cup"

    def test_names_are_trimmed(self, box_drawn):
        box_drawn.edits.describe_target(1, name="  cup ")
        assert box_drawn.state.selected.info.name == "cup"

    def test_an_empty_name_is_refused(self, box_drawn, problems):
        before = box_drawn.state.selected.info.name
        box_drawn.edits.describe_target(1, name="  ")
        assert box_drawn.state.selected.info.name == before
        assert len(problems) == 1

    def test_a_removed_target_is_no_longer_selected(self, box_drawn):
        box_drawn.edits.add_target()
        box_drawn.edits.do(Editor.remove_target, 2)
        assert box_drawn.state.selected_id == 1

    def test_all_targets_share_the_tracker_of_a_direction(self, frames, helpers):
        made = []
        controller = TrackingController(lambda: made.append(1) or helpers.FakeTracker())
        helpers.open_frames(controller, frames)
        for _ in range(2):
            controller.edits.add_target()
            controller.edits.draw_box(helpers.square_box(0), frame_index=0)
            helpers.run_jobs(controller, controller.runs.start_tracking)
        assert len(made) == 1
        assert [len(target.boxes) for target in controller.state.targets] == [12, 12]

    def test_a_locked_target_is_left_as_it_is(self, tracked, helpers):
        tracked.state.lock_target(1, True)
        before = box_at(tracked, 5)
        assert not tracked.edits.draw_box(OFF, frame_index=5)
        tracked.edits.delete_box(1, 5)
        assert helpers.run_jobs(tracked, tracked.runs.start_tracking) == []
        assert box_at(tracked, 5) == before
        assert "locked" in tracked.state.message

    def test_spans_and_ends_are_marked(self, tracked):
        tracked.edits.do(Editor.mark_span, 1, 4, 6, SpanKind.OUT_OF_VIEW)
        tracked.edits.do(Editor.end_target, 1, 9)
        assert boxes_of(tracked) == [0, 1, 2, 3, 7, 8, 9]


class TestTracking:
    def test_cannot_start_without_a_box(self, controller, helpers):
        assert not controller.runs.can_track
        assert helpers.run_jobs(controller, controller.runs.start_tracking) == []

    def test_follows_the_object_to_the_end(self, tracked, helpers):
        found = [box.box_xywh for box in tracked.state.selected.boxes]
        assert found == [helpers.square_box(index) for index in range(LAST + 1)]
        assert tracked.runs.activity is Activity.IDLE
        assert tracked.state.message == "Tracked 11 frames"

    def test_starts_from_the_frame_on_the_screen(self, controller, tracker, helpers):
        controller.state.show_frame(7)
        controller.edits.draw_box(helpers.square_box(7), frame_index=7)
        helpers.run_jobs(controller, controller.runs.start_tracking)
        assert boxes_of(controller) == [7, 8, 9, 10, 11]
        assert tracker.calls[:2] == [
            ("init", helpers.square_box(7)),
            ("place", helpers.square_box(7)),
        ]

    def test_goes_both_ways(self, frames, helpers):
        controller = TrackingController(helpers.FakeTracker)
        helpers.open_frames(controller, frames)
        controller.state.show_frame(7)
        controller.edits.draw_box(helpers.square_box(7), frame_index=7)
        helpers.run_jobs(
            controller, lambda: controller.runs.start_tracking(Direction.BOTH)
        )
        assert boxes_of(controller) == list(range(LAST + 1))

    def test_goes_to_the_next_drawn_box(self, box_drawn, helpers):
        box_drawn.edits.draw_box(helpers.square_box(6), frame_index=6)
        helpers.run_jobs(
            box_drawn,
            lambda: box_drawn.runs.start_tracking(until=Until.NEXT_HUMAN),
        )
        assert boxes_of(box_drawn) == list(range(7))

    def test_all_targets_go_on_in_one_pass_of_the_network(
        self, controller, tracker, helpers
    ):
        for _ in range(3):
            controller.edits.add_target()
            controller.edits.draw_box(helpers.square_box(0), frame_index=0)
        helpers.run_jobs(
            controller, lambda: controller.runs.start_tracking(is_for_all=True)
        )
        assert [len(target.boxes) for target in controller.state.targets] == [12] * 3
        assert tracker.calls.count(("track",)) == LAST

    def test_human_boxes_are_never_overwritten(self, box_drawn, helpers):
        drawn = (3.0, 3.0, 10.0, 10.0)
        box_drawn.edits.draw_box(drawn, frame_index=4)
        helpers.run_jobs(box_drawn, box_drawn.runs.start_tracking)
        assert box_at(box_drawn, 4).box_xywh == drawn
        assert box_at(box_drawn, 4).origin is Origin.HUMAN

    def test_score_maps_are_kept_for_tracked_frames(self, tracked):
        maps = tracked.state.session.score_maps
        assert maps.get(1, 0) is None
        assert maps.get(1, 5) is not None

    def test_progress_counts_the_frames(self, box_drawn, helpers):
        helpers.run_jobs(box_drawn, box_drawn.runs.start_tracking, limit=5)
        assert box_drawn.runs.progress.total == LAST
        assert box_drawn.runs.progress.done == len(boxes_of(box_drawn)) - 1

    def test_first_tracker_is_the_prepared_one(self, frames, tracker, helpers):
        made = []
        controller = TrackingController(lambda: made.append(1) or tracker)
        helpers.run_jobs(controller, lambda: helpers.open_frames(controller, frames))
        assert controller.trackers.device_name == "a fake (0 threads)"
        controller.edits.draw_box(helpers.square_box(0), frame_index=0)
        helpers.run_jobs(controller, controller.runs.start_tracking)
        assert len(made) == 1


class TestTeaching:
    def test_a_correction_teaches_and_goes_on_at_once(self, tracked, tracker, helpers):
        n_calls = len(tracker.calls)
        tracked.state.show_frame(6)
        helpers.run_jobs(tracked, lambda: tracked.edits.draw_box(OFF, frame_index=6))
        assert ("correct", OFF) in tracker.calls[n_calls:]
        assert box_at(tracked, 6).box_xywh == OFF
        assert box_at(tracked, 7).box_xywh[2:] == (20.0, 20.0)
        assert tracked.state.message.startswith("Learned from your box")

    def test_what_it_changed_can_be_taken_back_without_the_box(self, tracked, helpers):
        before = box_at(tracked, 7)
        helpers.run_jobs(tracked, lambda: tracked.edits.draw_box(OFF, frame_index=6))
        assert [report.target_id for report in tracked.runs.report] == [1]
        tracked.runs.reject_report()
        assert box_at(tracked, 7) == before
        assert box_at(tracked, 6).box_xywh == OFF
        assert tracked.runs.report == []

    def test_doing_something_else_is_being_content_with_it(self, tracked, helpers):
        helpers.run_jobs(tracked, lambda: tracked.edits.draw_box(OFF, frame_index=6))
        tracked.edits.describe_target(1, name="cup")
        assert tracked.runs.report == []

    def test_a_second_box_before_any_run_teaches_nothing_yet(self, box_drawn, helpers):
        def draw():
            box_drawn.edits.draw_box(helpers.square_box(5), frame_index=5)

        assert helpers.run_jobs(box_drawn, draw) == []

    def test_it_can_be_left_to_the_person(self, tracked, helpers):
        tracked.runs.teaches_at_once = False
        events = helpers.run_jobs(
            tracked, lambda: tracked.edits.draw_box(OFF, frame_index=6)
        )
        assert events == []

    def test_a_correction_in_the_way_of_a_run_needs_no_new_one(
        self, box_drawn, helpers
    ):
        jobs = []
        box_drawn.runs.job_started.connect(jobs.append)
        box_drawn.runs.start_tracking()
        events = jobs[0].run()
        for _ in range(6):
            box_drawn.runs.accept(jobs[0], next(events))
        box_drawn.edits.draw_box(OFF, frame_index=8)
        for event in events:
            box_drawn.runs.accept(jobs[0], event)
        box_drawn.runs.finish(jobs[0])
        assert len(jobs) == 1
        assert box_at(box_drawn, 8).box_xywh == OFF
        assert boxes_of(box_drawn) == list(range(LAST + 1))


class TestUndo:
    def test_a_run_is_one_step(self, tracked):
        tracked.undo()
        assert boxes_of(tracked) == [0]
        tracked.redo()
        assert boxes_of(tracked) == list(range(LAST + 1))

    def test_says_what_was_taken_back(self, tracked):
        tracked.undo()
        assert tracked.state.message.startswith("Taken back: ")

    def test_a_correction_and_what_it_taught_are_one_step(self, tracked, helpers):
        def boxes():
            return [box.box_xywh for box in tracked.state.selected.boxes]

        before = boxes()
        off = (30.0, 30.0, 20.0, 20.0)
        helpers.run_jobs(tracked, lambda: tracked.edits.draw_box(off, frame_index=5))
        after = boxes()
        assert sum(a != b for a, b in zip(before, after, strict=True)) > 1
        tracked.undo()
        assert boxes() == before
        tracked.redo()
        assert boxes() == after

    def test_a_correction_says_where_it_changed_most(self, tracked, helpers):
        before = {box.frame_index: box.box_xywh for box in tracked.state.selected.boxes}
        assert tracked.runs.largest_change() is None
        wide = (*helpers.square_box(5)[:2], 30.0, 16.0)
        helpers.run_jobs(tracked, lambda: tracked.edits.draw_box(wide, frame_index=5))
        (report,) = tracked.runs.report
        target_id, frame = tracked.runs.largest_change()
        assert (target_id, frame) == (1, report.largest_frame)
        for moved, old in zip(report.moved, report.old_xywh, strict=True):
            assert tuple(old) == pytest.approx(before[moved])
        tracked.runs.keep_report()
        assert tracked.runs.largest_change() is None

    def test_a_correction_during_a_run_is_reported_at_its_end(self, tracked, helpers):
        tracked.state.show_frame(0)
        jobs = []
        tracked.runs.job_started.connect(jobs.append)
        tracked.runs.start_tracking()
        (job,) = jobs
        events = job.run()
        for _ in range(3):
            tracked.runs.accept(job, next(events))
        wide = (*helpers.square_box(8)[:2], 30.0, 16.0)
        tracked.edits.draw_box(wide, frame_index=8)
        for event in events:
            tracked.runs.accept(job, event)
        tracked.runs.finish(job)
        assert [one.target_id for one in tracked.runs.report] == [1]

    def test_nothing_to_take_back_is_no_dialog(self, controller, problems):
        controller.undo()
        assert problems == []
        assert not controller.edits.can_undo

    def test_undo_of_the_first_target_leaves_none_selected(self, box_drawn):
        box_drawn.undo()
        box_drawn.undo()
        assert box_drawn.state.selected_id is None
        assert box_drawn.state.targets == []

    def test_works_after_closing_and_opening_again(self, tracked, frames, helpers):
        tracked.open_session(None)
        helpers.open_frames(tracked, frames)
        assert boxes_of(tracked) == list(range(LAST + 1))
        assert "Went on with" in tracked.state.message
        tracked.undo()
        assert boxes_of(tracked) == [0]


class TestProjects:
    def test_looking_at_a_video_writes_nothing(self, controller, project_folder):
        assert list(project_folder.glob("*.fcot")) == []

    def test_the_first_edit_begins_the_project(self, box_drawn, project_folder):
        assert list(project_folder.glob("*.fcot")) == [box_drawn.state.project_path]

    def test_other_frames_have_another_project(self, box_drawn, frames, helpers):
        path = box_drawn.state.project_path
        helpers.open_frames(box_drawn, frames[:, ::-1])
        assert box_drawn.state.project_path != path
        assert box_drawn.state.targets == []


class TestStop:
    def start(self, controller):
        jobs = []
        controller.runs.job_started.connect(jobs.append)
        controller.runs.start_tracking()
        controller.runs.job_started.disconnect(jobs.append)
        return jobs[0]

    def test_nothing_is_taken_after_stop(self, box_drawn):
        job = self.start(box_drawn)
        events = job.run()
        for _ in range(6):
            box_drawn.runs.accept(job, next(events))
        told = []
        box_drawn.state.frames_changed.connect(lambda *frames: told.append(frames))
        late = next(events)  # was under way when the person clicked
        box_drawn.runs.stop()
        box_drawn.runs.accept(job, late)
        assert told == []
        assert box_drawn.runs.activity is Activity.IDLE

    def test_worker_ends_before_its_next_frame(self, box_drawn, tracker):
        job = self.start(box_drawn)
        events = job.run()
        for _ in range(6):
            next(events)
        n_calls = len(tracker.calls)
        box_drawn.runs.stop()
        assert list(events) == []
        assert len(tracker.calls) == n_calls

    def test_end_of_a_stopped_job_does_not_end_the_next(self, box_drawn):
        first = self.start(box_drawn)
        box_drawn.runs.stop()
        self.start(box_drawn)
        box_drawn.runs.finish(first)
        assert box_drawn.runs.activity is Activity.TRACKING

    def test_going_on_after_stop_fills_the_rest(self, box_drawn, helpers):
        helpers.run_jobs(box_drawn, box_drawn.runs.start_tracking, limit=6)
        box_drawn.runs.stop()
        last = boxes_of(box_drawn)[-1]
        box_drawn.state.show_frame(last)
        helpers.run_jobs(box_drawn, box_drawn.runs.start_tracking)
        assert boxes_of(box_drawn) == list(range(LAST + 1))

    def test_an_edit_of_another_target_lets_the_run_go_on(self, box_drawn, helpers):
        helpers.run_jobs(box_drawn, box_drawn.runs.start_tracking, limit=6)
        box_drawn.edits.add_target()
        box_drawn.edits.draw_box((30.0, 30.0, 16.0, 16.0), frame_index=0)
        assert box_drawn.runs.activity is Activity.TRACKING

    def test_another_video_stops_the_run(self, box_drawn, helpers):
        helpers.run_jobs(box_drawn, box_drawn.runs.start_tracking, limit=6)
        box_drawn.open_session(None)
        assert box_drawn.runs.activity is Activity.IDLE


class TestWhereToLook:
    def test_stops_are_those_of_the_session(self, tracked):
        told = []
        tracked.work.changed.connect(lambda: told.append(1))
        tracked.work.refresh()
        assert tracked.work.stops == tracked.state.session.annotation.work_list(20)
        assert told == [1]

    def test_a_frame_passed_over_is_not_offered_again(self, tracked):
        tracked.edits.delete_box(1, 5)
        tracked.work.refresh()
        first = tracked.work.stops[0]
        tracked.work.pass_over(first)
        assert (first.target_id, first.frame_index) not in [
            (stop.target_id, stop.frame_index) for stop in tracked.work.stops
        ]

    def test_quality_is_estimated_from_drawn_boxes(self, tracked, helpers):
        assert not tracked.runs.can_check
        tracked.runs.teaches_at_once = False
        tracked.edits.draw_box(helpers.square_box(6), frame_index=6)
        helpers.run_jobs(tracked, tracked.runs.start_check)
        assert tracked.runs.check.share == 1.0
        assert tracked.runs.activity is Activity.IDLE


class TestErrors:
    def test_tracker_error_keeps_the_boxes_so_far(
        self, box_drawn, tracker, problems, helpers
    ):
        tracker.fail_after = 3
        helpers.run_jobs(box_drawn, box_drawn.runs.start_tracking)
        assert boxes_of(box_drawn) == [0, 1, 2, 3]
        (sentence,) = problems
        assert sentence == (
            "The tracker has lost its mind. Try again. "
            "The 3 frames tracked before are kept."
        )
        assert box_drawn.runs.activity is Activity.IDLE

    def test_unforeseen_error_is_one_sentence(
        self, box_drawn, tracker, problems, helpers
    ):
        tracker.fail_after, tracker.error = 0, RuntimeError("CUDA out of memory")
        helpers.run_jobs(box_drawn, box_drawn.runs.start_tracking)
        assert problems == [
            "Something unexpected went wrong (RuntimeError: CUDA out of memory)."
        ]

    def test_unreadable_frame_keeps_the_boxes_so_far(self, frames, tracker, helpers):
        class Broken(ArrayFrames):
            def read(self, index):
                if index == 4:
                    raise FcotError("Frame 4 cannot be decoded.")
                return super().read(index)

        controller, problems = TrackingController(lambda: tracker), []
        controller.state.failed.connect(problems.append)
        controller.open_session(controller.opener.open_video(Broken(frames), None))
        controller.edits.draw_box(helpers.square_box(0), frame_index=0)
        helpers.run_jobs(controller, controller.runs.start_tracking)
        assert boxes_of(controller) == [0, 1, 2, 3]
        assert problems[0].startswith("Frame 4 cannot be decoded.")

    def test_network_that_cannot_be_loaded_is_said_when_it_is_needed(
        self, frames, helpers
    ):
        def make_tracker():
            raise FcotError("The weights file is damaged.")

        controller, problems = TrackingController(make_tracker), []
        controller.state.failed.connect(problems.append)
        helpers.run_jobs(controller, lambda: helpers.open_frames(controller, frames))
        assert problems == []
        assert "weights file is damaged" in describe_status(controller)
        controller.edits.draw_box(helpers.square_box(0), frame_index=0)
        helpers.run_jobs(controller, controller.runs.start_tracking)
        assert problems == ["The weights file is damaged."]


class TestExport:
    def export(self, helpers, controller, folder, *formats):
        return helpers.run_jobs(
            controller, lambda: controller.runs.start_export(folder, formats=formats)
        )

    def test_needs_boxes(self, controller, helpers, tmp_path):
        assert not controller.runs.can_export
        assert self.export(helpers, controller, tmp_path, "mot") == []

    def test_writes_every_format(self, tracked, helpers, tmp_path):
        folder = tmp_path / "out"
        self.export(helpers, tracked, folder, "mot", "coco")
        suffixes = {path.suffix for path in folder.rglob("*") if path.is_file()}
        assert {".txt", ".json"} <= suffixes
        assert tracked.state.message.startswith("Exported to ")
        assert tracked.runs.activity is Activity.IDLE

    def test_folder_that_cannot_be_written_is_one_sentence(
        self, box_drawn, helpers, problems, tmp_path
    ):
        blocked = tmp_path / "file"
        blocked.write_text("a file where a folder should be")
        self.export(helpers, box_drawn, blocked, "mot")
        assert len(problems) == 1
        assert "Something unexpected" not in problems[0]
        assert box_drawn.runs.can_export

    def test_edits_while_it_writes_do_not_reach_the_file(
        self, box_drawn, helpers, tmp_path
    ):
        folder = tmp_path / "out"

        def export_and_edit():
            box_drawn.runs.start_export(folder, formats=("coco",))
            box_drawn.edits.draw_box((40.0, 30.0, 20.0, 20.0), frame_index=3)

        helpers.run_jobs(box_drawn, export_and_edit)
        (path,) = folder.rglob("*.json")
        assert len(json.loads(path.read_text())["annotations"]) == 1

    def test_waits_for_a_run_to_end(self, box_drawn):
        box_drawn.runs.start_tracking()
        assert not box_drawn.runs.can_export


class TestStatus:
    def test_says_what_to_do_first(self):
        assert "Choose a video" in describe_status(TrackingController())

    def test_asks_for_a_box(self, controller):
        assert "Draw a box around the object in frame 0" in describe_status(controller)

    def test_says_how_far_a_run_is(self, box_drawn, helpers):
        helpers.run_jobs(box_drawn, box_drawn.runs.start_tracking, limit=5)
        assert describe_status(box_drawn).startswith("Tracking… 3/11")

    def test_says_what_is_learned(self, box_drawn, helpers):
        helpers.run_jobs(box_drawn, box_drawn.runs.start_tracking, limit=2)
        assert "Learning the box of object 1 in frame 0…" in describe_status(box_drawn)

    def test_one_frame_is_not_enough(self, frames, helpers):
        controller = TrackingController()
        helpers.open_frames(controller, frames[:1])
        assert "one frame only" in describe_status(controller)

    def test_box_of_the_frame_is_described(self, tracked):
        boxes = tracked.state.selected.boxes
        assert describe_box(None) == "no box"
        assert describe_box(boxes.get(0)) == "drawn by you"
        assert describe_box(boxes.get(1)) == "tracked, score 0.90"
