from __future__ import annotations

import pytest
import torch

from fcot_engine.config import LocalisationConfig
from fcot_engine.tracker.localisation import Verdict, locate

TARGET = (40.0, 40.0)  # patch pixels: ten cells


def make_config(**changes):
    settings = {
        "window": 0.0,
        "lost_threshold": 0.2,
        "distractor_ratio": 0.8,
        "hard_negative_ratio": 0.5,
        "neighbourhood": 1.5,
    }
    return LocalisationConfig(**(settings | changes))


def make_scores(**peaks):
    """A map of 40 x 40 cells with a score at some of `middle`, `near`, `far`."""
    scores = torch.zeros(40, 40)
    places = {"middle": (20, 20), "near": (20, 26), "far": (20, 34), "corner": (1, 1)}
    for name, score in peaks.items():
        scores[places[name]] = score
    return scores


class TestLocate:
    @pytest.mark.parametrize(
        ("peaks", "verdict"),
        [
            pytest.param({"middle": 0.9}, Verdict.FOUND, id="one_peak"),
            pytest.param({"middle": 0.9, "far": 0.3}, Verdict.FOUND, id="low_second"),
            pytest.param(
                {"middle": 0.9, "far": 0.6}, Verdict.HARD_NEGATIVE, id="look_alike"
            ),
            pytest.param({"middle": 0.9, "far": 0.8}, Verdict.UNCERTAIN, id="equals"),
            pytest.param(
                {"middle": 0.9, "near": 0.85}, Verdict.FOUND, id="second_on_the_target"
            ),
            pytest.param({"middle": 0.1}, Verdict.LOST, id="low"),
            pytest.param({}, Verdict.LOST, id="nothing"),
            pytest.param(
                {"middle": 0.25, "far": 0.19}, Verdict.FOUND, id="second_below_lost"
            ),
            pytest.param(
                {"middle": 0.15, "far": 0.15}, Verdict.LOST, id="two_that_are_low"
            ),
        ],
    )
    def test_verdict(self, peaks, verdict):
        assert locate(make_scores(**peaks), TARGET, make_config()).verdict is verdict

    def test_peak_and_second(self):
        place = locate(make_scores(middle=0.9, far=0.6), TARGET, make_config())
        assert place.peak[:2] == (20, 20)
        assert place.peak.value == pytest.approx(0.9)
        assert place.second == pytest.approx(0.6)

    def test_window_prefers_the_middle(self):
        scores = make_scores(middle=0.8, corner=0.9)
        assert locate(scores, TARGET, make_config()).peak[:2] == (1, 1)
        windowed = locate(scores, TARGET, make_config(window=0.4))
        assert windowed.peak[:2] == (20, 20)

    def test_score_is_the_one_without_the_window(self):
        place = locate(make_scores(corner=0.9), TARGET, make_config(window=0.5))
        assert place.peak.value == pytest.approx(0.9)
        assert place.verdict is Verdict.FOUND

    def test_window_is_even(self):
        place = make_config(window=0.5)
        for flip in ((0,), (1,), (0, 1)):
            scores = make_scores(far=0.9, corner=0.8)
            seen = locate(scores, TARGET, place)
            mirrored = locate(scores.flip(flip), TARGET, place)
            assert mirrored.second == pytest.approx(seen.second)
            rows = (39 - seen.peak.row) if 0 in flip else seen.peak.row
            assert mirrored.peak.row == rows

    def test_score_of_nan_is_not_taken_for_found(self):
        scores = torch.full((40, 40), torch.nan)
        assert locate(scores, TARGET, make_config()).verdict is Verdict.LOST


class TestSecondRatio:
    @pytest.mark.parametrize(
        ("peaks", "expected"),
        [
            pytest.param({"middle": 0.8, "far": 0.6}, 0.75, id="second_peak"),
            pytest.param({"middle": 0.8}, 0.0, id="no_second_peak"),
            pytest.param({"middle": 0.8, "far": -0.5}, 0.0, id="negative"),
            pytest.param({"middle": 0.1, "far": 0.05}, 0.5, id="lost"),
            pytest.param({}, 1.0, id="no_peak_at_all"),
        ],
    )
    def test_value(self, peaks, expected):
        place = locate(make_scores(**peaks), TARGET, make_config())
        assert place.second_ratio == pytest.approx(expected)
