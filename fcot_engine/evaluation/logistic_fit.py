"""Fitting a logistic curve whose weights have known signs.

Frames of one sequence are much alike, so there is less to learn from than their number
says. How strongly the weights are held back is chosen by leaving out one sequence at a
time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["LogisticCurve", "choose_ridge", "fit_logistic"]

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]

RIDGES = (1.0, 10.0, 100.0, 1000.0)
DEFAULT_RIDGE = 10.0
STEPS = 50
CONVERGED = 1e-10
SMALLEST_STEP = 1e-6
LARGEST_LOGIT = 500.0
"""Keeps the exponential in range."""


@dataclass(frozen=True, eq=False)  # arrays do not compare to one bool
class LogisticCurve:
    """Chance of yes as a function of some observations."""

    bias: float
    weights: Values
    """One an observation, shape (k,)."""

    def loss(self, numbers: Values, is_yes: Flags) -> float:
        """Cross-entropy, summed over observations of shape (n, k)."""
        return _entropy(numbers @ self.weights + self.bias, is_yes)


def fit_logistic(
    numbers: Values, is_yes: Flags, *, signs: Values, ridge: float
) -> LogisticCurve:
    """Fit a curve; an observation that would get the wrong sign is left out.

    Args:
        numbers: observations, shape (n, k).
        is_yes: what came of them, shape (n,); not all the same.
        signs: 1 where the chance may only rise with an observation, -1 where it may
            only fall, shape (k,).
        ridge: pull of the weights towards 0, where those are of observations brought
            to a spread of 1, in frames.
    """
    mean, spread = numbers.mean(axis=0), numbers.std(axis=0)
    used = spread > 0
    spread = np.where(used, spread, 1.0)
    inputs = (numbers - mean) / spread
    while True:
        solved = _solve(inputs[:, used], is_yes, ridge)
        weights = np.zeros(len(signs))
        weights[used] = solved[1:]
        if not (weights * signs < 0).any():
            break
        used[np.argmin(weights * signs)] = False
    weights = weights / spread
    return LogisticCurve(float(solved[0] - weights @ mean), weights)


def choose_ridge(
    numbers: Values, is_yes: Flags, groups: Sequence[str], *, signs: Values
) -> float:
    """Return the ridge of `RIDGES` that predicts groups left out of the fit best.

    Args:
        numbers: see `fit_logistic`, as `is_yes` and `signs`.
        is_yes: see `numbers`.
        groups: name of the sequence of each row; with one alone nothing can be left
            out, and the ridge is `DEFAULT_RIDGE`.
        signs: see `numbers`.
    """
    losses = dict.fromkeys(RIDGES, 0.0)
    names = np.array(groups)
    is_known = False
    for name in sorted(set(groups)):
        left_out = names == name
        rest = is_yes[~left_out]
        if rest.all() or not rest.any():
            continue
        is_known = True
        for ridge in RIDGES:
            curve = fit_logistic(numbers[~left_out], rest, signs=signs, ridge=ridge)
            losses[ridge] += curve.loss(numbers[left_out], is_yes[left_out])
    return min(losses, key=losses.__getitem__) if is_known else DEFAULT_RIDGE


def _solve(inputs: Values, is_yes: Flags, ridge: float) -> Values:
    """Bias and weights, by damped Newton steps; the bias is not held back."""
    rows = np.column_stack([np.ones(len(inputs)), inputs])
    pull = np.diag([1e-9] + [ridge] * inputs.shape[1])

    def measure(point: Values) -> float:
        return _entropy(rows @ point, is_yes) + float(point @ pull @ point) / 2

    solved = np.zeros(rows.shape[1])
    loss = measure(solved)
    for _ in range(STEPS):
        chance = _logistic(rows @ solved)
        slope = rows.T @ (chance - is_yes) + pull @ solved
        bend = (rows * (chance * (1 - chance))[:, None]).T @ rows + pull
        step, length = np.linalg.solve(bend, slope), 1.0
        while (new := measure(solved - length * step)) > loss:
            length /= 2
            if length < SMALLEST_STEP:
                return solved
        solved, gain, loss = solved - length * step, loss - new, new
        if gain < CONVERGED:
            break
    return solved


def _entropy(logits: Values, is_yes: Flags) -> float:
    return float(np.logaddexp(0.0, np.where(is_yes, -logits, logits)).sum())


def _logistic(logits: Values) -> Values:
    limited = np.clip(logits, -LARGEST_LOGIT, LARGEST_LOGIT)
    return np.asarray(1 / (1 + np.exp(-limited)))
