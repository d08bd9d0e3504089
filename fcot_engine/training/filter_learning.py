"""Target filters learned on the train frames of a batch, as while tracking."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from fcot_engine.model import ClassificationModel
from fcot_engine.training.training_batch import TrainingBatch

__all__ = ["LearnedFilters", "learn_filters"]


class LearnedFilters(NamedTuple):
    """What the initialiser and the optimiser made, each filter `(B, C, k, k)`."""

    start: Tensor
    """The initialiser's."""
    iterates: list[Tensor]
    """After each step of the optimiser, the last one last."""


def learn_filters(
    model: ClassificationModel, batch: TrainingBatch, train: Tensor, *, iterations: int
) -> LearnedFilters:
    """Make a filter for each sequence from its train frames.

    Args:
        model: of one scale.
        batch: B sequences with Nt train frames.
        train: features of these at that scale, `(B, Nt, C, H, W)`.
        iterations: steps of the optimiser, at least 1.
    """
    start = model.start_filter(train, batch.train_boxes_xywh)
    size = (train.shape[-2], train.shape[-1])
    iterates = model.optimise(
        start,
        train,
        model.label_maps(batch.train_boxes_xywh, size),
        sample_weights=train.new_full(train.shape[:2], 1 / train.shape[1]),
        iterations=iterations,
    )
    return LearnedFilters(start, iterates)
