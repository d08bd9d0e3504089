"""How fast batches are made, so that nobody guesses whether training waits for them."""

from __future__ import annotations

import time

import torch

from fcot_engine.training.training_batch import BatchSource

__all__ = ["measure_making_speed"]

_FIRST = 2**41  # numbers that no run reaches


def measure_making_speed(
    source: BatchSource, *, size: int, seconds: float, device: torch.device
) -> float:
    """Make batches for some time, after one that is not counted.

    Args:
        source: what makes them.
        size: sequences in a batch.
        seconds: for how long.
        device: where they are made; waited for before the clock is read.

    Returns:
        Sequences a second.
    """
    source.make_batch(_FIRST, size)
    _wait_for(device)
    started, made = time.monotonic(), 0
    while made == 0 or time.monotonic() - started < seconds:
        made += 1
        source.make_batch(_FIRST + made, size)
        _wait_for(device)
    return made * size / (time.monotonic() - started)


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
