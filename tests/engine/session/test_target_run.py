from __future__ import annotations

import pytest

from fcot_engine.errors import BoxError, FrameError, FrameIndexError
from fcot_engine.session import BoxOrigin, TargetRun, TrackBox


@pytest.fixture
def run(tracker, square, track):
    return TargetRun(tracker, square, track)


def draw(run, index, shift=0.0, origin=BoxOrigin.HUMAN):
    x, y, w, h = run.source.box(index)
    run.track.put(TrackBox(index, (x + shift, y, w, h), origin))


class TestGoTo:
    def test_first_box_starts_the_tracker(self, run):
        draw(run, 2)
        assert run.go_to(2) is not None
        assert run.tracker.verbs == ["init"] and run.is_started

    def test_tracked_box_can_start_the_tracker(self, run):
        draw(run, 2, origin=BoxOrigin.TRACKED)
        run.go_to(2)
        assert run.tracker.verbs == ["init"]

    def test_second_human_box_corrects(self, run):
        draw(run, 0)
        draw(run, 7, shift=1.0, origin=BoxOrigin.CORRECTED)
        run.go_to(0)
        run.go_to(7)
        assert run.tracker.verbs == ["init", "correct"]

    def test_known_box_is_learned_once(self, run):
        draw(run, 0)
        run.go_to(0)
        assert run.go_to(0) is None
        assert run.tracker.verbs == ["init"]

    def test_moved_box_is_learned_again(self, run):
        draw(run, 0)
        run.go_to(0)
        draw(run, 0, shift=3.0, origin=BoxOrigin.CORRECTED)
        run.go_to(0)
        assert run.tracker.verbs == ["init", "correct"]

    def test_going_back_to_a_known_box_only_moves(self, run):
        draw(run, 0)
        draw(run, 9)
        run.go_to(0)
        run.go_to(9)
        run.go_to(0)
        assert run.tracker.calls[-1] == ("place", run.source.box(0))

    def test_tracked_box_elsewhere_only_moves(self, run):
        draw(run, 0)
        draw(run, 5, origin=BoxOrigin.TRACKED)
        run.go_to(0)
        assert run.go_to(5) is None
        assert run.tracker.calls[-1] == ("place", run.source.box(5))

    def test_frame_without_a_box_is_refused(self, run):
        with pytest.raises(BoxError, match="no box in frame 1"):
            run.go_to(1)

    def test_frame_outside_is_refused(self, run):
        with pytest.raises(FrameIndexError, match="from 0 to 19"):
            run.go_to(20)

    def test_failed_start_can_be_tried_again(self, tracker, make_square, track):
        run = TargetRun(tracker, make_square(bad_frame=0), track)
        draw(run, 0)
        with pytest.raises(FrameError):
            run.go_to(0)
        assert not run.is_started and tracker.calls == []


class TestPropagate:
    def test_starts_and_follows(self, run):
        draw(run, 0)
        boxes = [found.box.box_xywh for found in run.propagate(0, 4)]
        assert boxes == [run.source.box(i) for i in (1, 2, 3)]
        assert run.tracker.verbs == ["init", "track", "track", "track"]

    def test_goes_on_where_it_stopped_without_a_jump(self, run):
        draw(run, 0)
        list(run.propagate(0, 3))
        list(run.propagate(2, 5))
        assert run.tracker.verbs == ["init", *["track"] * 4]

    def test_correction_is_learned_before_going_on(self, run):
        draw(run, 0)
        list(run.propagate(0, 6))
        draw(run, 4, shift=2.0, origin=BoxOrigin.CORRECTED)
        list(run.propagate(4, 6))
        assert run.tracker.verbs[-2:] == ["correct", "track"]

    def test_human_box_passed_on_the_way_is_not_learned_twice(self, run):
        draw(run, 0)
        draw(run, 2)
        list(run.propagate(0, 5))
        run.go_to(2)
        assert run.tracker.verbs.count("correct") == 1
        assert run.tracker.verbs[-1] == "place"

    def test_refuses_at_once_but_starts_late(self, run):
        with pytest.raises(BoxError):
            run.propagate(0, 5)
        draw(run, 0)
        run.propagate(0, 5)
        assert run.tracker.calls == []
