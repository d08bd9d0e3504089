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

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]

RIDGES = (1.0, 10.0, 100.0, 1000.0)
DEFAULT_RIDGE = 10.0


@dataclass(frozen=True, eq=False)  # arrays do not compare to one bool
class LogisticCurve:
    """Chance of yes as a function of some observations."""

    bias: float
    weights: Values
    """One an observation, shape (k,)."""

    def loss(self, numbers: Values, is_yes: Flags) -> float:
        """Cross-entropy, summed over observations of shape (n, k)."""
        logits = numbers @ self.weights + self.bias
        return float(np.logaddexp(0.0, np.where(is_yes, -logits, logits)).sum())


def fit_logistic(
    numbers: Values, is_yes: Flags, *, signs: Values, ridge: float
) -> LogisticCurve:
    """Fit a curve; an observation that would get the wrong sign has weight 0.

    Args:
        numbers: observations, shape (n, k).
        is_yes: what came of them, shape (n,); not all the same.
        signs: 1 where the chance may only rise with an observation, -1 where it may
            only fall, shape (k,).
        ridge: pull of the weights towards 0, where those are of observations brought
            to a spread of 1, in frames.
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    mean, spread = numbers.mean(axis=0), numbers.std(axis=0)
    is_used = spread > 0
    spread = np.where(is_used, spread, 1.0)
    rows = np.column_stack([np.ones(len(numbers)), (numbers - mean) / spread])
    pull = np.array([0.0] + [ridge] * len(signs))

    def measure(point: Values) -> tuple[float, Values]:
        """Loss and slope at a bias and weights."""
        logits = rows @ point
        loss = np.logaddexp(0.0, np.where(is_yes, -logits, logits)).sum()
        slope = rows.T @ (expit(logits) - is_yes) + pull * point
        return float(loss + point @ (pull * point) / 2), slope

    bounds = [(None, None)] + [
        (0.0 if sign > 0 or not used else None, 0.0 if sign < 0 or not used else None)
        for sign, used in zip(signs, is_used, strict=True)
    ]
    solved = minimize(
        measure,
        np.zeros(len(bounds)),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"ftol": 1e-14, "gtol": 1e-7, "maxiter": 1000},
    ).x
    weights = solved[1:] / spread
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
