"""Peaks of a frame's score map, for a person to pick the right one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.nn import functional as F

from fcot_engine.geometry import BoxXywh
from fcot_engine.ops import Peak, refine_peak
from fcot_engine.tracker import ScoreMaps

__all__ = ["ScorePeak", "box_around", "find_peaks", "nearest_peak"]


@dataclass(frozen=True)
class ScorePeak:
    """A place where the classifiers see something like the target."""

    center_xy: tuple[float, float]
    """Image pixels."""
    score: float
    """Fused score (Eq. 1 of the paper), about 0 to 1."""


def find_peaks(
    maps: ScoreMaps,
    size_wh: tuple[float, float],
    *,
    limit: int = 5,
    least_ratio: float = 0.2,
) -> list[ScorePeak]:
    """Return the peaks of the fused map that are not parts of one another.

    Args:
        maps: of one frame.
        size_wh: size of the target in image pixels; of two peaks nearer than half of
            it along both axes the lower one belongs to the higher one.
        limit: the most peaks.
        least_ratio: height of a peak over that of the first, at least.

    Returns:
        The highest first; none where no score is positive.
    """
    cell_px = maps.fused.cell_px
    fused = torch.from_numpy(maps.fused.values.astype("f4"))
    around = F.max_pool2d(fused[None, None], 3, stride=1, padding=1)[0, 0]
    rows, columns = torch.nonzero((fused == around) & (fused > 0), as_tuple=True)
    order = fused[rows, columns].argsort(descending=True, stable=True).tolist()
    found: list[Peak] = []
    for row, column in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
        value = float(fused[row, column])
        if len(found) == limit or (found and value < least_ratio * found[0].value):
            break
        if not any(
            abs(column - peak.column) * cell_px < size_wh[0] / 2
            and abs(row - peak.row) * cell_px < size_wh[1] / 2
            for peak in found
        ):
            found.append(Peak(row, column, value))
    return [_in_image(maps, peak, refine_peak(fused, peak)) for peak in found]


def nearest_peak(
    peaks: Sequence[ScorePeak], point_xy: tuple[float, float], *, reach_px: float
) -> ScorePeak | None:
    """Return the peak that a click means, or None if none is within reach."""
    near = [p for p in peaks if math.dist(p.center_xy, point_xy) <= reach_px]
    return min(near, key=lambda p: math.dist(p.center_xy, point_xy), default=None)


def box_around(center_xy: tuple[float, float], size_wh: tuple[float, float]) -> BoxXywh:
    """Return the box of a size around a place.

    Example:
        >>> box_around((50.0, 40.0), (20.0, 10.0))
        (40.0, 35.0, 20.0, 10.0)
    """
    (x, y), (w, h) = center_xy, size_wh
    return x - w / 2, y - h / 2, w, h


def _in_image(maps: ScoreMaps, peak: Peak, place: tuple[float, float]) -> ScorePeak:
    return ScorePeak(maps.fused.to_image(*place), peak.value)
