"""Places that a person said are not the target: hard negatives of a correction."""

from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.errors import BoxError
from fcot_engine.tracker import Verdict

START = (60.0, 60.0, 40.0, 36.0)
FAR = 78  # from the target to the look-alike


def target_at(step):
    return (START[0] + 2 * step, START[1] + step, *START[2:])


def double_at(step):
    """Where the look-alike is, which goes the same way."""
    x, y, w, h = target_at(step)
    return (x + FAR, y, w, h)


@pytest.fixture
def film(paint):
    """Frames with the target and something much like it, a little darker."""

    def frame(step):
        image = paint(target_at(step))
        double = paint(double_at(step))
        x, y, w, h = (round(value) for value in double_at(step))
        inside = np.s_[y : y + h, x : x + w]
        image[inside] = (double[inside] * 0.85).astype(np.uint8)
        return image

    return frame


@pytest.fixture
def mistaken(make_tracker, film):
    """A function that makes a tracker that is on the look-alike."""

    def make():
        tracker = make_tracker()
        tracker.init(film(0), START)
        tracker.place(double_at(1))
        found = tracker.track(film(1))
        assert found.verdict is not Verdict.LOST
        return tracker, found.box_xywh

    return make


def score_near(tracker, frame, place):
    """Best score in the middle of the search patch around a place."""
    tracker.place(place)
    maps = tracker.track(frame).score_maps.fused.values.astype(float)
    half = len(maps) // 2
    return maps[half - 3 : half + 3, half - 3 : half + 3].max()


def corrected(mistaken, film, *, rejects):
    tracker, wrong = mistaken()
    tracker.correct(film(2), target_at(2), not_boxes=[wrong] if rejects else ())
    return tracker


class TestNotBoxes:
    @pytest.mark.parametrize("step", [2, 6], ids=["same_frame", "later_frame"])
    def test_rejected_thing_scores_lower_than_after_a_plain_correction(
        self, mistaken, film, step
    ):
        plain, taught = (
            score_near(
                corrected(mistaken, film, rejects=rejects), film(step), double_at(step)
            )
            for rejects in (False, True)
        )
        assert taught < plain - 0.05

    def test_target_is_followed_after_it(self, mistaken, film):
        tracker = corrected(mistaken, film, rejects=True)
        for step in range(3, 8):
            x, y, _, _ = tracker.track(film(step)).box_xywh
            assert (x, y) == pytest.approx(target_at(step)[:2], abs=6)

    def test_target_itself_does_not_suffer(self, mistaken, film):
        tracker = corrected(mistaken, film, rejects=True)
        assert score_near(tracker, film(4), target_at(4)) > 0.5

    def test_none_changes_no_bit(self, mistaken, film):
        maps = []
        for options in ({}, {"not_boxes": ()}):
            tracker, _ = mistaken()
            tracker.correct(film(2), target_at(2), **options)
            maps.append(tracker.track(film(3)).score_maps.fused.values)
        assert np.array_equal(*maps)

    def test_first_box_can_have_some_too(self, make_tracker, film):
        scores = []
        for not_boxes in ((), [double_at(0)]):
            tracker = make_tracker()
            tracker.init(film(0), START, not_boxes=not_boxes)
            scores.append(score_near(tracker, film(0), double_at(0)))
        assert scores[1] < scores[0] - 0.05

    def test_place_that_overlaps_the_target_leaves_it_the_target(
        self, make_tracker, film
    ):
        tracker = make_tracker()
        x, y, w, h = START
        tracker.init(film(0), START, not_boxes=[(x + w / 3, y + h / 3, w, h)])
        found = tracker.track(film(1)).box_xywh
        assert found[:2] == pytest.approx(target_at(1)[:2], abs=6)

    def test_unusable_one_changes_nothing(self, make_tracker, film):
        tracker = make_tracker()
        tracker.init(film(0), START)
        memory = tracker._targets._find(None)._classifier.memory
        given = len(memory)
        with pytest.raises(BoxError, match="outside the frame"):
            tracker.correct(film(1), target_at(1), not_boxes=[(900, 900, 5, 5)])
        assert len(memory) == given
        assert tracker.box_xywh == START
