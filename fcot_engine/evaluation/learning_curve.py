"""What more training may be expected to bring, from scores at some numbers of samples.

The model is a straight line of the score over log10(samples), by least squares; scores
have a known noise. A line is as much as three to six noisy points can carry, and it is
believed for the next leg alone: nothing is said beyond ten times the samples seen,
since a score must flatten somewhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fcot_engine.errors import ConfigError

__all__ = ["CurvePoint", "Forecast", "LearningCurve", "fit_learning_curve"]

NOISE = 0.02
"""Standard deviation of the mean AUC of 21 sequences, as met between equal runs with
slightly other settings (fcot_engine/weights/README.md)."""
MOST_GROWTH = 10.0
Z = 1.96
"""Half of a 95 % interval in standard deviations."""


@dataclass(frozen=True)
class CurvePoint:
    """One measured score."""

    samples: int
    """Sequences seen in training."""
    score: float
    """In [0, 1], such as the AUC."""


@dataclass(frozen=True)
class Forecast:
    """What is expected at a number of samples."""

    samples: int
    score: float
    low: float
    """Lower end of the 95 % interval of what will be measured."""
    high: float
    """Upper end."""
    gain: float
    """Of the line, over where it is at the samples seen last."""
    gain_error: float
    """Half of the 95 % interval of that gain."""

    @property
    def is_told_from_none(self) -> bool:
        """Whether the gain is larger than its uncertainty."""
        return self.gain > self.gain_error


@dataclass(frozen=True)
class LearningCurve:
    """A line over log10(samples), and how far it is known."""

    points: tuple[CurvePoint, ...]
    noise: float
    """Standard deviation of a measured score."""
    middle: float
    """Mean of log10(samples) of the points, where height and slope are independent."""
    height: float
    """Score there."""
    slope: float
    """Score gained by ten times the samples."""
    spread: float
    """Sum of squared distances of the points to `middle`."""

    @property
    def slope_error(self) -> float:
        """Half of the 95 % interval of the slope."""
        return Z * self.noise / math.sqrt(self.spread)

    def score_at(self, samples: int) -> float:
        """The line at a number of samples."""
        return self.height + self.slope * (math.log10(samples) - self.middle)

    def forecast(self, samples: int) -> Forecast:
        """Say what is expected of training up to so many samples.

        Raises:
            ConfigError: fewer samples than were seen, or more than ten times as many.
        """
        seen = self.points[-1].samples
        if not seen < samples <= MOST_GROWTH * seen:
            raise ConfigError(
                f"A forecast goes from {seen + 1} to {MOST_GROWTH * seen:.0f} samples, "
                f"ten times those seen; got {samples}."
            )
        place = math.log10(samples) - self.middle
        variance = self.noise**2 * (1 + 1 / len(self.points) + place**2 / self.spread)
        score, error = self.score_at(samples), Z * math.sqrt(variance)
        step = math.log10(samples / seen)
        return Forecast(
            samples=samples,
            score=score,
            low=score - error,
            high=score + error,
            gain=self.slope * step,
            gain_error=self.slope_error * step,
        )

    def describe(self, samples: int) -> str:
        """One sentence on what training up to so many samples should bring."""
        told = self.forecast(samples)
        seen = self.points[-1].samples
        gain = f"{told.gain:+.3f} +- {told.gain_error:.3f}"
        expected = f"{told.score:.3f} (95 %: {told.low:.3f} to {told.high:.3f})"
        begin = f"From {seen} to {samples} samples the line gains {gain}"
        if told.is_told_from_none:
            return f"{begin}; expected is {expected}."
        return (
            f"{begin}: {len(self.points)} points with a noise of {self.noise:g} cannot "
            f"tell this from no gain. The line stands at {expected}."
        )


def fit_learning_curve(
    points: Sequence[CurvePoint], *, noise: float = NOISE
) -> LearningCurve:
    """Fit a line to measured scores.

    The noise is taken as known, and as larger where the points scatter more.

    Args:
        points: at least two with different numbers of samples above 0; those of 0
            samples, without training, are no part of a line over a logarithm.
        noise: standard deviation of a measured score.

    Raises:
        ConfigError: too few points, or the noise is not above 0.
    """
    if noise <= 0:
        raise ConfigError(f"noise must be above 0, got {noise:g}.")
    used = sorted((p for p in points if p.samples > 0), key=lambda p: p.samples)
    if len({p.samples for p in used}) < 2:
        raise ConfigError(
            "A learning curve needs scores at two numbers of samples above 0, got "
            f"{len(used)} score(s). Evaluate after another leg."
        )
    x = np.log10([p.samples for p in used])
    y = np.array([p.score for p in used])
    middle, height = float(x.mean()), float(y.mean())
    spread = float(((x - middle) ** 2).sum())
    slope = float(((x - middle) * (y - height)).sum()) / spread
    if len(used) > 2:
        rest = y - height - slope * (x - middle)
        noise = max(noise, float(np.sqrt((rest**2).sum() / (len(used) - 2))))
    return LearningCurve(
        points=tuple(used),
        noise=noise,
        middle=middle,
        height=height,
        slope=slope,
        spread=spread,
    )
