from __future__ import annotations

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
    SelfCheck,
    SpanKind,
    Stage,
    Until,
    WorkListConfig,
    annotations_to_json,
)
from fcot_engine.annotation.boxes import paired_iou
from fcot_engine.errors import BoxError, EditError, FrameError, FrameIndexError
from fcot_engine.formats import write_coco, write_mot


def is_true(session, target, frame, lane=0):
    box = session.box(target, frame)
    return box is not None and np.allclose(
        box.box_xywh, session.source.truth(frame, lane), atol=1e-6
    )


def true_frames(session, target, lane=0):
    n_frames = len(session.source)
    return [f for f in range(n_frames) if is_true(session, target, f, lane)]


def worst_iou(session, target):
    truth = [session.source.truth(frame) for frame in range(len(session.source))]
    found = [session.box(target, frame).box_xywh for frame in range(len(truth))]
    return paired_iou(np.array(found), np.array(truth)).min()


def notes(events):
    return [event for event in events if isinstance(event, Note)]


class TestDrawing:
    def test_first_box_is_human(self, one_target):
        session, target = one_target
        assert session.box(target, 0).origin is Origin.HUMAN
        assert session.n_human_boxes == 1

    def test_box_a_little_over_the_border_is_cut(self, session):
        target = session.edit.add_target()
        drawn = session.edit.draw_box(target, 0, (-1, 0, 30, 30))
        assert drawn.box_xywh == (0, 0, 29, 30)
        drawn = session.edit.draw_box(target, 1, (-10, 0, 30, 30))
        assert drawn.box_xywh == (-10, 0, 30, 30)

    def test_frame_behind_the_end_is_refused(self, one_target):
        session, target = one_target
        with pytest.raises(FrameIndexError, match="0 to 59, got 60"):
            session.edit.draw_box(target, 60, (0, 0, 10, 10))

    def test_useless_box_is_refused(self, one_target):
        session, target = one_target
        with pytest.raises(BoxError):
            session.edit.draw_box(target, 1, (0, 0, 0, 10))
        assert session.box(target, 1) is None

    def test_unknown_target_is_named(self, session):
        with pytest.raises(EditError, match="no target 7; the targets are: none"):
            session.edit.draw_box(7, 0, (0, 0, 10, 10))

    def test_drawing_over_a_tracked_box_is_a_correction(self, one_target, finish):
        session, target = one_target
        finish(session.propagate(0))
        session.edit.draw_box(target, 5, (1, 2, 30, 40))
        assert session.box(target, 5).origin is Origin.CORRECTED

    def test_deleting_the_last_box_keeps_the_target(self, one_target):
        session, target = one_target
        session.edit.delete_box(target, 0)
        assert target in session.annotations
        assert session.box(target, 0) is None


