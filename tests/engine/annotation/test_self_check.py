from __future__ import annotations

import math

import pytest

from fcot_engine.annotation import AnnotationSession, HeldOut, SelfCheck, SpanKind
from fcot_engine.annotation.self_check import wilson_interval
from fcot_engine.errors import ConfigError


@pytest.fixture
def drawn(session):
    target = session.edit.add_target()
    for frame in (0, 10, 30):
        session.edit.draw_box(target, frame, session.source.truth(frame))
    return session


class TestHeldOut:
    def test_each_box_is_reached_from_the_nearest_one(self, drawn, shop):
        held = list(drawn.self_check())
        assert [(h.frame_index, h.n_frames) for h in held] == [
            (0, 10),
            (10, 10),
            (30, 20),
        ]
        assert all(h.iou == pytest.approx(1) for h in held)

    def test_box_left_out_is_not_learned(self, drawn, shop):
        list(drawn.self_check())
        calls = shop.trackers[-1].calls
        starts = [place for place, call in enumerate(calls) if call[0] == "init"]
        taught = [
            [frame for verb, frame in calls[a:b] if verb in ("init", "correct")]
            for a, b in zip(starts, [*starts[1:], len(calls)], strict=True)
        ]
        assert taught == [[10, 30], [0, 30], [0, 10]]

    def test_annotations_stay_as_they_are(self, drawn):
        before = [drawn.box(1, frame) for frame in range(60)]
        list(drawn.self_check())
        assert [drawn.box(1, frame) for frame in range(60)] == before

    def test_single_box_cannot_be_checked(self, session):
        session.edit.draw_box(session.edit.add_target(), 0, session.source.truth(0))
        assert list(session.self_check()) == []

    def test_too_far_neighbours_are_passed_over(self, drawn):
        frames = [held.frame_index for held in drawn.self_check(longest=10)]
        assert frames == [0, 10]

    def test_neighbours_behind_a_cut_are_passed_over(self, make_video, shop):
        session = AnnotationSession(make_video(cuts=(20,)), shop)
        target = session.edit.add_target()
        for frame in (0, 10, 30):
            session.edit.draw_box(target, frame, session.source.truth(frame))
        assert [held.frame_index for held in session.self_check()] == [0, 10]

    def test_neighbours_behind_a_stretch_out_of_view_are_passed_over(self, drawn):
        drawn.edit.mark_span(1, 15, 20, SpanKind.OUT_OF_VIEW)
        assert [held.frame_index for held in drawn.self_check()] == [0, 10]

    def test_lost_target_counts_as_missed(self, video, make_shop):
        session = AnnotationSession(video, make_shop(lost_in=range(60)))
        target = session.edit.add_target()
        for frame in (0, 1):
            session.edit.draw_box(target, frame, video.truth(frame))
        assert [held.iou for held in session.self_check()] == [0.0, 0.0]


class TestSelfCheck:
    def test_share_and_interval(self):
        check = SelfCheck(
            tuple(HeldOut(1, i, 0.9 if i < 8 else 0.1, 5) for i in range(10))
        )
        assert check.share == 0.8
        assert check.interval == pytest.approx((0.490, 0.943), abs=1e-3)
        assert check.text.startswith(
            "About 80% of the frames are good (between 49% and"
        )

    def test_nothing_checked_says_nothing(self):
        check = SelfCheck(())
        assert math.isnan(check.share)
        assert check.interval == (0, 1)
        assert "Draw boxes in two or more frames" in check.text


class TestWilsonInterval:
    @pytest.mark.parametrize(
        ("n_good", "n", "expected"),
        [
            pytest.param(0, 10, (0.0, 0.2775), id="none"),
            pytest.param(10, 10, (0.7225, 1.0), id="all"),
            pytest.param(81, 263, (0.2553, 0.3662), id="newcombe_1998"),
        ],
    )
    def test_value(self, n_good, n, expected):
        assert wilson_interval(n_good, n) == pytest.approx(expected, abs=1e-4)

    def test_more_good_ones_than_there_are(self):
        with pytest.raises(ConfigError, match="between 0 and 3, got 4"):
            wilson_interval(4, 3)
