"""Batches of short training sequences: what they are, how they are mixed and loaded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import accumulate
from typing import Protocol

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from fcot_engine.errors import TrainingError

_LARGE_PRIME = 1_000_003


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

    @classmethod
    def from_frames(
        cls,
        images: Tensor,
        boxes_xywh: Tensor,
        present: Tensor,
        is_plain: Tensor,
        *,
        n_train: int,
    ) -> TrainingBatch:
        """Part sequences `(B, F, ...)` into train frames and test frames."""
        return cls(
            images[:, :n_train],
            boxes_xywh[:, :n_train],
            images[:, n_train:],
            boxes_xywh[:, n_train:],
            present[:, n_train:],
            is_plain,
        )

    def to(self, device: torch.device | str) -> TrainingBatch:
        """The same batch on a device."""
        return TrainingBatch(
            *(getattr(self, field.name).to(device) for field in fields(self))
        )


class BatchSource(Protocol):
    """Whatever makes batches by number."""

    def make_batch(self, index: int, size: int) -> TrainingBatch:
        """Batch number `index` of `size` sequences; always the same one."""


def seed_generator(seed: int, rank: int, index: int, size: int) -> torch.Generator:
    """Random numbers of batch number `index` alone, so that training resumes exactly.

    Args:
        seed: of the source.
        rank: number of this process among several that share a seed.
        index: number of the batch.
        size: sequences in it, checked here for all sources.

    Raises:
        TrainingError: `index` is negative or `size` not positive.
    """
    if index < 0 or size < 1:
        raise TrainingError(
            f"A batch needs an index from 0 and a size from 1, got {index}, {size}."
        )
    own = (seed * _LARGE_PRIME + rank) * _LARGE_PRIME + index
    return torch.Generator().manual_seed(own)


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
        self._weights = torch.tensor(weights, dtype=torch.float64)
        self._seed, self._rank = seed, rank

    def make_batch(self, index: int, size: int) -> TrainingBatch:
        """Batch number `index`: sequences in the order of their sources."""
        generator = seed_generator(self._seed, self._rank, index, size)
        drawn = self._weights.multinomial(size, replacement=True, generator=generator)
        counts = torch.bincount(drawn, minlength=len(self._sources)).tolist()
        parts = [
            source.make_batch(index, count)
            for source, count in zip(self._sources, counts, strict=True)
            if count
        ]
        names = [field.name for field in fields(TrainingBatch)]
        return TrainingBatch(
            *(torch.cat([getattr(part, name) for part in parts]) for name in names)
        )


class ProgressiveSource:
    """Takes each batch from the source whose part of the run it falls into.

    What a batch holds depends on its number and on the samples seen before it, so a
    resumed run goes on as it would have without the break, also with another batch
    size, if it is told both by `go_on_from`.

    Args:
        sources: one for each part of the run, in order.
        shares: how much of the run each part takes; they sum to 1.
        samples: sequences of the whole run.
        step_samples: sequences of a step, over all processes.

    Raises:
        TrainingError: there is not one share for each source, or their sum is not 1.
    """

    def __init__(
        self,
        sources: Sequence[BatchSource],
        shares: Sequence[float],
        *,
        samples: int,
        step_samples: int,
    ) -> None:
        if not sources or len(sources) != len(shares) or abs(sum(shares) - 1) > 1e-6:
            raise TrainingError(
                "Growing patches need one share of the run for each size, with the "
                f"sum 1; got {len(sources)} sizes and the shares {list(shares)}."
            )
        self._sources = list(sources)
        self._ends = [share * samples for share in accumulate(shares)][:-1]
        self._step_samples = step_samples
        self._first_step = 0
        self._first_samples = 0

    def go_on_from(self, *, step: int, samples: int) -> None:
        """Say how far a resumed run is."""
        self._first_step, self._first_samples = step, samples

    def make_batch(self, index: int, size: int) -> TrainingBatch:
        """Batch number `index` of `size` sequences."""
        steps = index - self._first_step
        seen = self._first_samples + steps * self._step_samples
        part = sum(seen >= end for end in self._ends)
        return self._sources[part].make_batch(index, size)


class _NumberedBatches(Dataset[TrainingBatch]):
    def __init__(self, source: BatchSource, size: int) -> None:
        self._source, self._size = source, size

    def __getitem__(self, index: int) -> TrainingBatch:
        return self._source.make_batch(index, self._size)


def load_batches(
    source: BatchSource, *, first: int, size: int, workers: int = 0
) -> Iterator[TrainingBatch]:
    """Load batch `first`, `first` + 1, ... without end.

    Args:
        source: makes the batches; with workers, on the CPU.
        first: number of the first batch.
        size: sequences in a batch.
        workers: processes that make batches ahead; 0 makes each when it is asked for.
    """
    loader = DataLoader(
        _NumberedBatches(source, size),
        batch_size=None,
        sampler=range(first, 2**62),
        num_workers=workers,
        generator=torch.Generator(),  # the global one is a part of the run's state
    )
    return iter(loader)