class TestPropagate:
    def test_forward_fills_all_frames_behind(self, one_target, finish):
        session, target = one_target
        finish(session.propagate(0))
        assert true_frames(session, target) == list(range(60))
        assert session.box(target, 1).origin is Origin.TRACKED

    def test_backward_fills_all_frames_before(self, session, finish):
        target = session.edit.add_target()
        session.edit.draw_box(target, 30, session.source.truth(30))
        finish(session.propagate(30, direction=Direction.BACKWARD))
        assert true_frames(session, target) == list(range(31))

    def test_both_ways_from_the_middle(self, session, finish):
        target = session.edit.add_target()
        session.edit.draw_box(target, 30, session.source.truth(30))
        finish(session.propagate(30, direction=Direction.BOTH))
        assert true_frames(session, target) == list(range(60))

    def test_up_to_a_frame(self, one_target, finish):
        session, target = one_target
        finish(session.propagate(0, until=10))
        assert session.annotations[target].boxes.frames().tolist() == list(range(11))

    def test_target_frame_on_the_other_side_is_refused(self, one_target):
        session, _ = one_target
        with pytest.raises(EditError, match="does not lie backward of frame 0"):
            session.propagate(0, direction=Direction.BACKWARD, until=10)

    def test_to_the_next_human_box(self, one_target, finish):
        session, target = one_target
        session.edit.draw_box(target, 20, session.source.truth(20))
        finish(session.propagate(0, until=Until.NEXT_HUMAN))
        assert true_frames(session, target) == list(range(21))

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

    def test_filling_gaps_until_lost_takes_nothing_away(self, video, make_shop, finish):
        session = AnnotationSession(video, make_shop(lost_in=range(5, 60)))
        target = session.edit.add_target()
        for frame in (0, 20):
            session.edit.draw_box(target, frame, video.truth(frame))
        session.edit.interpolate(target, 0, 20)
        run = session.propagate(0, until=Until.LOST, overwrite=Overwrite.NOTHING)
        finish(run)
        assert session.annotations[target].boxes.frames().tolist() == list(range(21))

    def test_several_targets_share_one_pass(self, session, shop, finish):
        ids = [session.edit.add_target() for _ in range(3)]
        for lane, target in enumerate(ids):
            session.edit.draw_box(target, 0, session.source.truth(0, lane))
        events = finish(session.propagate(0))
        done = [event for event in events if isinstance(event, FrameDone)]
        assert [event.frame_index for event in done] == list(range(1, 60))
        assert all(set(event.boxes) == set(ids) for event in done)
        for lane, target in enumerate(ids):
            assert true_frames(session, target, lane) == list(range(60))

    def test_nothing_is_tracked_before_somebody_iterates(self, one_target, shop):
        session, _ = one_target
        session.propagate(0)
        assert shop.trackers == []

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

    def test_progress_counts_up_to_all_frames(self, one_target, finish):
        session, _ = one_target
        run = session.propagate(0)
        assert run.progress == (0, 59)
        finish(run)
        assert run.progress == (59, 59)

    def test_unreadable_frame_keeps_what_was_found(self, make_video, shop, finish):
        session = AnnotationSession(make_video(bad_frame=20), shop)
        target = session.edit.add_target()
        session.edit.draw_box(target, 0, session.source.truth(0))
        run = session.propagate(0)
        with pytest.raises(FrameError, match="Frame 20 cannot"):
            finish(run)
        assert run.is_over
        assert session.box(target, 15) is not None


class TestWalls:
    def test_run_ends_at_a_shot_cut_with_a_note(self, make_video, shop, finish):
        session = AnnotationSession(make_video(cuts=(25,)), shop)
        target = session.edit.add_target()
        session.edit.draw_box(target, 0, session.source.truth(0))
        events = finish(session.propagate(0))
        assert session.annotations[target].boxes.frames().max() == 24
        assert [(n.kind, n.frame_index) for n in notes(events)] == [
            (NoteKind.SHOT_CUT, 25)
        ]

    def test_backward_run_ends_at_a_cut_too(self, make_video, shop, finish):
        session = AnnotationSession(make_video(cuts=(25,)), shop)
        target = session.edit.add_target()
        session.edit.draw_box(target, 40, session.source.truth(40))
        finish(session.propagate(40, direction=Direction.BACKWARD))
        assert session.annotations[target].boxes.frames().min() == 25

    def test_cuts_can_be_ignored(self, make_video, shop, finish):
        config = PropagationConfig(stop_at_cuts=False)
        session = AnnotationSession(make_video(cuts=(25,)), shop, config=config)
        target = session.edit.add_target()
        session.edit.draw_box(target, 0, session.source.truth(0))
        finish(session.propagate(0))
        assert true_frames(session, target) == list(range(60))

    def test_cut_between_two_boxes_parts_their_runs(self, make_video, shop, finish):
        session = AnnotationSession(make_video(cuts=(25,)), shop)
        target = session.edit.add_target()
        for frame in (20, 30):
            session.edit.draw_box(target, frame, session.source.truth(frame))
        finish(session.propagate(20, until=Until.NEXT_HUMAN))
        assert true_frames(session, target) == list(range(20, 31))
        assert session.box(target, 22).disagreement is None

    def test_run_ends_where_the_target_is_out_of_view(self, one_target, finish):
        session, target = one_target
        session.edit.mark_span(target, 30, 39, SpanKind.OUT_OF_VIEW)
        events = finish(session.propagate(0))
        assert session.annotations[target].boxes.frames().max() == 29
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
        assert session.annotations[target].boxes.frames().max() == 12

    def test_lost_target_ends_the_run_and_leaves_no_boxes(
        self, video, make_shop, finish
    ):
        config = PropagationConfig(lost_patience=4)
        shop = make_shop(lost_in=range(20, 60))
        session = AnnotationSession(video, shop, config=config)
        target = session.edit.add_target()
        session.edit.draw_box(target, 0, video.truth(0))
        events = finish(session.propagate(0, until=Until.LOST))
        assert session.annotations[target].boxes.frames().max() == 19
        assert [(n.kind, n.frame_index) for n in notes(events)] == [(NoteKind.LOST, 20)]

    def test_short_loss_is_got_over(self, video, make_shop, finish):
        session = AnnotationSession(video, make_shop(lost_in=range(20, 23)))
        target = session.edit.add_target()
        session.edit.draw_box(target, 0, video.truth(0))
        finish(session.propagate(0, until=Until.LOST))
        assert [f for f in range(60) if session.box(target, f).is_lost] == [20, 21, 22]


