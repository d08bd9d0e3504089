"""Score maps as part of a result."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fcot_engine.config import FINE_STRIDE
from fcot_engine.tracker.results import ScoreMaps
from fcot_engine.tracker.target import Sighting

__all__ = ["describe_scores"]


def describe_scores(sighting: Sighting) -> ScoreMaps:
    """Bring the maps of a sighting to the CPU and say where they lie in the image."""
    scores = sighting.scores
    first = torch.tensor([scores.first_cell_px] * 2, dtype=torch.float64)
    x, y = sighting.patch.to_image(first).tolist()
    return ScoreMaps(
        fused=_to_numpy(scores.fused),
        coarse=_to_numpy(scores.coarse),
        fine=_to_numpy(scores.fine),
        origin_xy=(x, y),
        cell_px=FINE_STRIDE * sighting.patch.scale,
    )


def _to_numpy(scores: Tensor) -> NDArray[np.float16]:
    array: NDArray[np.float16] = scores.half().cpu().numpy()
    return array
