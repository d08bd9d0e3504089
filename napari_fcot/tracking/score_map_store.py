"""Score maps of one target, small enough to keep for every frame."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fcot_engine.tracker.results import ScoreMaps

__all__ = ["CompactScoreMap", "ScoreMapStore"]

MAX_BYTES = 256 * 2**20
"""About 50,000 frames of 72 x 72 cells; the oldest maps make room for new ones."""


@dataclass(frozen=True, eq=False)  # arrays do not compare to one bool
class CompactScoreMap:
    """The fused score map of one frame, one byte a cell."""

    values: NDArray[np.uint8]
    """Score 0 to 1 as 0 to 255, shape (rows, columns)."""
    origin_xy: tuple[float, float]
    """Centre of cell (0, 0) in image pixels."""
    cell_px: float
    """Distance of two neighbouring cells in image pixels."""

    @classmethod
    def from_score_maps(cls, maps: ScoreMaps) -> CompactScoreMap:
        """Keep the fused map of a tracker's answer."""
        scores = np.nan_to_num(maps.fused.astype(np.float32), nan=0.0)
        values = np.rint(scores.clip(0.0, 1.0) * 255).astype(np.uint8)
        return cls(values, maps.origin_xy, maps.cell_px)

    def paste(self, *, height: int, width: int, stride: int) -> NDArray[np.uint8]:
        """Lay the map over the frame, on a grid of `stride` x `stride` pixel cells.

        Args:
            height: rows of the grid.
            width: columns of the grid.
            stride: image pixels a grid cell covers.

        Returns:
            The nearest score for each cell of the grid, 0 outside of the map,
            shape (height, width).
        """
        rows, inside_rows = self._nearest(height, stride, axis=0)
        columns, inside_columns = self._nearest(width, stride, axis=1)
        pasted = np.zeros((height, width), dtype=np.uint8)
        pasted[np.ix_(inside_rows, inside_columns)] = self.values[np.ix_(rows, columns)]
        return pasted

    def _nearest(
        self, size: int, stride: int, *, axis: int
    ) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Find which cell of the map each grid cell along one axis shows, if any."""
        centres_px = (np.arange(size) + 0.5) * stride
        origin_px = self.origin_xy[1 - axis]
        cells = np.floor((centres_px - origin_px) / self.cell_px + 0.5).astype(np.intp)
        inside = (cells >= 0) & (cells < self.values.shape[axis])
        return cells[inside], inside


class ScoreMapStore:
    """Score maps by frame number; forgets the oldest when it grows too large."""

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        self._maps: OrderedDict[int, CompactScoreMap] = OrderedDict()
        self._max_bytes = max_bytes
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._maps)

    def get(self, frame_index: int) -> CompactScoreMap | None:
        """Return the map of a frame, or None where there is none."""
        return self._maps.get(frame_index)

    def put(self, frame_index: int, maps: ScoreMaps | None) -> None:
        """Keep the map of a frame; None takes an outdated one away."""
        self._drop(frame_index)
        if maps is None:
            return
        compact = CompactScoreMap.from_score_maps(maps)
        self._maps[frame_index] = compact
        self._bytes += compact.values.nbytes
        while self._bytes > self._max_bytes and len(self._maps) > 1:
            self._drop(next(iter(self._maps)))

    def _drop(self, frame_index: int) -> None:
        old = self._maps.pop(frame_index, None)
        if old is not None:
            self._bytes -= old.values.nbytes
