"""How far two orders of the same things agree."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["correlate_ranks"]

_LEAST = 3


def correlate_ranks(a: NDArray[np.float64], b: NDArray[np.float64]) -> float | None:
    """Return Spearman's rank correlation; equal values share their mean rank.

    Args:
        a: one value a thing, shape (n,).
        b: another value of each, shape (n,).

    Returns:
        From -1 to 1; None for less than three things, or where all are equal.

    Example:
        >>> correlate_ranks(np.array([1.0, 2.0, 9.0]), np.array([5.0, 6.0, 7.0]))
        1.0
    """
    if len(a) < _LEAST:
        return None
    ranks = np.stack([_rank(a), _rank(b)])
    off = ranks - ranks.mean(axis=1, keepdims=True)
    spread = float(np.sqrt((off**2).sum(axis=1).prod()))
    return None if spread == 0 else float((off[0] * off[1]).sum()) / spread


def _rank(values: NDArray[np.float64]) -> NDArray[np.float64]:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    mean_ranks = counts.cumsum() - (counts - 1) / 2
    return np.asarray(mean_ranks[place])
