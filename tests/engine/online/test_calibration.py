from __future__ import annotations

from dataclasses import replace

import pytest

from fcot_engine.config import CalibrationConfig
from fcot_engine.tracker.confidence import Evidence, estimate_confidence, size_change

EVIDENCE = Evidence(peak=0.4, second_ratio=0.5, size_change=0.1, is_lost=False)
CURVE = CalibrationConfig(
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
        assert estimate_confidence(EVIDENCE, CURVE) == pytest.approx(0.4255575)

    def test_each_observation_moves_it_one_way(self):
        now = estimate_confidence(EVIDENCE, CURVE)
        assert estimate_confidence(replace(EVIDENCE, peak=0.5), CURVE) > now
        for worse in ({"second_ratio": 0.6}, {"size_change": 0.2}, {"is_lost": True}):
            assert estimate_confidence(replace(EVIDENCE, **worse), CURVE) < now

    @pytest.mark.parametrize("bias", [-1e6, 1e6])
    def test_extremes_stay_probabilities(self, bias):
        confidence = estimate_confidence(EVIDENCE, replace(CURVE, bias=bias))
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
