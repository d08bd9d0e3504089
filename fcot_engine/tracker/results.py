"""What a tracker says about one frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fcot_engine.geometry import BoxXywh
from fcot_engine.online import Verdict as Verdict

__all__ = ["ScoreMaps", "TrackResult", "Verdict"]


@dataclass(frozen=True, eq=False)  # arrays do not compare to one bool
class ScoreMaps:
    """Where in one frame the classifiers see the target.

    Cell (row i, column j) of `fused` and `fine` is centred, in image pixels, at
    `origin_xy + cell_px * (j, i)`, that is: `origin_xy` is the centre of cell (0, 0).
    `coarse` is brought to the same grid.
    """

    fused: NDArray[np.float16]
    """Eq. 1 of the paper, shape (rows, columns)."""
    coarse: NDArray[np.float16]
    """Score at stride 16, resampled to the grid of `fused`, same shape."""
    fine: NDArray[np.float16]
    """Score at stride 4, same shape."""
    origin_xy: tuple[float, float]
    """Centre of cell (0, 0) in image pixels."""
    cell_px: float
    """Distance of two neighbouring cells in image pixels."""


@dataclass(frozen=True, eq=False)
class TrackResult:
    """The answer for one frame."""

    box_xywh: BoxXywh
    """Image pixels; see `fcot_engine.geometry.boxes` for the convention."""
    score: float
    """Confidence in [0, 1]: the estimated probability that the IoU with the target is
    at least 0.5, if `calibration` of the settings is fitted, else `peak`. 1 for a box
    that a person drew."""
    verdict: Verdict
    score_maps: ScoreMaps | None = None
    """None for a given box and when the tracker was told not to keep them."""
    peak: float = 1.0
    """Fused score of the chosen cell (Eq. 1 of the paper), about 0 to 1; thresholds of
    the settings are about this one. 1 for a box that a person drew."""
    second_ratio: float = 0.0
    """Height of the second peak over that of the first, in [0, 1]: how much something
    else looks like the target. 0 where there is none."""
    size_change: float = 0.0
    """Change of the box's size since the last frame, see `online.calibration`."""
