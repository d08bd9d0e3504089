from __future__ import annotations

import pytest
import torch

from fcot_engine.model import Features
from fcot_engine.tracker.memory import BestFrames


@pytest.fixture
def best():
    return BestFrames(2)


def offer(best, *scores):
    """Offer frames whose maps hold their number."""
    for number, score in enumerate(scores):
        maps = torch.full((1, 2, 3, 3), float(number))
        features = Features(maps, maps, maps, maps, None, maps)
        best.offer(score, features, torch.zeros(4))


def numbers(frames):
    return [int(frame.features.coarse[0, 0, 0, 0]) for frame in frames]


class TestBestFrames:
    def test_classifiers_take_the_best_one(self, best):
        offer(best, 0.3, 0.9, 0.5)
        assert numbers([best.take_for_classifier()]) == [1]

    def test_latest_of_two_equals(self, best):
        offer(best, 0.5, 0.5)
        assert numbers([best.take_for_classifier()]) == [1]

    def test_regressor_takes_the_best_few_best_first(self, best):
        offer(best, 0.3, 0.9, 0.5, 0.4)
        frames = best.take_for_regressor()
        assert numbers(frames) == [1, 2]
        assert [frame.score for frame in frames] == [0.9, 0.5]

    def test_taken_frames_are_gone_for_that_branch_alone(self, best):
        offer(best, 0.3)
        best.take_for_classifier()
        assert best.take_for_classifier() is None
        assert numbers(best.take_for_regressor()) == [0]
        assert best.take_for_regressor() == []

    def test_clear_forgets_both(self, best):
        offer(best, 0.3, 0.9)
        best.clear()
        assert best.take_for_classifier() is None
        assert best.take_for_regressor() == []

    def test_kept_in_half_precision_and_no_more_than_are_needed(self, best):
        offer(best, *(0.1 * n for n in range(9)))
        maps_a_frame, values, half = 5, 18, 2
        assert best.nbytes == 2 * maps_a_frame * values * half

    def test_taken_in_single_precision(self, best):
        offer(best, 0.3)
        features = best.take_for_classifier().features
        assert features.coarse.dtype == torch.float32
        assert features.decoder_coarse is None
