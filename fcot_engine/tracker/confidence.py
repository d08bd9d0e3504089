"""From what was seen in a frame to the chance that its box is right.

A box is right if its IoU with the target is at least 0.5. A peak of 0.3 means different
things with different weights, and less where a second peak is nearly as high, so a
logistic curve over four observations is fitted to frames whose truth is known
(`evaluation.calibration`). It is monotone in each of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from fcot_engine.config import CalibrationConfig
from fcot_engine.geometry import BoxXywh

LARGEST_LOGIT = 30.0
"""Keeps the exponential in range."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What speaks for and against a box, without knowing the truth."""

    peak: float
    """Fused score of the chosen cell."""
    second_ratio: float
    """Second peak over first, in [0, 1]."""
    size_change: float
    """See `size_change`."""
    is_lost: bool
    """Whether the target was not seen, so that the box is an old one."""

    def as_numbers(self) -> tuple[float, float, float, float]:
        """Return what `CalibrationConfig.weights` are for, in that order."""
        peak = min(max(self.peak, 0.0), 1.0)
        return peak, self.second_ratio, self.size_change, float(self.is_lost)


def size_change(before_xywh: BoxXywh, after_xywh: BoxXywh) -> float:
    """Change of size between two boxes: |ln(area after / area before)|.

    Example:
        >>> round(size_change((0.0, 0.0, 10.0, 10.0), (5.0, 5.0, 10.0, 11.0)), 3)
        0.095
    """
    before, after = before_xywh[2] * before_xywh[3], after_xywh[2] * after_xywh[3]
    if not (before > 0 and after > 0):
        return 0.0
    return abs(math.log(after / before))


def estimate_confidence(evidence: Evidence, config: CalibrationConfig) -> float:
    """Return the estimated chance that the box is right, in [0, 1].

    Without a fitted curve it is the peak as it is.
    """
    numbers = evidence.as_numbers()
    if not config.is_fitted:
        return numbers[0]
    logit = config.bias
    for number, weight in zip(numbers, config.weights, strict=True):
        logit += weight * number
    logit = min(max(logit, -LARGEST_LOGIT), LARGEST_LOGIT)
    return 1 / (1 + math.exp(-logit))
