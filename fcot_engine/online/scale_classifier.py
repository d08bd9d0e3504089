"""The target filter of one scale."""

from __future__ import annotations

import torch
from torch import Tensor

from fcot_engine.model import ClassificationModel

__all__ = ["ScaleClassifier"]

_CHUNK = 2  # samples in single precision at once while the first filter is made


class ScaleClassifier:
    """One model of the network with the filter that it has learned for a target."""

    def __init__(self, model: ClassificationModel, *, learned_gain: float) -> None:
        """Start without a filter.

        Args:
            model: of the network, never changed.
            learned_gain: factor on the learned channels, which come first, beside the
                fixed ones; 1 changes nothing.
        """
        self.model = model
        self._gain = learned_gain
        self._filter: Tensor | None = None

    @property
    def has_filter(self) -> bool:
        """Whether there is something to score with."""
        return self._filter is not None

    def forget(self) -> None:
        """Drop the filter; `start` makes a new one."""
        self._filter = None

    def weigh(self, maps: Tensor) -> Tensor:
        """Scale the learned channels of `(N, C, H, W)` maps."""
        if self._gain == 1:
            return maps
        learned = self.model.config.channels
        return torch.cat([maps[:, :learned] * self._gain, maps[:, learned:]], 1)

    def start(self, maps: Tensor, boxes_xywh: Tensor) -> None:
        """Make a first filter from given samples (the initialiser).

        Args:
            maps: weighed features in half precision, `(N, C, H, W)`.
            boxes_xywh: `(N, 4)` in patch pixels.
        """
        parts = zip(maps.split(_CHUNK), boxes_xywh.split(_CHUNK), strict=True)
        total = sum(
            self.model.start_filter(part.float(), boxes) * len(part)
            for part, boxes in parts
        )
        self._filter = torch.as_tensor(total) / len(maps)

    def improve(
        self, maps: Tensor, boxes_xywh: Tensor, weights: Tensor, *, iterations: int
    ) -> None:
        """Take steps of the optimiser over the samples of the memory.

        Args:
            maps: weighed features in half precision, `(N, C, H, W)`.
            boxes_xywh: `(N, 4)` in patch pixels.
            weights: `(N,)`, summing to 1.
            iterations: number of steps.
        """
        labels = self.model.label_maps(boxes_xywh, (maps.shape[-2], maps.shape[-1]))
        iterates = self.model.optimise(
            self._known_filter(),
            maps,
            labels,
            sample_weights=weights,
            iterations=iterations,
        )
        if iterates:
            self._filter = iterates[-1]

    def score(self, maps: Tensor) -> Tensor:
        """Score the cells of one patch, `(1, C, H, W)` to `(H', W')`."""
        return self.model.score(self.weigh(maps), self._known_filter())[0]

    def _known_filter(self) -> Tensor:
        assert self._filter is not None
        return self._filter
