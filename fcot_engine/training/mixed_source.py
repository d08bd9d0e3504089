"""Batches mixed from several sources by weight."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from fcot_engine.errors import TrainingError
from fcot_engine.training.dice import Dice
from fcot_engine.training.training_batch import (
    BatchSource,
    TrainingBatch,
    join_batches,
)

__all__ = ["MixedSource"]

_LARGE_PRIME = 1_000_003


class MixedSource:
    """Draws the source of each sequence of a batch by weight.

    Args:
        sources: what to mix; all make patches of the same size and number.
        weights: how often each is drawn, above 0, not necessarily summing to 1.
        seed: seed of the draw.
        rank: number of this process among several that share a seed.

    Raises:
        TrainingError: there is no source, or not one weight above 0 for each.
    """

    def __init__(
        self,
        sources: Sequence[BatchSource],
        weights: Sequence[float],
        *,
        seed: int = 0,
        rank: int = 0,
    ) -> None:
        if not sources or len(sources) != len(weights) or min(weights) <= 0:
            raise TrainingError(
                "A mixture needs sources and one weight above 0 for each, got "
                f"{len(sources)} sources and the weights {list(weights)}."
            )
        self._sources = list(sources)
        self._limits = torch.tensor(weights, dtype=torch.float64).cumsum(0)
        self._seed = seed * _LARGE_PRIME + rank

    def make_batch(self, index: int, size: int) -> TrainingBatch:
        """Batch number `index`: sequences in the order of their sources."""
        if index < 0 or size < 1:
            raise TrainingError(
                f"A batch needs an index from 0 and a size from 1, got {index}, {size}."
            )
        generator = torch.Generator().manual_seed(self._seed * _LARGE_PRIME + index)
        drawn = Dice(generator, torch.device("cpu")).pick(self._limits, size)
        counts = torch.bincount(drawn, minlength=len(self._sources)).tolist()
        return join_batches(
            [
                source.make_batch(index, count)
                for source, count in zip(self._sources, counts, strict=True)
                if count
            ]
        )
