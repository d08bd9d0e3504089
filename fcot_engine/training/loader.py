"""Batches in order, made ahead by a thread where that pays."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor

from fcot_engine.training.training_batch import BatchSource, TrainingBatch

__all__ = ["stream_batches"]


def stream_batches(
    source: BatchSource, *, first: int, size: int, ahead: int = 0
) -> Generator[TrainingBatch, None, None]:
    """Yield batch `first`, `first` + 1, ... without end.

    Args:
        source: makes the batches.
        first: number of the first batch.
        size: sequences in a batch.
        ahead: batches made ahead by one thread; 0 makes each when it is asked for.
    """
    if ahead < 1:
        while True:
            yield source.make_batch(first, size)
            first += 1
    with ThreadPoolExecutor(max_workers=1) as pool:
        waiting: list[Future[TrainingBatch]] = []
        try:
            while True:
                while len(waiting) < ahead:
                    waiting.append(pool.submit(source.make_batch, first, size))
                    first += 1
                yield waiting.pop(0).result()
        finally:
            for future in waiting:
                future.cancel()
