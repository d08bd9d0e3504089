"""Score maps of the frames that were tracked, and their peaks."""

from __future__ import annotations

import enum
import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from fcot_engine.ops import Peak, refine_peak
from fcot_engine.tracker import ScoreMap, ScoreMaps

__all__ = ["MapKind", "MapPeak", "ScoreMapStore", "find_map_peaks", "nearest_peak"]

MAX_BYTES = 256 * 2**20
"""About 12,000 frames; the oldest maps make room for new ones."""
MAX_PEAKS = 6
MIN_RATIO = 0.2
"""Lower ones, compared to the first, are ripples."""
MIN_SCORE = 0.05
"""In a frame without the target the first peak is a ripple, too."""
REACH_CELLS = 2
"""A peak is the highest of the 5 x 5 cells around it."""


class MapKind(enum.Enum):
    """Which of a frame's score maps; the value is the field of `ScoreMaps`."""

    FUSED = "fused"
    """Both classifiers together, Eq. 1 of the paper: what decides on the position."""
    COARSE = "coarse"
    """The classifier at stride 16, 18 x 18 cells: what kind of thing it is."""
    FINE = "fine"
    """The classifier at stride 4, 72 x 72 cells: where exactly it is."""


class ScoreMapStore:
    """Score maps by target and frame, as the tracker gave them.

    Args:
        max_bytes: above this, the oldest ones are forgotten, whosever they are. The
            newest one always stays.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._maps: OrderedDict[tuple[int, int], ScoreMaps] = OrderedDict()
        self._n_bytes = 0

    def __len__(self) -> int:
        return len(self._maps)

    def get(
        self, target_id: int, frame_index: int, kind: MapKind = MapKind.FUSED
    ) -> ScoreMap | None:
        """Return a map of a target in a frame, or None where there is none."""
        maps = self._maps.get((target_id, frame_index))
        found: ScoreMap | None = None if maps is None else getattr(maps, kind.value)
        return found

    def put(self, target_id: int, frame_index: int, maps: ScoreMaps | None) -> None:
        """Keep the maps of a frame; None takes outdated ones away."""
        self._drop((target_id, frame_index))
        if maps is None:
            return
        self._maps[target_id, frame_index] = maps
        self._n_bytes += _size_of(maps)
        while self._n_bytes > self._max_bytes and len(self._maps) > 1:
            self._drop(next(iter(self._maps)))

    def _drop(self, key: tuple[int, int]) -> None:
        maps = self._maps.pop(key, None)
        self._n_bytes -= 0 if maps is None else _size_of(maps)


def _size_of(maps: ScoreMaps) -> int:
    return sum(getattr(maps, kind.value).values.nbytes for kind in MapKind)


@dataclass(frozen=True)
class MapPeak:
    """A local maximum of a score map."""

    x: float
    """Image pixels, between the cells by a parabola."""
    y: float
    """Image pixels."""
    score: float
    """Height, about 0 to 1."""
    ratio: float
    """Height over that of the first peak, in (0, 1]."""


def find_map_peaks(
    scores: ScoreMap, *, max_peaks: int = MAX_PEAKS, min_ratio: float = MIN_RATIO
) -> tuple[MapPeak, ...]:
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
        min_distance=REACH_CELLS,
        threshold_abs=max(min_ratio * first, MIN_SCORE),
        exclude_border=False,
        num_peaks=max_peaks,
    )
    as_tensor = torch.from_numpy(heights)
    peaks = []
    for row, column in cells.tolist():
        score = float(heights[row, column])
        x, y = scores.to_image(*refine_peak(as_tensor, Peak(row, column, score)))
        peaks.append(MapPeak(x, y, score, score / first))
    return tuple(peaks)


def nearest_peak(
    peaks: Sequence[MapPeak], point_xy: tuple[float, float], *, reach_px: float
) -> MapPeak | None:
    """Return the peak nearest to a point, or None where all are further off.

    Args:
        peaks: of one frame.
        point_xy: image pixels.
        reach_px: how far a peak may be away, in image pixels.
    """

    def distance(peak: MapPeak) -> float:
        return math.dist((peak.x, peak.y), point_xy)

    best = min(peaks, key=distance, default=None)
    return best if best is not None and distance(best) <= reach_px else None
