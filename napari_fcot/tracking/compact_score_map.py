"""One score map with one byte a cell, and where its cells lie in the image."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from fcot_engine.config import COARSE_STRIDE, FINE_STRIDE

__all__ = ["CompactScoreMap", "MapKind", "coarse_cells_of"]

_RATIO = COARSE_STRIDE // FINE_STRIDE


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


def coarse_cells_of(
    scores: NDArray[Any], origin_xy: tuple[float, float], cell_px: float
) -> tuple[NDArray[np.float32], tuple[float, float], float]:
    """Take a coarse map that was resampled to the fine grid back to its own cells.

    The engine resamples it by bicubic interpolation, which is linear in the scores and
    loses none of them. So they are what solves it in the sense of least squares.

    Args:
        scores: coarse scores on the fine grid. Those of cell centres have a multiple of
            4 rows and columns, those of cell corners one more. A map of any other size
            stays as it is.
        origin_xy: centre of the fine cell (0, 0) in image pixels.
        cell_px: distance of two neighbouring fine cells in image pixels.

    Returns:
        The scores, and origin and distance of the coarse cells.
    """
    fine = scores.astype(np.float32)
    corners = {size % _RATIO for size in fine.shape}
    if corners not in ({0}, {1}) or min(fine.shape) <= _RATIO:
        return fine, origin_xy, cell_px
    is_corners = corners == {1}
    rows, columns = (_undo_resampling(size, is_corners) for size in fine.shape)
    # corners share their outermost ones; of centres, the first coarse one lies in the
    # middle of the first four fine ones
    shift_px = 0.0 if is_corners else cell_px * (_RATIO - 1) / 2
    origin = origin_xy[0] + shift_px, origin_xy[1] + shift_px
    return rows @ np.nan_to_num(fine) @ columns.T, origin, cell_px * _RATIO


@lru_cache(maxsize=8)
def _undo_resampling(n_fine: int, is_corners: bool) -> NDArray[np.float32]:
    """Return the matrix from fine to coarse cells along one axis."""
    n_coarse = n_fine // _RATIO + is_corners
    resampled = F.interpolate(
        torch.eye(n_coarse, dtype=torch.float64)[None, :, None],
        size=(1, n_fine),
        mode="bicubic",
        align_corners=is_corners,
    )[0, :, 0]  # (coarse, fine)
    undo: NDArray[np.float32] = np.linalg.pinv(resampled.numpy().T).astype(np.float32)
    return undo
