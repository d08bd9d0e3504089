"""Checkpoints small enough to be carried between machines.

A full checkpoint holds four numbers for each parameter in single precision: its value,
its running average, and the two moments of AdamW. Where only so much can be carried,
this takes away what a run misses least, in this order:

1. all in half precision (the second moments in bfloat16, whose range they need);
2. no moments: AdamW gathers them anew in the first steps, behind a warm-up;
3. the running average alone, from which training goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fcot_engine.errors import TrainingError
from fcot_engine.training.checkpoint import write_checkpoint

__all__ = ["CARRIED_MIB", "compact_state", "write_carried_checkpoint"]

CARRIED_MIB = 60.0
"""Usual limit; a leg machine gives back 64 MiB in all."""

_MIB = 2**20
_OVERHEAD_BYTES = _MIB // 2  # names and places of the tensors in the file
_LEVELS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("everything, in half precision", ()),
    ("no moments of the optimiser, in half precision", ("optimizer",)),
    ("the averaged weights alone, in half precision", ("optimizer", "network")),
)
"""What is kept, in words, and what is left out of the state."""


def write_carried_checkpoint(
    folder: Path, state: Mapping[str, Any], *, step: int, limit_mib: float = CARRIED_MIB
) -> tuple[Path, str]:
    """Write a checkpoint of at most so many MiB, from which `--resume` goes on.

    Args:
        folder: gets `checkpoint-<step>/` with pieces of at most 16 MiB.
        state: of the trainer.
        step: number of the step.
        limit_mib: largest size of all pieces together.

    Returns:
        Its folder, and what it holds in words.

    Raises:
        TrainingError: even the averaged weights are too large, or writing fails.
    """
    compact, what = compact_state(state, limit_bytes=int(limit_mib * _MIB))
    return write_checkpoint(folder, compact, step=step), what


def compact_state(
    state: Mapping[str, Any], *, limit_bytes: int
) -> tuple[dict[str, Any], str]:
    """Make a trainer's state small enough.

    Returns:
        The state to write, and what it holds in words.

    Raises:
        TrainingError: even the averaged weights are too large.
    """
    size = 0
    for what, left_out in _LEVELS:
        kept = {name: value for name, value in state.items() if name not in left_out}
        compact = {name: _halve(value) for name, value in kept.items()}
        size = sum(t.nbytes for t in _tensors(compact)) + _OVERHEAD_BYTES
        if size <= limit_bytes:
            return compact, what
    raise TrainingError(
        f"The averaged weights alone take {size / _MIB:.0f} MiB, more than the "
        f"{limit_bytes / _MIB:.0f} MiB that may be carried. Raise --carry-mib, or "
        "train a smaller preset."
    )


def _halve(value: Any, name: str = "") -> Any:
    """The same structure with floating numbers in half precision where they fit."""
    if isinstance(value, Mapping):
        return {key: _halve(part, str(key)) for key, part in value.items()}
    if isinstance(value, list):
        return [_halve(part) for part in value]
    if not isinstance(value, Tensor) or value.dtype != torch.float32:
        return value
    if value.ndim == 0:
        return value  # counters of the optimiser, learned scalars: nothing to gain
    if name == "exp_avg_sq":
        return value.bfloat16()
    half = value.half()
    return half if bool(torch.isfinite(half).all()) else value


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _tensors(part)
    elif isinstance(value, list):
        for part in value:
            yield from _tensors(part)
