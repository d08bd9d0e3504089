from __future__ import annotations

import pytest

from fcot_engine.online.span import BestFrames, SpanFrame


@pytest.fixture
def best():
    return BestFrames(2)


def offer(best, *scores):
    frames = [SpanFrame(score, None, None) for score in scores]
    for frame in frames:
        best.offer(frame)
    return frames


class TestBestFrames:
    def test_classifiers_take_the_best_one(self, best):
        frames = offer(best, 0.3, 0.9, 0.5)
        assert best.take_for_classifier() is frames[1]

    def test_latest_of_two_equals(self, best):
        frames = offer(best, 0.5, 0.5)
        assert best.take_for_classifier() is frames[1]

    def test_regressor_takes_the_best_few_best_first(self, best):
        frames = offer(best, 0.3, 0.9, 0.5, 0.4)
        assert best.take_for_regressor() == [frames[1], frames[2]]

    def test_taken_frames_are_gone_for_that_branch_alone(self, best):
        frames = offer(best, 0.3)
        best.take_for_classifier()
        assert best.take_for_classifier() is None
        assert best.take_for_regressor() == frames
        assert best.take_for_regressor() == []

    def test_clear_forgets_both(self, best):
        offer(best, 0.3, 0.9)
        best.clear()
        assert best.take_for_classifier() is None
        assert best.take_for_regressor() == []
