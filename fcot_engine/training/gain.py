"""Whether new weights helped: paired differences with an interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fcot_engine.config.adaptation import CheckConfig
from fcot_engine.errors import ShapeError

__all__ = ["Gain", "compare"]

_RESAMPLES = 4000


@dataclass(frozen=True)
class Gain:
    """What the held-out runs say."""

    n_runs: int
    """Runs that both were measured on."""
    before: float
    """Mean overlap with the old weights in [0, 1]; NaN without runs."""
    after: float
    """The same with the new ones."""
    low: float
    """Lower end of the interval of the mean difference; NaN with too few runs."""
    high: float
    """Upper end."""
    confidence: float
    """Of the interval."""

    @property
    def mean(self) -> float:
        """Mean difference, new minus old."""
        return self.after - self.before

    @property
    def has_helped(self) -> bool:
        """Whether the whole interval lies above 0; False with too few runs."""
        return bool(self.low > 0)

    @property
    def text(self) -> str:
        """One sentence for people."""
        if np.isnan(self.low):
            return (
                f"Only {self.n_runs} runs could be held out, too few to tell whether "
                "the new weights help. Draw more boxes, or add projects."
            )
        figures = (
            f"mean overlap {self.before:.3f} before, {self.after:.3f} after, change "
            f"{self.mean:+.3f} ({self.confidence:.0%} interval {self.low:+.3f} to "
            f"{self.high:+.3f}, {self.n_runs} held-out runs)"
        )
        if self.has_helped:
            return f"The new weights helped: {figures}."
        if self.high < 0:
            return f"The new weights are worse: {figures}."
        return f"The new weights did not clearly help: {figures}."


def compare(
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    config: CheckConfig,
    *,
    seed: int = 0,
) -> Gain:
    """Compare the same runs with old and with new weights.

    The interval is a bootstrap over runs. Runs of one stretch are alike, so it is
    narrower than it should be.

    Args:
        before: mean overlap of each run, old weights, `(n,)`.
        after: the same, new weights.
        config: how many runs are enough, and the confidence.
        seed: of the bootstrap.

    Raises:
        ShapeError: not as many runs in both.

    Example:
        >>> runs = np.linspace(0.4, 0.6, 8)
        >>> compare(runs, runs + 0.1, CheckConfig()).has_helped
        True
    """
    if before.ndim != 1 or before.shape != after.shape:
        raise ShapeError(
            "before and after must have the same shape (n,), got "
            f"{before.shape} and {after.shape}."
        )
    n = len(before)
    low = high = np.nan
    if n >= config.min_runs:
        drawn = np.random.default_rng(seed).integers(0, n, (_RESAMPLES, n))
        means = (after - before)[drawn].mean(axis=1)
        tail = (1 - config.confidence) / 2
        low, high = (float(end) for end in np.quantile(means, (tail, 1 - tail)))
    return Gain(
        n_runs=n,
        before=float(before.mean()) if n else np.nan,
        after=float(after.mean()) if n else np.nan,
        low=low,
        high=high,
        confidence=config.confidence,
    )
