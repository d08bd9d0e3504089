"""The processes that `torchrun` started: each has its own device and its own batches.

All of them call the same functions in the same order: they wait for each other.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from fcot_engine.errors import TrainingError


def join_processes(device_name: str) -> str:
    """Find the other processes that `torchrun` started, if it started this one.

    Args:
        device_name: `auto`, `cpu`, `cuda` or `mps`.

    Returns:
        The name of the device for this process: with several GPUs in a machine, each
        process has its own.

    Raises:
        TrainingError: there are more processes in this machine than GPUs.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return device_name
    if device_name == "auto":
        device_name = "cuda" if torch.cuda.is_available() else "cpu"
    backend = "gloo"
    if device_name == "cuda":
        local = int(os.environ.get("LOCAL_RANK", "0"))
        if local >= torch.cuda.device_count():
            raise TrainingError(
                f"torchrun started process {local + 1} on a machine with "
                f"{torch.cuda.device_count()} GPUs. Lower --nproc-per-node."
            )
        device_name, backend = f"cuda:{local}", "cpu:gloo,cuda:nccl"
        torch.cuda.set_device(local)
    torch.distributed.init_process_group(backend)
    return device_name


def leave_processes() -> None:
    """Close the connections to the other processes."""
    if get_size() > 1:
        torch.distributed.destroy_process_group()


def get_rank() -> int:
    """Number of this process; the first, 0, writes all files."""
    return torch.distributed.get_rank() if _is_joined() else 0


def get_size() -> int:
    """Number of processes that train together."""
    return torch.distributed.get_world_size() if _is_joined() else 1


def average_figures(figures: Mapping[str, Tensor]) -> dict[str, float]:
    """Means of scalars over all processes."""
    if not figures:
        return {}
    values = torch.stack([value.float() for value in figures.values()])
    if get_size() > 1:
        torch.distributed.all_reduce(values)
        values /= get_size()
    return dict(zip(figures, values.tolist(), strict=True))


def find_largest(numbers: Sequence[float]) -> list[float]:
    """The largest of each number over all processes."""
    values = torch.tensor(numbers, dtype=torch.float64)
    if get_size() > 1:
        torch.distributed.all_reduce(values, torch.distributed.ReduceOp.MAX)
    return [float(value) for value in values.tolist()]


def gather_states(state: Tensor) -> list[Tensor]:
    """The tensors of all processes, in their order; of one shape, on the CPU."""
    if get_size() == 1:
        return [state]
    found = [torch.empty_like(state) for _ in range(get_size())]
    torch.distributed.all_gather(found, state)
    return found


def _is_joined() -> bool:
    return torch.distributed.is_available() and torch.distributed.is_initialized()
