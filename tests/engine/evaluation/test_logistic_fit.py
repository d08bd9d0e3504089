from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.evaluation.logistic_fit import (
    DEFAULT_RIDGE,
    RIDGES,
    choose_ridge,
    fit_logistic,
)

SIGNS = np.array([1.0, -1.0])


def draw(n, weights=(4.0, -2.0), bias=-1.0, seed=0):
    """Observations, and answers with the chance of a known curve."""
    rng = np.random.default_rng(seed)
    numbers = rng.random((n, 2))
    chance = 1 / (1 + np.exp(-(numbers @ np.array(weights) + bias)))
    return numbers, rng.random(n) < chance


class TestFitLogistic:
    def test_known_curve(self):
        curve = fit_logistic(*draw(50_000), signs=SIGNS, ridge=1.0)
        np.testing.assert_allclose(curve.weights, (4.0, -2.0), rtol=0.05)
        assert curve.bias == pytest.approx(-1.0, abs=0.05)

    def test_is_the_minimum(self):
        numbers, answers = draw(300)
        best = fit_logistic(numbers, answers, signs=SIGNS, ridge=1e-6)
        for shift in np.eye(2) * 0.01:
            for way in (shift, -shift):
                other = type(best)(best.bias, best.weights + way)
                assert other.loss(numbers, answers) > best.loss(numbers, answers)

    def test_wrong_sign_is_left_out(self):
        data = draw(5000, weights=(4.0, 2.0))
        curve = fit_logistic(*data, signs=SIGNS, ridge=1.0)
        assert curve.weights[1] == 0.0 and curve.weights[0] > 3

    def test_all_of_the_wrong_sign_leaves_the_share(self):
        numbers, answers = draw(5000, weights=(-4.0, 2.0))
        curve = fit_logistic(numbers, answers, signs=SIGNS, ridge=1.0)
        np.testing.assert_array_equal(curve.weights, (0.0, 0.0))
        share = answers.mean()
        assert curve.bias == pytest.approx(np.log(share / (1 - share)), abs=1e-4)

    def test_more_ridge_means_smaller_weights(self):
        data = draw(500)
        sizes = [
            np.abs(fit_logistic(*data, signs=SIGNS, ridge=ridge).weights).sum()
            for ridge in RIDGES
        ]
        assert sizes == sorted(sizes, reverse=True)

    def test_loss_by_hand(self):
        curve = fit_logistic(*draw(50), signs=SIGNS, ridge=1.0)
        curve = type(curve)(0.0, np.zeros(2))
        numbers, answers = draw(3)
        assert curve.loss(numbers, answers) == pytest.approx(3 * np.log(2))


class TestChooseRidge:
    def test_sequences_that_agree_need_little(self):
        numbers, answers = draw(2000)
        groups = [str(row % 4) for row in range(2000)]
        assert choose_ridge(numbers, answers, groups, signs=SIGNS) < 100

    def test_sequences_that_contradict_need_much(self):
        # what is seen says much within a sequence, and the opposite in the next
        rng = np.random.default_rng(0)
        numbers = rng.random((800, 2))
        groups = [str(row // 100) for row in range(800)]
        way = np.array([1 if row // 100 % 2 else -1 for row in range(800)])
        answers = (numbers[:, 0] - 0.5) * way + rng.normal(0, 0.1, 800) > 0
        assert choose_ridge(numbers, answers, groups, signs=SIGNS) == max(RIDGES)

    def test_one_sequence_cannot_be_left_out(self):
        numbers, answers = draw(50)
        chosen = choose_ridge(numbers, answers, ["one"] * 50, signs=SIGNS)
        assert chosen == DEFAULT_RIDGE
