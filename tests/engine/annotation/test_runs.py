"""Runs: where they go and end, what they are taught, and edits meanwhile."""

from __future__ import annotations

import random
import threading

import numpy as np
import pytest

from fcot_engine.annotation import (
    AnnotationSession,
    Direction,
    FrameDone,
    Fused,
    Note,
    NoteKind,
    Origin,
    Overwrite,
    PropagationConfig,
    SpanKind,
    Stage,
    Until,
    annotations_to_json,
)
from fcot_engine.errors import EditError, FrameError


def is_true(session, target, frame, lane=0):
    box = session.box(target, frame)
    return box is not None and np.allclose(
        box.box_xywh, session.source.truth(frame, lane), atol=1e-6
    )


def true_frames(session, target, lane=0):
    n_frames = len(session.source)
    return [f for f in range(n_frames) if is_true(session, target, f, lane)]


def notes(events):
    return [event for event in events if isinstance(event, Note)]


def draw(session, target, frame, lane=0):
    return session.edit.draw_box(target, frame, session.source.truth(frame, lane))


def frames_of(session, target):
    return session.annotations[target].boxes.frames().tolist()


class TestPropagate:
    def test_forward_fills_all_frames_behind(self, one_target, finish):
        session, target = one_target
        run = session.propagate(0)
        finish(run)
        assert true_frames(session, target) == list(range(60))
        assert session.box(target, 1).origin is Origin.TRACKED
        assert run.progress == (59, 59)

    def test_backward_fills_all_frames_before(self, begin, finish):
        session, target = begin(30)
        finish(session.propagate(30, direction=Direction.BACKWARD))
        assert true_frames(session, target) == list(range(31))

    def test_both_ways_from_the_middle(self, begin, finish):
        session, target = begin(30)
        finish(session.propagate(30, direction=Direction.BOTH))
        assert true_frames(session, target) == list(range(60))

    def test_up_to_a_frame(self, one_target, finish):
        session, target = one_target
        finish(session.propagate(0, until=10))
        assert frames_of(session, target) == list(range(11))

    def test_target_frame_on_the_other_side_is_refused(self, one_target):
        session, _ = one_target
        with pytest.raises(EditError, match="does not lie backward of frame 0"):
            session.propagate(0, direction=Direction.BACKWARD, until=10)

    def test_no_box_to_start_from_is_said(self, one_target):
        session, _ = one_target
        with pytest.raises(EditError, match="no box of any target in frame 5"):
            session.propagate(5)

    def test_human_boxes_on_the_way_stay(self, one_target, finish):
        session, target = one_target
        drawn = session.edit.draw_box(target, 20, (3, 4, 50, 60))
        finish(session.propagate(0))
        assert session.box(target, 20) == drawn

    def test_filling_gaps_leaves_machine_boxes(self, one_target, finish):
        session, target = one_target
        session.edit.draw_box(target, 10, (0, 0, 30, 30))
        session.edit.interpolate(target, 0, 10)
        finish(session.propagate(0, overwrite=Overwrite.NOTHING))
        assert session.box(target, 5).origin is Origin.INTERPOLATED
        assert session.box(target, 11).origin is Origin.TRACKED

    def test_filling_gaps_until_lost_takes_nothing_away(self, begin, finish):
        session, target = begin(0, 20, lost_in=range(5, 60))
        session.edit.interpolate(target, 0, 20)
        run = session.propagate(0, until=Until.LOST, overwrite=Overwrite.NOTHING)
        finish(run)
        assert frames_of(session, target) == list(range(21))

    def test_several_targets_share_one_pass(self, session, finish):
        ids = [session.edit.add_target() for _ in range(3)]
        for lane, target in enumerate(ids):
            draw(session, target, 0, lane)
        events = finish(session.propagate(0))
        done = [event for event in events if isinstance(event, FrameDone)]
        assert [event.frame_index for event in done] == list(range(1, 60))
        assert all(set(event.boxes) == set(ids) for event in done)
        for lane, target in enumerate(ids):
            assert true_frames(session, target, lane) == list(range(60))

    def test_nothing_is_tracked_before_somebody_iterates(self, one_target, shop):
        session, _ = one_target
        run = session.propagate(0)
        assert shop.trackers == [] and run.progress == (0, 59)

    def test_run_is_one_step_of_undo(self, one_target, finish):
        session, _ = one_target
        before = annotations_to_json(session.annotations)
        finish(session.propagate(0))
        after = annotations_to_json(session.annotations)
        session.edit.undo()
        assert annotations_to_json(session.annotations) == before
        session.edit.redo()
        assert annotations_to_json(session.annotations) == after

    def test_stages_tell_what_is_learned(self, one_target, finish):
        session, _ = one_target
        events = finish(session.propagate(0))
        stages = [event.text for event in events if isinstance(event, Stage)]
        assert stages == [
            "Loading the network",
            "Learning the box of ball 1 in frame 0",
        ]

    def test_unreadable_frame_keeps_what_was_found(self, begin, finish):
        session, target = begin(bad_frame=20)
        run = session.propagate(0)
        with pytest.raises(FrameError, match="Frame 20 cannot"):
            finish(run)
        assert run.is_over
        assert session.box(target, 15) is not None

    def test_one_last_frame_for_both_ways_is_refused(self, one_target):
        session, _ = one_target
        with pytest.raises(EditError, match="both ways"):
            session.propagate(0, direction=Direction.BOTH, until=9)


