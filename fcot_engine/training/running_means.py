"""Means of the figures of several steps."""

from __future__ import annotations

import time
from collections.abc import Mapping

from torch import Tensor

from fcot_engine.training.team import Team

__all__ = ["RunningMeans"]


class RunningMeans:
    """Means over steps and processes, read back from the device once a line.

    Args:
        team: the processes whose figures are averaged.
    """

    def __init__(self, team: Team) -> None:
        self.count = 0
        self._team = team
        self._totals: dict[str, Tensor] = {}
        self._started = time.monotonic()

    def add(self, figures: Mapping[str, Tensor]) -> None:
        """Count the figures of one step."""
        self.count += 1
        for name, value in figures.items():
            before = self._totals.get(name)
            total = value.float() if before is None else before + value
            self._totals[name] = total.clone() if before is None else total

    def take(self) -> tuple[dict[str, float], float]:
        """Means since the last call, and steps a second; then start anew."""
        self._team.average_(self._totals.values())
        means = {name: float(t) / self.count for name, t in self._totals.items()}
        now = time.monotonic()
        rate = self.count / max(now - self._started, 1e-9)
        self.count, self._totals, self._started = 0, {}, now
        return means, rate
