"""The peaks of a kept score map: places that look like the target."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from fcot_engine.ops import Peak, refine_peak
from napari_fcot.tracking.compact_score_map import CompactScoreMap, MapKind
from napari_fcot.tracking.score_map_store import ScoreMapStore

__all__ = ["MapPeak", "find_map_peaks", "nearest_peak", "peaks_of_frame"]

MAX_PEAKS = 6
MIN_RATIO = 0.2
"""Lower ones, compared to the first, are ripples."""
MIN_SCORE = 0.05
"""In a frame without the target the first peak is a ripple, too."""
_REACH_CELLS = 2
"""A peak is the highest of the 5 x 5 cells around it."""


@dataclass(frozen=True)
class MapPeak:
    """A local maximum of a score map."""

    x: float
    """Image pixels, between the cells by a parabola."""
    y: float
    """Image pixels."""
    score: float
    """Height in [0, 1]."""
    ratio: float
    """Height over that of the first peak, in (0, 1]."""


def peaks_of_frame(
    store: ScoreMapStore | None, frame_index: int, kind: MapKind = MapKind.FUSED
) -> tuple[MapPeak, ...]:
    """Return the peaks of a frame, the highest first; none where there is no map."""
    scores = None if store is None else store.get(frame_index, kind)
    return () if scores is None else find_map_peaks(scores)


def find_map_peaks(
    scores: CompactScoreMap,
    *,
    max_peaks: int = MAX_PEAKS,
    min_ratio: float = MIN_RATIO,
) -> tuple[MapPeak, ...]:
    """Return the local maxima of a map, the highest first.

    Args:
        scores: a map of at least one cell.
        max_peaks: return no more than these.
        min_ratio: leave out peaks lower than this share of the first one.
    """
    values = scores.values
    first = int(values.max(initial=0))
    lowest = max(min_ratio * first, MIN_SCORE * 255)
    is_peak = (values == _highest_around(values)) & (values >= lowest)
    rows, columns = np.nonzero(is_peak)
    order = np.argsort(-values[rows, columns].astype(int), kind="stable")
    chosen: list[tuple[int, int]] = []
    for row, column in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
        if len(chosen) == max_peaks:
            break
        # cells of one flat top are one peak
        if all(
            max(abs(row - other[0]), abs(column - other[1])) > _REACH_CELLS
            for other in chosen
        ):
            chosen.append((row, column))
    heights = torch.from_numpy(values.astype(np.float32))
    return tuple(_describe(scores, heights, cell, first) for cell in chosen)


def nearest_peak(
    peaks: Sequence[MapPeak], point_xy: tuple[float, float], *, reach_px: float
) -> MapPeak | None:
    """Return the peak nearest to a place, or None where all are further off.

    Args:
        peaks: of one frame.
        point_xy: image pixels.
        reach_px: how far a peak may be away, in image pixels.
    """

    def distance(peak: MapPeak) -> float:
        return math.dist((peak.x, peak.y), point_xy)

    best = min(peaks, key=distance, default=None)
    return best if best is not None and distance(best) <= reach_px else None


def _highest_around(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the highest value among the cells around each cell and itself."""
    size = 2 * _REACH_CELLS + 1
    padded = np.pad(values, _REACH_CELLS)
    along_rows = sliding_window_view(padded, size, axis=0).max(axis=-1)
    highest: NDArray[np.uint8] = sliding_window_view(along_rows, size, axis=1).max(
        axis=-1
    )
    return highest


def _describe(
    scores: CompactScoreMap, heights: torch.Tensor, cell: tuple[int, int], first: int
) -> MapPeak:
    value = int(scores.values[cell])
    x, y = scores.to_image(*refine_peak(heights, Peak(*cell, value)))
    return MapPeak(x, y, value / 255, value / first)