class TestBoundaries:
    def test_run_ends_at_a_shot_cut_with_a_note(self, begin, finish):
        session, target = begin(cuts=(25,))
        events = finish(session.propagate(0))
        assert max(frames_of(session, target)) == 24
        assert [(n.kind, n.frame_index) for n in notes(events)] == [
            (NoteKind.SHOT_CUT, 25)
        ]

    def test_backward_run_ends_at_a_cut_too(self, begin, finish):
        session, target = begin(40, cuts=(25,))
        finish(session.propagate(40, direction=Direction.BACKWARD))
        assert min(frames_of(session, target)) == 25

    def test_cuts_can_be_ignored(self, begin, finish):
        config = PropagationConfig(stop_at_cuts=False)
        session, target = begin(cuts=(25,), config=config)
        finish(session.propagate(0))
        assert true_frames(session, target) == list(range(60))

    def test_cut_between_two_boxes_parts_their_runs(self, begin, finish):
        session, target = begin(20, 30, cuts=(25,))
        finish(session.propagate(20, until=Until.NEXT_HUMAN))
        assert true_frames(session, target) == list(range(20, 31))
        assert session.box(target, 22).disagreement is None

    def test_run_ends_where_the_target_is_out_of_view(self, one_target, finish):
        session, target = one_target
        session.edit.mark_span(target, 30, 39, SpanKind.OUT_OF_VIEW)
        events = finish(session.propagate(0))
        assert max(frames_of(session, target)) == 29
        assert [n.kind for n in notes(events)] == [NoteKind.OUT_OF_VIEW]

    def test_run_goes_on_through_occlusion(self, one_target, finish):
        session, target = one_target
        session.edit.mark_span(target, 30, 39, SpanKind.OCCLUDED)
        finish(session.propagate(0))
        assert true_frames(session, target) == list(range(60))

    def test_ended_target_is_not_carried_on(self, one_target, finish):
        session, target = one_target
        session.edit.end_target(target, 12)
        finish(session.propagate(0))
        assert max(frames_of(session, target)) == 12

    def test_lost_target_ends_the_run_and_leaves_no_boxes(self, begin, finish):
        config = PropagationConfig(lost_patience=4)
        session, target = begin(lost_in=range(20, 60), config=config)
        events = finish(session.propagate(0, until=Until.LOST))
        assert max(frames_of(session, target)) == 19
        assert [(n.kind, n.frame_index) for n in notes(events)] == [(NoteKind.LOST, 20)]

    def test_short_loss_is_got_over(self, begin, finish):
        session, target = begin(lost_in=range(20, 23))
        finish(session.propagate(0, until=Until.LOST))
        assert [f for f in range(60) if session.box(target, f).is_lost] == [20, 21, 22]


