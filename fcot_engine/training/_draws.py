"""Random numbers for training samples: a seed means the same on every device."""

from __future__ import annotations

import math

import torch
from torch import Tensor


class Draws:
    """Draws small tensors on the CPU, so that a seed means the same everywhere.

    Args:
        generator: source of all draws, on the CPU.
        device: where the results live.
    """

    def __init__(self, generator: torch.Generator, device: torch.device) -> None:
        self.generator = generator
        self.device = device

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        """Uniform numbers in [low, high), of the given shape."""
        drawn = torch.rand(shape, generator=self.generator)
        return (drawn * (high - low) + low).to(self.device)

    def log_uniform(self, low: float, high: float, *shape: int) -> Tensor:
        """Numbers in [low, high) whose logarithm is uniform."""
        return self.uniform(math.log(low), math.log(high), *shape).exp()

    def normal(self, std: float, *shape: int) -> Tensor:
        """Normal numbers around 0, cut at 2.5 standard deviations."""
        drawn = torch.randn(shape, generator=self.generator).clamp(-2.5, 2.5)
        return (drawn * std).to(self.device)

    def chance(self, probability: float, *shape: int) -> Tensor:
        """Booleans, true with the given probability."""
        drawn = torch.rand(shape, generator=self.generator) < probability
        return drawn.to(self.device)

    def below(self, limits: Tensor) -> Tensor:
        """Whole numbers in [0, limit) for each limit."""
        drawn = torch.rand(limits.shape, generator=self.generator).to(limits.device)
        return (drawn * limits).long().minimum(limits.long() - 1).clamp(min=0)

    def pick(self, cumulative: Tensor, n: int) -> Tensor:
        """`n` indices drawn by weight; `cumulative` is the running sum, `(M,)`."""
        total = float(cumulative[-1])
        drawn = torch.rand((n,), generator=self.generator, dtype=torch.float64) * total
        index = torch.searchsorted(cumulative, drawn, right=True)
        return index.clamp(max=cumulative.shape[0] - 1)

    def pixel_noise(self, shape: tuple[int, ...]) -> Tensor:
        """Normal noise drawn on the device itself: big, and not worth a transfer."""
        if self.device.type == "cpu":
            return torch.randn(shape, generator=self.generator)
        seed = int(torch.randint(2**31, (), generator=self.generator))
        local = torch.Generator(self.device).manual_seed(seed)
        return torch.randn(shape, generator=local, device=self.device)
