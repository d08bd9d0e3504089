"""From a score map to one location and a verdict."""

from __future__ import annotations

import enum
import functools
from dataclasses import dataclass

import torch
from torch import Tensor

from fcot_engine.config import FINE_STRIDE, LocalisationConfig
from fcot_engine.ops import Peak, find_peak, find_second_peak, refine_peak


class Verdict(enum.Enum):
    """How sure the tracker is that it follows the target."""

    GIVEN = "given"
    """A person drew the box of this frame."""
    FOUND = "found"
    """One clear peak."""
    HARD_NEGATIVE = "hard_negative"
    """The target is clear, but something near by looks like it and was learned from."""
    UNCERTAIN = "uncertain"
    """Two peaks of about the same height; the box takes the higher one, and nothing
    is learned."""
    LOST = "lost"
    """No peak is high enough; the box is the last known one."""


@dataclass(frozen=True)
class Location:
    """Where the target is in a patch."""

    peak: Peak
    """The chosen cell and its fused score, without the window."""
    second: float
    """Highest fused score away from it."""
    verdict: Verdict
    """What follows from the two."""
    row: float
    """The peak between the cells, by a parabola through its neighbours."""
    column: float
    """See `row`."""
    second_ratio: float = 0.0
    """Second peak over first, both with the window, in [0, 1]: 0 where there is no
    second one, 1 where the first is not positive either."""


def locate(
    fused: Tensor, target_wh: tuple[float, float], config: LocalisationConfig
) -> Location:
    """Choose the target's cell and judge it.

    Args:
        fused: score map on the fine grid, `(H, W)`.
        target_wh: last known size of the target in patch pixels.
        config: window and thresholds; thresholds apply to scores without the window,
            ratios compare two scores with it.

    Returns:
        The location; its verdict is LOST, UNCERTAIN, HARD_NEGATIVE or FOUND.
    """
    windowed = fused * _window(tuple(fused.shape), config.window).to(fused)
    first = find_peak(windowed)
    around = tuple(side * config.neighbourhood / FINE_STRIDE for side in target_wh)
    second = find_second_peak(windowed, first, size_cells=(around[0], around[1]))
    raw = float(fused[first.row, first.column])
    peak = Peak(first.row, first.column, raw)
    row, column = refine_peak(fused, peak)
    verdict = _judge(raw, first.value, second.value, config)
    ratio = _compare(first.value, second.value)
    return Location(peak, second.value, verdict, row, column, ratio)


def _compare(first: float, second: float) -> float:
    """Second over first, in [0, 1]; 1 where neither is a peak."""
    return min(max(second / first, 0.0), 1.0) if first > 0 else 1.0


def _judge(
    raw: float, first: float, second: float, config: LocalisationConfig
) -> Verdict:
    if not raw >= config.lost_threshold:  # also where a score is not a number
        return Verdict.LOST
    if second > config.distractor_ratio * first:
        return Verdict.UNCERTAIN
    if second > max(config.hard_negative_ratio * first, config.lost_threshold):
        return Verdict.HARD_NEGATIVE
    return Verdict.FOUND


@functools.lru_cache(maxsize=16)
def _window(shape: tuple[int, ...], strength: float) -> Tensor:
    """1 in the middle, `(1 - strength)` squared in the corners."""
    rows, columns = (
        1 - strength * (1 - torch.hann_window(n + 2, periodic=False)[1:-1])
        for n in shape
    )
    return rows[:, None] * columns[None, :]
