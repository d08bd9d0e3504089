"""What a result says about how far its box can be trusted."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from fcot_engine.config import PRESETS, CalibrationConfig, find_preset
from fcot_engine.ops import Peak
from fcot_engine.tracker import Tracker, Verdict, default_weights
from fcot_engine.tracker.confidence import Evidence, estimate_confidence, size_change
from fcot_engine.tracker.localisation import Location

BOX = (90.0, 60.0, 40.0, 36.0)
CURVE = CalibrationConfig(is_fitted=True, bias=-1.0, peak=3.0, is_lost=-2.0)


@pytest.fixture
def start(lite_network, quick_config, paint):
    """Make a tracker that has seen its first box."""

    def start(calibration=None):
        config = replace(quick_config, calibration=calibration or CalibrationConfig())
        tracker = Tracker(lite_network, config, device="cpu", keep_score_maps=False)
        tracker.init(paint(BOX), BOX)
        return tracker

    return start


@pytest.fixture
def see(monkeypatch):
    """Let every frame look as told."""

    def see(peak, verdict=Verdict.FOUND, ratio=0.0):
        place = Location(Peak(20, 20, peak), 0.0, verdict, 20.0, 20.0, ratio)
        monkeypatch.setattr("fcot_engine.tracker.target.locate", lambda *_: place)

    return see


def logistic(value):
    return 1 / (1 + math.exp(-value))


class TestTrackedFrame:
    def test_score_is_the_peak_by_default(self, start, paint, see):
        see(0.4, ratio=0.3)
        found = start().track(paint(BOX))
        assert (found.score, found.peak, found.second_ratio) == (0.4, 0.4, 0.3)

    def test_score_is_the_fitted_chance(self, start, paint, see):
        see(0.4)
        found = start(CURVE).track(paint(BOX))
        assert found.score == pytest.approx(logistic(-1 + 3 * 0.4))
        assert found.peak == 0.4

    def test_lost_target_speaks_against_the_box(self, start, paint, see):
        see(0.05, Verdict.LOST)
        found = start(CURVE).track(paint(BOX))
        assert found.verdict is Verdict.LOST
        assert found.score == pytest.approx(logistic(-1 + 3 * 0.05 - 2))
        assert found.size_change == 0.0

    def test_curve_changes_neither_box_nor_verdict(self, start, paint):
        plain, fitted = start(), start(CURVE)
        for shift in range(3):
            frame = paint((BOX[0] + 4 * shift, *BOX[1:]))
            a, b = plain.track(frame), fitted.track(frame)
            assert (a.box_xywh, a.verdict, a.peak) == (b.box_xywh, b.verdict, b.peak)
            assert a.score != b.score

    @pytest.mark.parametrize(("peak", "score"), [(1.2, 1.0), (math.nan, 0.0)])
    def test_odd_peaks_stay_in_range(self, start, paint, see, peak, score):
        see(peak, Verdict.LOST)
        found = start().track(paint(BOX))
        assert found.score == score and math.isfinite(found.peak)

    def test_change_of_size_is_that_of_the_box(self, start, paint):
        x, y, w, h = BOX
        frame = paint((x - 6, y - 6, w + 12, h + 12))
        found = start().track(frame)
        assert found.size_change == size_change(BOX, found.box_xywh) > 0.01

    def test_second_ratio_of_a_twin_is_high(self, start, paint):
        tracker = start()
        alone = tracker.track(paint(BOX)).second_ratio
        frame = paint(BOX)
        twin = frame[60:96, 90:130]
        frame[60:96, 130:170] = twin  # beside it, within the search region
        assert alone + 0.3 < tracker.track(frame).second_ratio <= 1


class TestGivenBox:
    def test_is_certain(self, start, paint):
        given = start(CURVE).correct(paint(BOX), BOX)
        assert (given.score, given.peak, given.second_ratio) == (1.0, 1.0, 0.0)


class TestPreset:
    @pytest.fixture(autouse=True)
    def fitted_preset(self, monkeypatch):
        preset = find_preset("lite")
        tracker = replace(preset.tracker, calibration=CURVE)
        monkeypatch.setitem(PRESETS, "lite", replace(preset, tracker=tracker))

    def test_curve_of_the_preset_is_used(self):
        assert Tracker.from_preset("lite", device="cpu").config.calibration == CURVE

    def test_curve_is_not_used_for_other_weights(self):
        own = default_weights("lite")
        tracker = Tracker.from_preset("lite", weights=own, device="cpu")
        assert not tracker.config.calibration.is_fitted

    def test_other_weights_can_have_a_curve_of_their_own(self):
        settings = {"calibration.is_fitted": True, "calibration.peak": 7.0}
        tracker = Tracker.from_preset(
            "lite", weights=default_weights("lite"), settings=settings, device="cpu"
        )
        assert tracker.config.calibration == CalibrationConfig(is_fitted=True, peak=7.0)


class TestLearnCorrections:
    @pytest.mark.parametrize("learn", [True, False])
    def test_says_whether_the_regressor_learns(
        self, lite_network, quick_config, paint, learn
    ):
        regression = replace(quick_config.regression, learn_corrections=learn)
        config = replace(quick_config, regression=regression)
        tracker = Tracker(lite_network, config, device="cpu", keep_score_maps=False)
        tracker.init(paint(BOX), BOX)
        target = tracker._targets._find(None)
        model = target._regressor.current_model().clone()
        samples = target._classifier.memory.nbytes
        other = (60.0, 40.0, 52.0, 30.0)
        tracker.correct(paint(other), other)
        assert torch.equal(target._regressor.current_model(), model) is not learn
        assert target._classifier.memory.nbytes > samples
        assert tracker._targets.box_xywh(None) == other


EVIDENCE = Evidence(peak=0.4, second_ratio=0.5, size_change=0.1, is_lost=False)
FULL_CURVE = CalibrationConfig(
    is_fitted=True,
    bias=-1.0,
    peak=5.0,
    second_ratio=-2.0,
    size_change=-3.0,
    is_lost=-1.0,
)


class TestEstimateConfidence:
    @pytest.mark.parametrize(
        ("peak", "expected"), [(0.4, 0.4), (1.3, 1.0), (-0.2, 0.0)]
    )
    def test_without_a_curve_it_is_the_peak(self, peak, expected):
        evidence = replace(EVIDENCE, peak=peak)
        assert estimate_confidence(evidence, CalibrationConfig()) == expected

    def test_curve_by_hand(self):
        # -1 + 5 * 0.4 - 2 * 0.5 - 3 * 0.1 = -0.3
        assert estimate_confidence(EVIDENCE, FULL_CURVE) == pytest.approx(0.4255575)

    @pytest.mark.parametrize("bias", [-1e6, 1e6])
    def test_extremes_stay_probabilities(self, bias):
        confidence = estimate_confidence(EVIDENCE, replace(FULL_CURVE, bias=bias))
        assert 0 <= confidence <= 1
        assert round(confidence) == (bias > 0)


class TestSizeChange:
    @pytest.mark.parametrize(
        ("after", "expected"),
        [
            pytest.param((5, 5, 10, 10), 0.0, id="moved"),
            pytest.param((0, 0, 20, 10), 0.6931472, id="twice"),
            pytest.param((0, 0, 5, 10), 0.6931472, id="half"),
            pytest.param((0, 0, 20, 5), 0.0, id="other_shape"),
            pytest.param((0, 0, 0, 5), 0.0, id="no_area"),
        ],
    )
    def test_value(self, after, expected):
        assert size_change((0, 0, 10, 10), after) == pytest.approx(expected)
