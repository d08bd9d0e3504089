"""Score maps as part of a result."""

from __future__ import annotations

import torch
from torch import Tensor

from fcot_engine.config import COARSE_STRIDE, FINE_STRIDE
from fcot_engine.geometry import PatchFrame
from fcot_engine.tracker.results import ScoreMap, ScoreMaps
from fcot_engine.tracker.target import Sighting

__all__ = ["describe_scores"]


def describe_scores(sighting: Sighting) -> ScoreMaps:
    """Bring the maps of a sighting to the CPU and say where they lie in the image."""
    scores, patch = sighting.scores, sighting.patch
    fine_px, coarse_px = scores.first_cell_px, scores.first_coarse_px
    return ScoreMaps(
        fused=_to_map(scores.fused, patch, fine_px, FINE_STRIDE),
        fine=_to_map(scores.fine, patch, fine_px, FINE_STRIDE),
        coarse=_to_map(scores.coarse, patch, coarse_px, COARSE_STRIDE),
    )


def _to_map(
    scores: Tensor, patch: PatchFrame, first_cell_px: float, stride: int
) -> ScoreMap:
    first = torch.tensor([first_cell_px] * 2, dtype=torch.float64)
    x, y = patch.to_image(first).tolist()
    return ScoreMap(scores.half().cpu().numpy(), (x, y), stride * patch.scale)
