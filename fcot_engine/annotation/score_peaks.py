"""Peaks of a frame's score map, for a person to pick the right one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from fcot_engine.geometry import BoxXywh
from fcot_engine.ops import Peak, refine_peak
from fcot_engine.tracker import ScoreMap

_MAX_PEAKS = 6
_MIN_RATIO = 0.2
"""Lower ones, compared to the first, are ripples."""
_MIN_SCORE = 0.05
"""In a frame without the target the first peak is a ripple, too."""
_REACH_CELLS = 2
"""A peak is the highest of the 5 x 5 cells around it."""


@dataclass(frozen=True)
class ScorePeak:
    """A local maximum of a score map."""

    x: float
    """Image pixels, between the cells by a parabola."""
    y: float
    """Image pixels."""
    score: float
    """Height, about 0 to 1."""
    ratio: float
    """Height over that of the first peak, in (0, 1]."""


def find_peaks(
    scores: ScoreMap, *, max_peaks: int = _MAX_PEAKS, min_ratio: float = _MIN_RATIO
) -> tuple[ScorePeak, ...]:
    """Return the local maxima of a map, the highest first.

    Args:
        scores: a map of at least one cell.
        max_peaks: return no more than these.
        min_ratio: leave out peaks lower than this share of the first one.
    """
    from skimage.feature import peak_local_max

    heights = np.nan_to_num(scores.values.astype(np.float32), nan=0.0)
    first = float(heights.max(initial=0.0))
    cells = peak_local_max(  # type: ignore[no-untyped-call]
        heights,
        min_distance=_REACH_CELLS,
        threshold_abs=max(min_ratio * first, _MIN_SCORE),
        exclude_border=False,
        num_peaks=max_peaks,
    )
    as_tensor = torch.from_numpy(heights)
    peaks = []
    for row, column in cells.tolist():
        score = float(heights[row, column])
        x, y = scores.to_image(*refine_peak(as_tensor, Peak(row, column, score)))
        peaks.append(ScorePeak(x, y, score, score / first))
    return tuple(peaks)


def nearest_peak(
    peaks: Sequence[ScorePeak], point_xy: tuple[float, float], *, reach_px: float
) -> ScorePeak | None:
    """Return the peak nearest to a point, or None where all are further off.

    Args:
        peaks: of one frame.
        point_xy: image pixels.
        reach_px: how far a peak may be away, in image pixels.
    """

    def distance(peak: ScorePeak) -> float:
        return math.dist((peak.x, peak.y), point_xy)

    best = min(peaks, key=distance, default=None)
    return best if best is not None and distance(best) <= reach_px else None


def box_around(center_xy: tuple[float, float], size_wh: tuple[float, float]) -> BoxXywh:
    """Return the box of a size around a point.

    Example:
        >>> box_around((50.0, 40.0), (20.0, 10.0))
        (40.0, 35.0, 20.0, 10.0)
    """
    (x, y), (w, h) = center_xy, size_wh
    return x - w / 2, y - h / 2, w, h