class TestTeaching:
    def test_correction_mends_both_sides(self, video, make_shop, finish):
        session = AnnotationSession(video, make_shop(reach=20))
        target = session.edit.add_target()
        session.edit.draw_box(target, 0, video.truth(0))
        finish(session.propagate(0))
        assert true_frames(session, target) == list(range(21))
        finish(session.correct(target, 40, video.truth(40)))
        assert true_frames(session, target) == list(range(60))

    def test_between_two_boxes_both_runs_are_fused(self, one_target, finish):
        session, target = one_target
        session.edit.draw_box(target, 20, session.source.truth(20))
        events = finish(session.propagate(0, until=Until.NEXT_HUMAN))
        assert Fused(target, 1, 19) in events
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

    def test_first_leg_starts_at_the_correction(self, video, make_shop):
        session = AnnotationSession(video, make_shop(reach=20))
        target = session.edit.add_target()
        session.edit.draw_box(target, 0, video.truth(0))
        list(session.propagate(0))
        events = iter(session.correct(target, 40, video.truth(40)))
        done = [e.frame_index for e in events if isinstance(e, FrameDone) and e.boxes]
        assert set(done[:24]) <= set(range(24, 57))
        assert set(done[:24]) >= set(range(33, 48)) - {40}

    def test_report_says_which_frames_changed(self, video, make_shop, finish):
        session = AnnotationSession(video, make_shop(reach=20))
        target = session.edit.add_target()
        session.edit.draw_box(target, 0, video.truth(0))
        finish(session.propagate(0))
        run = session.correct(target, 50, video.truth(50))
        finish(run)
        (report,) = run.report()
        changed = [f for f in range(26, 60) if f != 50]  # both drift alike in 21 to 25
        assert report.moved.tolist() == changed
        assert report.shift_px[changed.index(30)] == pytest.approx(4 * 10)
        assert "frames 26 to 59 (33 of them) changed by" in report.text

    def test_rejecting_takes_the_run_back_and_keeps_the_box(
        self, video, make_shop, finish
    ):
        session = AnnotationSession(video, make_shop(reach=20))
        target = session.edit.add_target()
        session.edit.draw_box(target, 0, video.truth(0))
        finish(session.propagate(0))
        drawn = session.edit.draw_box(target, 40, video.truth(40))
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
        session.edit.draw_box(target, 20, session.source.truth(20))
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

    def test_rejoining_keeps_the_far_boxes(self, video, make_shop, finish):
        config = PropagationConfig(rejoin_frames=5)
        shop = make_shop()
        session = AnnotationSession(video, shop, config=config)
        target = session.edit.add_target()
        session.edit.draw_box(target, 0, video.truth(0))
        finish(session.propagate(0))
        far = session.box(target, 50)
        events = finish(session.correct(target, 20, video.truth(20)))
        kinds = [note.kind for note in notes(events)]
        assert kinds == [NoteKind.REJOINED, NoteKind.REJOINED]
        assert session.box(target, 50) == far
        looked = {e.frame_index for e in events if isinstance(e, FrameDone)}
        assert looked <= set(range(14, 27))