class TestTeaching:
    def test_correction_mends_both_sides(self, begin, video, finish):
        session, target = begin(reach=20)
        finish(session.propagate(0))
        assert true_frames(session, target) == list(range(21))
        finish(session.correct(target, 40, video.truth(40)))
        assert true_frames(session, target) == list(range(60))

    def test_between_two_boxes_both_runs_are_fused(self, one_target, finish):
        session, target = one_target
        draw(session, target, 20)
        events = finish(session.propagate(0, until=Until.NEXT_HUMAN))
        assert Fused(target, 1, 19) in events
        assert true_frames(session, target) == list(range(21))
        assert session.box(target, 10).disagreement == pytest.approx(0, abs=1e-6)

    def test_path_goes_through_what_was_drawn(self, one_target, finish):
        session, target = one_target
        x, y, w, h = session.source.truth(30)
        drawn = session.edit.draw_box(target, 30, (x + 6, y, w, h))
        finish(session.propagate(0, until=Until.NEXT_HUMAN))
        assert session.box(target, 30) == drawn
        near = session.box(target, 29).box_xywh
        step = session.source.truth(29)[0] - session.source.truth(30)[0]
        assert near[0] - drawn.box_xywh[0] == pytest.approx(step, abs=0.8)

    def test_first_pass_starts_at_the_correction(self, begin, video):
        session, target = begin(reach=20)
        list(session.propagate(0))
        events = iter(session.correct(target, 40, video.truth(40)))
        done = [e.frame_index for e in events if isinstance(e, FrameDone) and e.boxes]
        assert set(done[:24]) <= set(range(24, 57))
        assert set(done[:24]) >= set(range(33, 48)) - {40}

    def test_report_says_which_frames_changed(self, begin, video, finish):
        session, target = begin(reach=20)
        finish(session.propagate(0))
        run = session.correct(target, 50, video.truth(50))
        finish(run)
        (report,) = run.report()
        changed = [f for f in range(26, 60) if f != 50]  # both drift alike in 21 to 25
        assert report.moved.tolist() == changed
        assert report.shift_px[changed.index(30)] == pytest.approx(4 * 10)
        assert "frames 26 to 59 (33 of them) changed by" in report.text

    def test_rejecting_takes_the_run_back_and_keeps_the_box(self, begin, finish):
        session, target = begin(reach=20)
        finish(session.propagate(0))
        drawn = draw(session, target, 40)
        before = annotations_to_json(session.annotations)
        run = session.teach(target, 40)
        finish(run)
        session.reject(run)
        assert annotations_to_json(session.annotations) == before
        assert session.box(target, 40) == drawn

    def test_rejecting_an_earlier_run_is_refused(self, one_target, finish):
        session, target = one_target
        run = session.propagate(0)
        finish(run)
        session.edit.draw_box(target, 5, (0, 0, 30, 30))
        with pytest.raises(EditError, match="Something else was done since"):
            session.reject(run)

    def test_teaching_needs_a_drawn_box(self, one_target, finish):
        session, target = one_target
        finish(session.propagate(0))
        with pytest.raises(EditError, match="no drawn box in frame 7"):
            session.teach(target, 7)

    def test_each_way_has_a_tracker_that_knows_all_drawn_boxes(
        self, one_target, shop, finish
    ):
        session, target = one_target
        draw(session, target, 20)
        finish(session.propagate(0))
        forward, backward = shop.trackers
        for tracker in (forward, backward):
            taught = [call for call in tracker.calls if call[0] in ("init", "correct")]
            assert taught == [("init", 0), ("correct", 20)]
        assert ("track", 40) in forward.calls and ("track", 40) not in backward.calls

    def test_moved_box_is_learned_anew(self, one_target, shop, finish):
        session, target = one_target
        finish(session.propagate(0))
        session.edit.draw_box(target, 0, (90, 20, 24, 18))
        finish(session.propagate(0))
        taught = [c for c in shop.trackers[0].calls if c[0] in ("init", "correct")]
        assert taught == [("init", 0), ("init", 0)]

    def test_rejoining_keeps_the_far_boxes(self, begin, video, finish):
        config = PropagationConfig(rejoin_frames=5)
        session, target = begin(config=config)
        finish(session.propagate(0))
        far = session.box(target, 50)
        events = finish(session.correct(target, 20, video.truth(20)))
        kinds = [note.kind for note in notes(events)]
        assert kinds == [NoteKind.REJOINED, NoteKind.REJOINED]
        assert session.box(target, 50) == far
        looked = {e.frame_index for e in events if isinstance(e, FrameDone)}
        assert looked <= set(range(14, 27))


