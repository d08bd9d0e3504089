from __future__ import annotations

import pytest

from fcot_engine.errors import BoxError, FrameError, FrameIndexError
from fcot_engine.session import BoxOrigin, TrackBox, propagate


def draw(track, source, index, shift=0.0):
    x, y, w, h = source.box(index)
    box = TrackBox(index, (x + shift, y, w, h), BoxOrigin.HUMAN)
    track.put(box)
    return box


class TestPropagate:
    def test_boxes_follow_the_target(self, tracker, square, track):
        draw(track, square, 3)
        found = [p.box for p in propagate(tracker, square, track, start=3, stop=8)]
        assert [box.frame_index for box in found] == [4, 5, 6, 7]
        assert [box.box_xywh for box in found] == [square.box(i) for i in range(4, 8)]

    def test_boxes_are_put_into_the_track(self, tracker, square, track):
        draw(track, square, 0)
        found = [p.box for p in propagate(tracker, square, track, start=0, stop=5)]
        assert list(track)[1:] == found
        assert {box.origin for box in found} == {BoxOrigin.TRACKED}

    def test_score_and_loss_are_kept(self, make_tracker, square, track):
        draw(track, square, 0)
        steps = propagate(make_tracker(lost_at=2), square, track, start=0, stop=4)
        assert [(p.box.score, p.box.is_lost) for p in steps] == [
            (0.8, False),
            (0.1, True),
            (0.8, False),
        ]

    def test_human_box_on_the_way_is_kept_and_learned_from(
        self, tracker, square, track
    ):
        draw(track, square, 0)
        drawn = draw(track, square, 2, shift=2.0)
        found = [p.box for p in propagate(tracker, square, track, start=0, stop=4)]
        assert found[1] is drawn and track.get(2) is drawn
        assert tracker.calls[1] == ("correct", drawn.box_xywh)
        assert tracker.verbs == ["track", "correct", "track"]

    def test_box_drawn_while_the_frame_is_tracked_wins(self, tracker, square, track):
        draw(track, square, 0)
        track_frame = tracker.track

        def draw_meanwhile(frame):
            result = track_frame(frame)
            draw(track, square, 1, shift=4.0)
            return result

        tracker.track = draw_meanwhile
        (found,) = propagate(tracker, square, track, start=0, stop=2)
        assert found.box.origin is BoxOrigin.HUMAN
        assert tracker.verbs == ["track", "correct"]

    def test_earlier_tracked_boxes_are_replaced(self, tracker, square, track):
        draw(track, square, 0)
        track.put(TrackBox(1, (0, 0, 5, 5), BoxOrigin.TRACKED))
        list(propagate(tracker, square, track, start=0, stop=2))
        assert track.get(1).box_xywh == square.box(1)

    def test_nothing_is_read_before_it_is_asked_for(self, tracker, square, track):
        draw(track, square, 0)
        steps = propagate(tracker, square, track, start=0, stop=20)
        assert square.reads == []
        next(steps)
        assert square.reads == [1]

    def test_bad_frame_keeps_what_is_done(self, tracker, make_square, track):
        source = make_square(bad_frame=3)
        draw(track, source, 0)
        steps = propagate(tracker, source, track, start=0, stop=10)
        with pytest.raises(FrameError, match="Frame 3"):
            list(steps)
        assert [box.frame_index for box in track] == [0, 1, 2]

    def test_stop_at_start_gives_nothing(self, tracker, square, track):
        draw(track, square, 5)
        assert list(propagate(tracker, square, track, start=5, stop=5)) == []

    @pytest.mark.parametrize("start", [-1, 20])
    def test_start_outside_is_refused(self, tracker, square, track, start):
        with pytest.raises(FrameIndexError, match="start must be a frame from 0 to 19"):
            propagate(tracker, square, track, start=start, stop=20)

    def test_stop_beyond_the_end_is_refused(self, tracker, square, track):
        draw(track, square, 0)
        with pytest.raises(FrameIndexError, match="stop must be at most 20") as caught:
            propagate(tracker, square, track, start=0, stop=21)
        assert caught.value.frame_index == 21

    def test_start_without_a_box_is_refused(self, tracker, square, track):
        with pytest.raises(BoxError, match="no box in frame 4"):
            propagate(tracker, square, track, start=4, stop=9)