class TestWhileItRuns:
    def test_box_drawn_behind_the_run_sends_it_back(self, video, make_shop):
        session = AnnotationSession(video, make_shop(reach=20))
        target = session.edit.add_target()
        session.edit.draw_box(target, 0, video.truth(0))
        run = session.propagate(0)
        for event in run:
            is_late = isinstance(event, FrameDone) and event.frame_index == 45
            if is_late and session.n_human_boxes == 1:
                session.edit.draw_box(target, 38, video.truth(38))
        assert true_frames(session, target) == list(range(59))

    def test_box_drawn_ahead_of_the_run_is_kept(self, one_target):
        session, target = one_target
        drawn = None
        for event in session.propagate(0):
            if isinstance(event, FrameDone) and drawn is None:
                drawn = session.edit.draw_box(target, 30, (5, 5, 30, 30))
        assert session.box(target, 30) == drawn
        assert session.annotations[target].boxes.frames().tolist() == list(range(60))

    def test_run_under_way_goes_on_to_a_box_drawn_ahead(self, one_target, shop):
        session, target = one_target
        for event in session.propagate(0):
            is_early = isinstance(event, FrameDone) and event.frame_index == 10
            if is_early and session.n_human_boxes == 1:
                session.edit.draw_box(target, 30, session.source.truth(30))
        tracked = [frame for verb, frame in shop.trackers[0].calls if verb == "track"]
        assert tracked.count(5) == 1 and tracked.count(20) == 1
        assert true_frames(session, target) == list(range(60))
        assert session.box(target, 5).disagreement == pytest.approx(0, abs=1e-6)

    def test_closing_while_it_runs_loses_nothing(self, video, shop, tmp_path):
        path = tmp_path / "a.fcot"
        session = AnnotationSession.create(video, shop, path)
        target = session.edit.add_target()
        session.edit.draw_box(target, 0, video.truth(0))
        for event in session.propagate(0):
            if isinstance(event, FrameDone) and event.frame_index == 10:
                session.close()
        session = AnnotationSession.open(path, shop, source=video)
        assert session.annotations[target].boxes.frames().tolist() == list(range(11))
        session.close()

    def test_other_targets_keep_going(self, session):
        first, second = session.edit.add_target(), session.edit.add_target()
        session.edit.draw_box(first, 0, session.source.truth(0, 0))
        session.edit.draw_box(second, 0, session.source.truth(0, 1))
        for event in session.propagate(0):
            if isinstance(event, FrameDone) and event.frame_index == 30:
                session.edit.remove_target(first)
        assert true_frames(session, second, 1) == list(range(60))
        assert first not in session.annotations

    def test_stop_ends_before_the_next_frame(self, one_target):
        session, target = one_target
        for event in session.propagate(0):
            if isinstance(event, FrameDone) and event.frame_index == 10:
                session.stop()
        assert session.annotations[target].boxes.frames().max() == 10

    def test_undo_ends_the_run_and_takes_it_back(self, one_target):
        session, target = one_target
        for event in session.propagate(0):
            if isinstance(event, FrameDone) and event.frame_index == 10:
                session.edit.undo()
        assert session.annotations[target].boxes.frames().tolist() == [0]

    def test_edit_in_between_parts_the_run_into_two_steps(self, one_target):
        session, target = one_target
        other = session.edit.add_target()
        for event in session.propagate(0, target_ids=[target]):
            if isinstance(event, FrameDone) and event.frame_index == 10:
                session.edit.draw_box(other, 3, session.source.truth(3, 1))
        assert len(session.annotations[target].boxes) == 60
        session.edit.undo()
        assert len(session.annotations[target].boxes) == 11
        assert session.box(other, 3) is not None
        session.edit.undo()
        assert session.box(other, 3) is None

    def test_swapping_ends_the_runs_of_both(self, session):
        first, second = session.edit.add_target(), session.edit.add_target()
        session.edit.draw_box(first, 0, session.source.truth(0, 0))
        session.edit.draw_box(second, 0, session.source.truth(0, 1))
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
        session.edit.draw_box(first, 0, session.source.truth(0, 0))
        session.edit.draw_box(second, 30, session.source.truth(30, 1))
        run = session.propagate(0)
        same = session.propagate(30)
        assert same is run
        finish(run)
        assert true_frames(session, first) == list(range(60))
        assert true_frames(session, second, 1) == list(range(30, 60))

    def test_frames_in_view_come_early(self, session):
        first, second = session.edit.add_target(), session.edit.add_target()
        session.edit.draw_box(first, 0, session.source.truth(0, 0))
        session.edit.draw_box(second, 40, session.source.truth(40, 1))
        run = session.propagate(0)
        session.propagate(40)
        run.look_at(0)
        done = [e.frame_index for e in run if isinstance(e, FrameDone)]
        assert set(done[:24]) >= {1, 2, 3, 4, 5, 6, 41, 42, 43, 44, 45, 46}


