"""The two target filters of one target, learned while tracking."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from fcot_engine.config.tracking import ClassificationUpdateConfig, LocalisationConfig
from fcot_engine.model.classifier import ClassificationModel
from fcot_engine.model.network import ClassFeatures, FcotNet
from fcot_engine.online.sample_memory import SampleMemory

__all__ = ["OnlineClassifier", "Scores"]


@dataclass(frozen=True, eq=False)
class Scores:
    """Score maps of one patch on the fine grid, each `(H, W)`."""

    first_cell_px: float
    """Where row 0 and column 0 lie, in patch pixels; the others follow every 4."""

    fused: Tensor
    """Eq. 1."""
    coarse: Tensor
    """Stride 16, resampled to the fine grid."""
    fine: Tensor
    """Stride 4."""


class OnlineClassifier:
    """Memory and filters of both scales."""

    def __init__(
        self,
        network: FcotNet,
        update: ClassificationUpdateConfig,
        localisation: LocalisationConfig,
    ) -> None:
        self._network = network
        self._config = update
        self._localisation = localisation
        self.memory = SampleMemory(
            update.memory_size,
            given_share=update.given_share,
            given_capacity=update.given_capacity,
        )
        self._coarse_filter: Tensor | None = None
        self._fine_filter: Tensor | None = None

    def learn_given(self, features: ClassFeatures, boxes_xywh: Tensor) -> None:
        """Take in the samples of a human box and optimise on everything known."""
        anew = self._fine_filter is None
        coarse, fine = self._weigh(features)
        self.memory.add_given(coarse, fine, boxes_xywh)
        if self._coarse_filter is None or self._fine_filter is None:
            self._coarse_filter = self._network.coarse.start_filter(coarse, boxes_xywh)
            self._fine_filter = self._network.fine.start_filter(fine, boxes_xywh)
        config = self._config
        self._optimise(
            config.first_iterations if anew else config.correction_iterations
        )

    def forget_tracked(self) -> None:
        """Unlearn what was tracked: the filters start again at the next human box."""
        self.memory.forget_tracked()
        self._coarse_filter = self._fine_filter = None

    def learn_tracked(
        self, features: ClassFeatures, box_xywh: Tensor, *, hard_negative: bool
    ) -> None:
        """Take in one tracked frame, features of one patch and box `(4,)`."""
        config = self._config
        rate = config.hard_negative_rate if hard_negative else config.learning_rate
        coarse, fine = self._weigh(features)
        self.memory.add_tracked(coarse, fine, box_xywh, rate=rate)
        self._optimise(
            config.hard_negative_iterations
            if hard_negative
            else config.update_iterations
        )

    def score(self, features: ClassFeatures) -> Scores:
        """Score one patch at both scales and fuse them (Eq. 1)."""
        assert self._coarse_filter is not None and self._fine_filter is not None
        coarse, fine = self._weigh(features)
        fine = self._network.fine.score(fine, self._fine_filter)[0]
        coarse = self._network.coarse.score(coarse, self._coarse_filter)
        first_cell_px = self._network.fine.first_cell_px
        # both maps cover the same patch: maps of cell corners share their outermost
        # ones, maps of cell centres lie half a cell inside. Either way without a bias
        coarse = F.interpolate(
            coarse[None],
            size=fine.shape,
            mode="bicubic",
            align_corners=first_cell_px == 0,
        )[0, 0]
        place = self._localisation
        fused = place.coarse_weight * coarse + place.fine_weight * fine
        return Scores(first_cell_px, fused, coarse, fine)

    def _weigh(self, features: ClassFeatures) -> tuple[Tensor, Tensor]:
        """Coarse and fine features with the learned channels, which come first, scaled.

        A network without fixed features has nothing to weigh them against.
        """
        maps = features.coarse, features.fine
        gain = self._config.learned_gain
        if not self._network.has_fixed_features or gain == 1:
            return maps
        models = self._network.coarse, self._network.fine
        coarse, fine = (
            torch.cat([m[:, :c] * gain, m[:, c:]], 1)
            for m, c in zip(maps, (m.config.channels for m in models), strict=True)
        )
        return coarse, fine

    def _optimise(self, iterations: int) -> None:
        assert self._coarse_filter is not None and self._fine_filter is not None
        boxes, weights = self.memory.boxes_xywh(), self.memory.weights()
        self._coarse_filter = _improve(
            self._network.coarse,
            self._coarse_filter,
            self.memory.coarse(),
            boxes,
            weights,
            iterations,
        )
        self._fine_filter = _improve(
            self._network.fine,
            self._fine_filter,
            self.memory.fine(),
            boxes,
            weights,
            iterations,
        )


def _improve(
    model: ClassificationModel,
    target_filter: Tensor,
    features: Tensor,
    boxes_xywh: Tensor,
    weights: Tensor,
    iterations: int,
) -> Tensor:
    labels = model.label_maps(boxes_xywh, (features.shape[-2], features.shape[-1]))
    iterates = model.optimise(
        target_filter, features, labels, sample_weights=weights, iterations=iterations
    )
    return iterates[-1] if iterates else target_filter