class TestWhileItRuns:
    def test_box_drawn_behind_the_run_sends_it_back(self, begin):
        session, target = begin(reach=20)
        run = session.propagate(0)
        for event in run:
            is_late = isinstance(event, FrameDone) and event.frame_index == 45
            if is_late and session.n_human_boxes == 1:
                draw(session, target, 38)
        assert true_frames(session, target) == list(range(59))

    def test_box_drawn_ahead_of_the_run_is_kept(self, one_target):
        session, target = one_target
        drawn = None
        for event in session.propagate(0):
            if isinstance(event, FrameDone) and drawn is None:
                drawn = session.edit.draw_box(target, 30, (5, 5, 30, 30))
        assert session.box(target, 30) == drawn
        assert frames_of(session, target) == list(range(60))

    def test_run_under_way_goes_on_to_a_box_drawn_ahead(self, one_target, shop):
        session, target = one_target
        for event in session.propagate(0):
            is_early = isinstance(event, FrameDone) and event.frame_index == 10
            if is_early and session.n_human_boxes == 1:
                draw(session, target, 30)
        tracked = [frame for verb, frame in shop.trackers[0].calls if verb == "track"]
        assert tracked.count(5) == 1 and tracked.count(20) == 1
        assert true_frames(session, target) == list(range(60))
        assert session.box(target, 5).disagreement == pytest.approx(0, abs=1e-6)

    def test_closing_while_it_runs_loses_nothing(self, video, shop, tmp_path):
        path = tmp_path / "a.fcot"
        session = AnnotationSession.create(video, shop, path)
        target = session.edit.add_target()
        draw(session, target, 0)
        for event in session.propagate(0):
            if isinstance(event, FrameDone) and event.frame_index == 10:
                session.close()
        session = AnnotationSession.open(path, shop, source=video)
        assert frames_of(session, target) == list(range(11))
        session.close()

    def test_other_targets_keep_going(self, session):
        first, second = session.edit.add_target(), session.edit.add_target()
        draw(session, first, 0, 0)
        draw(session, second, 0, 1)
        for event in session.propagate(0):
            if isinstance(event, FrameDone) and event.frame_index == 30:
                session.edit.remove_target(first)
        assert true_frames(session, second, 1) == list(range(60))
        assert first not in session.annotations

    def test_target_that_is_removed_while_it_is_learned_can_come_back(self, one_target):
        session, target = one_target
        session.edit.draw_box(target, 40, session.source.truth(40))
        read = session.source.read

        def remove_and_read(frame_index):
            if target in session.annotations:
                session.edit.remove_target(target)
            return read(frame_index)

        run = session.propagate(0)
        for event in run:
            if isinstance(event, Stage) and "frame 40" in event.text:
                session.source.read = remove_and_read
        session.source.read = read
        session.edit.undo()
        for _ in session.propagate(0):
            pass
        assert true_frames(session, target) == list(range(60))

    def test_run_ends_where_a_person_ends_the_target(self, one_target):
        session, target = one_target
        events = []
        for event in session.propagate(0):
            events.append(event)
            if isinstance(event, FrameDone) and event.frame_index == 10:
                session.edit.end_target(target, 20)
        looked = [e.frame_index for e in events if isinstance(e, FrameDone)]
        assert max(looked) <= 21
        assert [n.kind for n in notes(events)] == [NoteKind.TARGET_CHANGED]
        assert session.annotations[target].boxes.frames().max() == 20

    def test_stop_ends_before_the_next_frame(self, one_target):
        session, target = one_target
        for event in session.propagate(0):
            if isinstance(event, FrameDone) and event.frame_index == 10:
                session.stop()
        assert max(frames_of(session, target)) == 10

    def test_undo_ends_the_run_and_takes_it_back(self, one_target):
        session, target = one_target
        for event in session.propagate(0):
            if isinstance(event, FrameDone) and event.frame_index == 10:
                session.edit.undo()
        assert frames_of(session, target) == [0]

    def test_edit_in_between_parts_the_run_into_two_steps(self, one_target):
        session, target = one_target
        other = session.edit.add_target()
        for event in session.propagate(0, target_ids=[target]):
            if isinstance(event, FrameDone) and event.frame_index == 10:
                draw(session, other, 3, 1)
        assert len(session.annotations[target].boxes) == 60
        session.edit.undo()
        assert len(session.annotations[target].boxes) == 11
        assert session.box(other, 3) is not None
        session.edit.undo()
        assert session.box(other, 3) is None

    def test_swapping_ends_the_runs_of_both(self, session):
        first, second = session.edit.add_target(), session.edit.add_target()
        draw(session, first, 0, 0)
        draw(session, second, 0, 1)
        events = []
        for event in session.propagate(0):
            events.append(event)
            if isinstance(event, FrameDone) and event.frame_index == 30:
                session.edit.swap(first, second, 20)
        assert {n.kind for n in notes(events)} == {NoteKind.TARGET_CHANGED}
        assert is_true(session, first, 25, lane=1)
        assert session.box(first, 31) is None

    def test_more_work_joins_the_run(self, session, finish):
        first, second = session.edit.add_target(), session.edit.add_target()
        draw(session, first, 0, 0)
        draw(session, second, 30, 1)
        run = session.propagate(0)
        same = session.propagate(30)
        assert same is run
        finish(run)
        assert true_frames(session, first) == list(range(60))
        assert true_frames(session, second, 1) == list(range(30, 60))

    def test_frames_in_view_come_early(self, session):
        first, second = session.edit.add_target(), session.edit.add_target()
        draw(session, first, 0, 0)
        draw(session, second, 40, 1)
        run = session.propagate(0)
        session.propagate(40)
        run.look_at(0)
        done = [e.frame_index for e in run if isinstance(e, FrameDone)]
        assert set(done[:24]) >= {1, 2, 3, 4, 5, 6, 41, 42, 43, 44, 45, 46}


