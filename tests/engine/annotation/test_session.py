"""What a person draws, and where the session says to look next."""

from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.annotation import (
    AnnotationSession,
    Origin,
    SelfCheck,
    WorkListConfig,
)
from fcot_engine.annotation.boxes import paired_iou
from fcot_engine.errors import BoxError, EditError, FrameIndexError


def worst_iou(session, target):
    truth = [session.source.truth(frame) for frame in range(len(session.source))]
    found = [session.box(target, frame).box_xywh for frame in range(len(truth))]
    return paired_iou(np.array(found), np.array(truth)).min()


def draw(session, target, frame, lane=0):
    return session.edit.draw_box(target, frame, session.source.truth(frame, lane))


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


class TestWhereToLook:
    def test_first_stop_is_in_the_bad_part(self, begin, finish):
        session, target = begin(reach=20)
        finish(session.propagate(0))
        stop = session.next_stop()
        assert stop.target_id == target and stop.frame_index > 25

    def test_passed_over_stop_is_not_offered_again(self, begin, finish):
        session, _ = begin(reach=20)
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
        draw(session, target, 0)
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
                draw(session, target, frame)
            check = SelfCheck(tuple(finish(session.self_check())))
            assert [held.frame_index for held in check.held_out] == [0, 20, 40]
            shares.append(check.share)
        assert shares == [1.0, 0.0]
