"""Whether new weights helped: paired differences with an interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fcot_engine.config import CheckConfig
from fcot_engine.errors import ShapeError

__all__ = ["Gain", "compare"]

_RESAMPLES = 4000


@dataclass(frozen=True)
class Gain:
    """What the held-out runs say."""

    n_runs: int
    """Runs that both were measured on."""
    n_videos: int | None
    """Videos of these runs, none of which was learned from; None where the runs lie in
    other frames of the video that was."""
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
                f"Only {self._extent} could be held out, too few to tell whether the "
                "new weights help. Draw more boxes, or add projects."
            )
        figures = (
            f"mean overlap {self.before:.3f} before, {self.after:.3f} after, change "
            f"{self.mean:+.3f} ({self.confidence:.0%} interval {self.low:+.3f} to "
            f"{self.high:+.3f}, {self._extent})"
        )
        where = (
            "on other frames of this video"
            if self.n_videos is None
            else "on videos that were not learned from"
        )
        if self.has_helped:
            return f"The new weights helped {where}: {figures}."
        if self.high < 0:
            return f"The new weights are worse {where}: {figures}."
        return f"The new weights did not clearly help {where}: {figures}."

    @property
    def _extent(self) -> str:
        runs = _count(self.n_runs, "run")
        if self.n_videos is None:
            return runs
        return f"{runs} in {_count(self.n_videos, 'video')}"


def compare(
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    config: CheckConfig,
    *,
    groups: NDArray[np.int64] | None = None,
    seed: int = 0,
) -> Gain:
    """Compare the same runs with old and with new weights.

    The interval is a bootstrap over videos, and over the runs in each of those drawn:
    runs of one video are alike. Where there is one video alone it is over runs, and
    narrower than it should be.

    Args:
        before: mean overlap of each run, old weights, `(n,)`.
        after: the same, new weights.
        config: how many runs are enough, and the confidence.
        groups: number of the video of each run, `(n,)`; None for one video that was
            learned from. Fewer than two videos are too few.
        seed: of the bootstrap.

    Raises:
        ShapeError: not as many runs in all.

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
    if groups is not None and groups.shape != before.shape:
        raise ShapeError(
            f"groups must have the shape of the runs {before.shape}, got "
            f"{groups.shape}."
        )
    n = len(before)
    n_videos = None if groups is None else len(np.unique(groups))
    low = high = np.nan
    if n >= config.min_runs and n_videos != 1:
        groups = np.arange(n) if groups is None else groups
        means = _resample(after - before, groups, np.random.default_rng(seed))
        tail = (1 - config.confidence) / 2
        low, high = (float(end) for end in np.quantile(means, (tail, 1 - tail)))
    return Gain(
        n_runs=n,
        n_videos=n_videos,
        before=float(before.mean()) if n else np.nan,
        after=float(after.mean()) if n else np.nan,
        low=low,
        high=high,
        confidence=config.confidence,
    )


def _resample(
    values: NDArray[np.float64], groups: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Means of values of groups drawn with replacement, values drawn inside each."""
    members = [values[groups == group] for group in np.unique(groups)]
    sizes = np.array([len(each) for each in members])
    table = np.zeros((len(members), sizes.max()))
    for row, each in zip(table, members, strict=True):
        row[: len(each)] = each
    picked = rng.integers(0, len(members), (_RESAMPLES, len(members)))
    size = sizes[picked][..., None]  # (resamples, groups, 1)
    within = rng.integers(0, size, (*picked.shape, sizes.max()))
    counts = np.arange(sizes.max()) < size  # a small group fills a part of its row
    drawn = np.where(counts, table[picked[..., None], within], 0.0)
    means: NDArray[np.float64] = drawn.sum(axis=(1, 2)) / counts.sum(axis=(1, 2))
    return means


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