class Worker(threading.Thread):
    """Does all of a run's work and keeps what went wrong."""

    def __init__(self, run):
        super().__init__(daemon=True)
        self.run_to_do = run
        self.error = None

    def run(self):
        try:
            for _ in self.run_to_do:
                pass
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.error = error


@pytest.mark.parametrize("seed", range(3))
def test_edits_during_a_run_are_safe(make_video, make_shop, tmp_path, seed):
    rng = random.Random(seed)
    video = make_video(150)
    path = tmp_path / "a.fcot"
    config = PropagationConfig(write_every_s=0.005)
    session = AnnotationSession.create(video, make_shop(reach=20), path, config=config)
    targets = [session.edit.add_target() for _ in range(3)]
    for lane, target in enumerate(targets):
        session.edit.draw_box(target, 0, video.truth(0, lane))
    worker = Worker(session.propagate(0))
    worker.start()
    drawn = {(target, 0): session.box(target, 0) for target in targets}
    for _ in range(25):
        target, frame = rng.choice(targets), rng.randrange(1, 150)
        box = session.edit.draw_box(target, frame, video.truth(frame, target - 1))
        drawn[target, frame] = box
        if rng.random() < 0.2:
            run = session.teach(target, frame)
            if run is not worker.run_to_do:  # the first one had ended
                worker.join(60)
                worker = Worker(run)
                worker.start()
    worker.join(60)
    assert not worker.is_alive() and worker.error is None
    for place, box in drawn.items():
        assert session.box(*place) == box
    state = annotations_to_json(session.annotations)
    session.document.project.close()
    session = AnnotationSession.open(path, make_shop(), source=video)
    assert annotations_to_json(session.annotations) == state
    while session.edit.can_undo:
        session.edit.undo()
    assert len(session.annotations) == 0
    session.close()


def test_undo_in_another_thread_ends_the_run(make_video, make_shop):
    video = make_video(150)
    session = AnnotationSession(video, make_shop())
    target = session.edit.add_target()
    session.edit.draw_box(target, 0, video.truth(0))
    before = annotations_to_json(session.annotations)
    worker = Worker(session.propagate(0))
    worker.start()
    while len(session.annotations[target].boxes) < 5:
        pass
    session.edit.undo()
    worker.join(60)
    assert worker.error is None
    assert annotations_to_json(session.annotations) == before
    with pytest.raises(EditError):
        session.reject(worker.run_to_do)
