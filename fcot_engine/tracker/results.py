"""What a tracker says about one frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fcot_engine.geometry import BoxXywh
from fcot_engine.tracker.localisation import Verdict

__all__ = ["Maker", "ScoreMap", "ScoreMaps", "TrackResult", "Verdict"]


@dataclass(frozen=True)
class Maker:
    """Who makes boxes: engine, preset and weights in words; empty for nobody known."""

    engine: str = ""
    """Program and version, such as "fcot 0.1.0"."""
    preset: str = ""
    """Name of the preset, such as "base"."""
    weights: str = ""
    """File name and the first digits of its digest, such as
    "base.safetensors sha256:0123456789ab"."""


@dataclass(frozen=True, eq=False)  # arrays do not compare to one bool
class ScoreMap:
    """Scores on a grid of cells, and where the grid lies in the image."""

    values: NDArray[np.float16]
    """About 0 to 1, shape (rows, columns)."""
    origin_xy: tuple[float, float]
    """Centre of cell (0, 0) in image pixels."""
    cell_px: float
    """Distance of two neighbouring cells in image pixels."""

    def to_image(self, row: float, column: float) -> tuple[float, float]:
        """Return x, y in image pixels of a cell's centre, or of a point between."""
        x, y = self.origin_xy
        return x + self.cell_px * column, y + self.cell_px * row


@dataclass(frozen=True, eq=False)
class ScoreMaps:
    """Where in one frame the classifiers see the target."""

    fused: ScoreMap
    """Eq. 1 of the paper, on the grid of `fine`: what decides where it is."""
    fine: ScoreMap
    """The classifier at stride 4."""
    coarse: ScoreMap
    """The classifier at stride 16, on its own cells."""


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
    """Height of the second peak over that of the first, both with the window that
    favours the last position, in [0, 1]; what the score is estimated from. 0 where
    there is none."""
    look_alike: float = 0.0
    """The same without the window, wherever in the patch: how much something else in
    sight looks like the target. It tells where a later mix-up may come from."""
    size_change: float = 0.0
    """Change of the box's size since the last frame, see `confidence.size_change`."""
