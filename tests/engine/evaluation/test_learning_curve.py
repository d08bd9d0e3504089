from __future__ import annotations

import math

import numpy as np
import pytest

from fcot_engine.errors import ConfigError
from fcot_engine.evaluation import CurvePoint, fit_learning_curve


def line(samples, *, slope=0.1, start=0.2):
    return CurvePoint(samples, start + slope * math.log10(samples))


class TestFit:
    def test_points_on_a_line_give_that_line(self):
        fit = fit_learning_curve([line(n) for n in (100, 1000, 10_000)])
        assert fit.slope == pytest.approx(0.1)
        assert fit.score_at(5000) == pytest.approx(line(5000).score)

    def test_order_and_untrained_points_do_not_matter(self):
        points = [line(10_000), CurvePoint(0, 0.9), line(100)]
        fit = fit_learning_curve(points)
        assert fit.slope == pytest.approx(0.1)
        assert [p.samples for p in fit.points] == [100, 10_000]

    def test_scatter_beyond_the_noise_widens_it(self):
        points = [CurvePoint(n, s) for n, s in ((10, 0.1), (100, 0.6), (1000, 0.2))]
        assert fit_learning_curve(points, noise=0.01).noise > 0.2

    def test_scatter_below_the_noise_is_luck(self):
        points = [line(n) for n in (10, 100, 1000)]
        assert fit_learning_curve(points, noise=0.05).noise == 0.05

    @pytest.mark.parametrize(
        "points",
        [
            pytest.param([], id="none"),
            pytest.param([CurvePoint(0, 0.5), CurvePoint(9, 0.6)], id="one_trained"),
            pytest.param([CurvePoint(9, 0.5), CurvePoint(9, 0.6)], id="one_place"),
        ],
    )
    def test_one_place_is_not_enough(self, points):
        with pytest.raises(ConfigError, match="two numbers of samples above 0"):
            fit_learning_curve(points)

    def test_noise_must_be_above_0(self):
        with pytest.raises(ConfigError, match="noise must be above 0"):
            fit_learning_curve([line(10), line(100)], noise=0)


class TestForecast:
    def test_value_by_hand(self):
        """Two points a decade apart: errors of the slope are those of a difference."""
        fit = fit_learning_curve([line(100), line(1000)], noise=0.02)
        told = fit.forecast(10_000)
        assert told.score == pytest.approx(line(10_000).score)
        assert told.gain == pytest.approx(0.1)
        assert told.gain_error == pytest.approx(1.96 * 0.02 * math.sqrt(2))
        # height 1 / 2, slope 1.5^2 / 0.5, and the noise of the measurement to come
        error = 1.96 * 0.02 * math.sqrt(1 + 1 / 2 + 4.5)
        assert told.high - told.score == pytest.approx(error)

    def test_interval_holds_what_is_measured_in_95_of_100_cases(self):
        generator = np.random.default_rng(4)
        held = 0
        for _ in range(2000):
            points = [
                CurvePoint(n, line(n).score + 0.02 * generator.standard_normal())
                for n in (1000, 2000, 5000, 9000)
            ]
            fit = fit_learning_curve(points, noise=0.02)
            told = fit.forecast(30_000)
            measured = line(30_000).score + 0.02 * generator.standard_normal()
            held += told.low <= measured <= told.high
        assert 0.93 < held / 2000 < 0.99

    def test_small_gain_is_not_told_from_none(self):
        fit = fit_learning_curve([CurvePoint(17_344, 0.620), CurvePoint(34_144, 0.622)])
        assert not fit.forecast(68_000).is_told_from_none
        assert "cannot tell this from no gain" in fit.describe(68_000)

    def test_large_gain_is(self):
        fit = fit_learning_curve([line(n) for n in (10, 1000, 100_000)], noise=0.01)
        assert fit.forecast(500_000).is_told_from_none
        assert "cannot" not in fit.describe(500_000)

    @pytest.mark.parametrize("samples", [500, 1000, 10_001])
    def test_far_away_nothing_is_said(self, samples):
        fit = fit_learning_curve([line(100), line(1000)])
        with pytest.raises(ConfigError, match=r"from 1001 to 10000 samples"):
            fit.forecast(samples)