class TestWhereToLook:
    def test_first_stop_is_in_the_bad_part(self, video, make_shop, finish):
        session = AnnotationSession(video, make_shop(reach=20))
        target = session.edit.add_target()
        session.edit.draw_box(target, 0, video.truth(0))
        finish(session.propagate(0))
        stop = session.next_stop()
        assert stop.target_id == target and stop.frame_index > 25

    def test_passed_over_stop_is_not_offered_again(self, video, make_shop, finish):
        session = AnnotationSession(video, make_shop(reach=20))
        target = session.edit.add_target()
        session.edit.draw_box(target, 0, video.truth(0))
        finish(session.propagate(0))
        stop = session.next_stop()
        session.pass_over(stop)
        following = session.next_stop()
        assert following is None or abs(following.frame_index - stop.frame_index) > 3

    def test_scripted_annotator_finishes_the_video(self, make_video, make_shop, finish):
        video = make_video(120)
        session = AnnotationSession(
            video,
            make_shop(reach=10),
            work_config=WorkListConfig(least_saving=0),
        )
        target = session.edit.add_target()
        session.edit.draw_box(target, 0, video.truth(0))
        finish(session.propagate(0))
        while worst_iou(session, target) < 0.7:
            stop = session.next_stop()
            box = video.truth(stop.frame_index)
            finish(session.correct(target, stop.frame_index, box))
        assert session.n_human_boxes <= 12

    def test_self_check_tells_good_from_bad(self, video, make_shop, finish):
        shares = []
        for reach in (10**9, 3):
            session = AnnotationSession(video, make_shop(reach=reach))
            target = session.edit.add_target()
            for frame in (0, 20, 40):
                session.edit.draw_box(target, frame, video.truth(frame))
            check = SelfCheck(tuple(finish(session.self_check())))
            assert [held.frame_index for held in check.held_out] == [0, 20, 40]
            shares.append(check.share)
        assert shares == [1.0, 0.0]


class TestExports:
    def test_ids_and_frames_reach_the_files(self, session, tmp_path, finish):
        first, second = (
            session.edit.add_target(),
            session.edit.add_target(class_name="dog"),
        )
        session.edit.draw_box(first, 0, session.source.truth(0, 0))
        session.edit.draw_box(second, 0, session.source.truth(0, 1))
        finish(session.propagate(0, until=5))
        session.edit.remove_target(first)
        truth, *_ = write_mot(tmp_path, session.annotations, session.source)
        rows = [line.split(",") for line in truth.read_text().splitlines()]
        assert [(int(r[0]), int(r[1])) for r in rows] == [
            (f, second) for f in range(1, 7)
        ]
        coco = write_coco(tmp_path / "a.json", session.annotations, session.source)
        assert '"name":"dog"' in coco.read_text()
