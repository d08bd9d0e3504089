"""What is in a weights file: how many tensors and numbers, and their digest."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from fcot_engine.errors import WeightsError

__all__ = ["WeightsContents", "read_contents"]


@dataclass(frozen=True, kw_only=True)
class WeightsContents:
    """The tensors of a weights file, summed up."""

    n_tensors: int
    n_numbers: int
    numbers_by_type: dict[str, int]
    """How many numbers are stored in each precision, such as `float16`."""
    sha256: str
    """Of all names, types, shapes and values, whatever the header says."""


def read_contents(path: Path) -> WeightsContents:
    """Read all tensors of a weights file and sum them up.

    Raises:
        WeightsError: the file is missing or corrupted.
    """
    digest = hashlib.sha256()
    numbers: Counter[str] = Counter()
    n_tensors = 0
    try:
        for name, tensor in _read_tensors(path):
            kind = str(tensor.dtype).removeprefix("torch.")
            digest.update(f"{name} {kind} {tuple(tensor.shape)}\n".encode())
            digest.update(tensor.flatten().view(torch.uint8).numpy().tobytes())
            numbers[kind] += tensor.numel()
            n_tensors += 1
    except (OSError, SafetensorError) as error:
        raise WeightsError(
            f"Weights file {path} cannot be read: {error}. "
            "Check the path, or fetch the file again."
        ) from error
    return WeightsContents(
        n_tensors=n_tensors,
        n_numbers=numbers.total(),
        numbers_by_type=dict(sorted(numbers.items())),
        sha256=digest.hexdigest(),
    )


def _read_tensors(path: Path) -> Iterator[tuple[str, Tensor]]:
    """Each tensor with its name, in the order of the names."""
    with safe_open(path, framework="pt") as file:
        for name in sorted(file.keys()):
            yield name, file.get_tensor(name)
