"""The running average of the weights: what is exported and judged."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

__all__ = ["WeightAverage"]


class WeightAverage:
    """Exponential moving average of all parameters; buffers are copied.

    Args:
        network: the network whose weights are followed.
        decay: share of the old average that a step keeps; early steps keep less, so
            that the first random weights are soon forgotten.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self._decay = decay
        self._values = {
            name: value.detach().clone() for name, value in network.state_dict().items()
        }
        self._steps = 0

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Follow the network by one step."""
        self._steps += 1
        decay = min(self._decay, self._steps / (self._steps + 9))
        for name, value in network.state_dict().items():
            own = self._values[name]
            if own.is_floating_point():
                own.lerp_(value, 1 - decay)
            else:
                own.copy_(value)

    def weights(self) -> dict[str, Tensor]:
        """The averaged weights, under the network's names."""
        return dict(self._values)

    def state_dict(self) -> dict[str, object]:
        """Everything needed to go on."""
        return {"values": self._values, "steps": self._steps}

    def load_state_dict(self, state: Mapping[str, object]) -> None:
        """Go on from what `state_dict` returned."""
        values, steps = state["values"], state["steps"]
        assert isinstance(values, dict) and isinstance(steps, int)
        for name, own in self._values.items():
            own.copy_(values[name])
        self._steps = steps
