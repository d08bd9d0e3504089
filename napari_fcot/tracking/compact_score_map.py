"""One score map with one byte a cell, and where its cells lie in the image."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["CompactScoreMap", "MapKind"]


class MapKind(enum.Enum):
    """Which of a frame's score maps; the value is its name on the screen."""

    FUSED = "fused"
    """Both classifiers together, Eq. 1 of the paper: what decides on the place."""
    COARSE = "coarse"
    """The classifier at stride 16, 18 x 18 cells: what kind of thing it is."""
    FINE = "fine"
    """The classifier at stride 4, 72 x 72 cells: where exactly it is."""


@dataclass(frozen=True, eq=False)  # arrays do not compare to one bool
class CompactScoreMap:
    """A score map of one frame, one byte a cell."""

    values: NDArray[np.uint8]
    """Score 0 to 1 as 0 to 255, shape (rows, columns)."""
    origin_xy: tuple[float, float]
    """Centre of cell (0, 0) in image pixels."""
    cell_px: float
    """Distance of two neighbouring cells in image pixels."""

    @classmethod
    def from_scores(
        cls, scores: NDArray[Any], origin_xy: tuple[float, float], cell_px: float
    ) -> CompactScoreMap:
        """Round scores to bytes; what is no number counts as 0."""
        clean = np.nan_to_num(scores.astype(np.float32), nan=0.0)
        values = np.rint(clean.clip(0.0, 1.0) * 255).astype(np.uint8)
        return cls(values, origin_xy, cell_px)

    def to_image(self, row: float, column: float) -> tuple[float, float]:
        """Return where a cell, or a place between cells, is: x, y in image pixels."""
        x, y = self.origin_xy
        return x + self.cell_px * column, y + self.cell_px * row
