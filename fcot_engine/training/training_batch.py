"""What every source of training data makes: a batch of short sequences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Protocol

import torch
from torch import Tensor

__all__ = ["BatchSource", "TrainingBatch", "join_batches"]


@dataclass(frozen=True, eq=False)
class TrainingBatch:
    """Sequences to train on.

    Attributes:
        train_images: patches the model is learned from, `(B, Nt, 3, S, S)` in [0, 1].
        train_boxes_xywh: the target in them, `(B, Nt, 4)`, patch pixels; a box may
            reach over the border of its patch.
        test_images: patches the learned model is judged on, `(B, Ns, 3, S, S)`.
        test_boxes_xywh: the target in them, `(B, Ns, 4)`.
        test_present: whether the target is seen at all, `(B, Ns)`; where it is not,
            it is hidden or outside, and its box means nothing.
        is_plain: whether a sequence is a plain pair, `(B,)`.
    """

    train_images: Tensor
    train_boxes_xywh: Tensor
    test_images: Tensor
    test_boxes_xywh: Tensor
    test_present: Tensor
    is_plain: Tensor


class BatchSource(Protocol):
    """Whatever makes batches by number."""

    def make_batch(self, index: int, size: int) -> TrainingBatch:
        """Batch number `index` of `size` sequences; always the same one."""


def join_batches(batches: Sequence[TrainingBatch]) -> TrainingBatch:
    """Join batches of equal frames along their sequences."""
    if len(batches) == 1:
        return batches[0]
    return TrainingBatch(
        *(
            torch.cat([getattr(batch, field.name) for batch in batches])
            for field in fields(TrainingBatch)
        )
    )
