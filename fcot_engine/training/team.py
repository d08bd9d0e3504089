"""The processes that train together, each on its own device and its own batches."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from fcot_engine.errors import TrainingError

__all__ = ["Team", "join_team"]


class Team:
    """One process among several, or the only one.

    Every process calls the same methods in the same order: they wait for each other.

    Args:
        rank: number of this process.
        size: number of processes.
    """

    def __init__(self, rank: int = 0, size: int = 1) -> None:
        self.rank = rank
        self.size = size

    @property
    def is_first(self) -> bool:
        """Whether this process is the one that writes files."""
        return self.rank == 0

    @torch.no_grad()
    def share_(self, network: nn.Module) -> None:
        """Give all processes the parameters and buffers of the first."""
        if self.size > 1:
            for tensor in (*network.parameters(), *network.buffers()):
                torch.distributed.broadcast(tensor.detach(), src=0)

    @torch.no_grad()
    def average_(self, tensors: Iterable[Tensor]) -> None:
        """Replace tensors of one type and device by their means over all processes."""
        if self.size == 1:
            return
        each = list(tensors)
        if not each:
            return
        joined = torch.cat([tensor.flatten() for tensor in each])
        torch.distributed.all_reduce(joined)
        joined /= self.size
        parts = joined.split([tensor.numel() for tensor in each])
        for tensor, part in zip(each, parts, strict=True):
            tensor.copy_(part.view_as(tensor))

    def agree(self, numbers: Sequence[float]) -> list[float]:
        """The largest of each number over all processes."""
        if self.size == 1:
            return list(numbers)
        shared = torch.tensor(numbers, dtype=torch.float64)
        torch.distributed.all_reduce(shared, torch.distributed.ReduceOp.MAX)
        agreed: list[float] = shared.tolist()
        return agreed

    def gather(self, tensor: Tensor) -> list[Tensor]:
        """The tensors of all processes, in their order; of one shape, on the CPU."""
        if self.size == 1:
            return [tensor]
        found = [torch.empty_like(tensor) for _ in range(self.size)]
        torch.distributed.all_gather(found, tensor)
        return found

    def leave(self) -> None:
        """Close the connections to the other processes."""
        if self.size > 1:
            torch.distributed.destroy_process_group()


def join_team(device_name: str) -> tuple[Team, str]:
    """Find the other processes that `torchrun` started, if it started this one.

    Args:
        device_name: `auto`, `cpu`, `cuda` or `mps`.

    Returns:
        The team, and the name of the device for this process: with several GPUs in
        a machine, each process has its own.

    Raises:
        TrainingError: there are more processes in this machine than GPUs.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return Team(), device_name
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
    return Team(torch.distributed.get_rank(), size), device_name
