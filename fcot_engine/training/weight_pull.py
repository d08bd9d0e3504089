"""A pull back to the weights that a network began with.

Few videos teach a network about themselves; what it knew of all others should not be
lost. The loss gets the term

    strength * sum over parameters of |w - w_start|^2

(L2-SP; Li et al., Explicit inductive bias for transfer learning, 2018).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from fcot_engine.config import Stage
from fcot_engine.errors import TrainingError
from fcot_engine.training.trainer import LossFunction
from fcot_engine.training.training_batch import TrainingBatch

__all__ = ["WeightPull"]


class WeightPull:
    """An objective, and the pull on top of it.

    Args:
        network: as it is now, which is where it is pulled to; on its final device.
        compute_losses: the objective.
        strength: factor on the squared distance; 0 for none.

    Raises:
        TrainingError: the strength is negative.
    """

    def __init__(
        self, network: nn.Module, compute_losses: LossFunction, *, strength: float
    ) -> None:
        if strength < 0:
            raise TrainingError(f"The pull must not be negative, got {strength:g}.")
        self._compute_losses = compute_losses
        self._strength = strength
        self._start = {
            name: value.detach().clone() for name, value in network.named_parameters()
        }

    def __call__(
        self, network: Any, batch: TrainingBatch, *, stage: Stage
    ) -> Mapping[str, Tensor]:
        """The parts of the objective, `pull`, and the `total` of all."""
        parts = dict(self._compute_losses(network, batch, stage=stage))
        if self._strength > 0:
            pull = self._strength * self._squared_distance(network)
            parts["pull"] = pull
            parts["total"] = parts["total"] + pull
        return parts

    def _squared_distance(self, network: nn.Module) -> Tensor:
        each = [
            (value - self._start[name]).square().sum()
            for name, value in network.named_parameters()
            if value.requires_grad
        ]
        return torch.stack(each).sum()
