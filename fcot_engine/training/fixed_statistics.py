"""Mean and deviation of the fixed features, measured once before training."""

from __future__ import annotations

import torch

from fcot_engine.model import GradientFeatures
from fcot_engine.training.training_batch import BatchSource

__all__ = ["measure_fixed_statistics_"]

_BATCHES = 4
_SEQUENCES = 16
_FIRST = 2**40  # numbers that no run reaches, so that these samples are not trained on


@torch.no_grad()
def measure_fixed_statistics_(features: GradientFeatures, source: BatchSource) -> None:
    """Set the features' buffers so that they are normalised on training frames.

    Args:
        features: written to; on the device that `source` composes on.
        source: makes the batches that are looked at.
    """
    means, squares = [], []
    for number in range(_BATCHES):
        batch = source.make_batch(_FIRST + number, _SEQUENCES)
        maps = features.measure(batch.train_images.flatten(0, 1))
        means.append(maps.mean((0, 2, 3), keepdim=True))
        squares.append(maps.square().mean((0, 2, 3), keepdim=True))
    mean, square = torch.stack(means).mean(0), torch.stack(squares).mean(0)
    features.set_statistics_(mean, (square - mean.square()).clamp(min=0))
