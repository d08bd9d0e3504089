"""The two target filters of one target, learned while tracking."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from fcot_engine.config import ClassificationUpdateConfig, LocalisationConfig
from fcot_engine.model import ClassFeatures, ClassificationModel, FcotNet
from fcot_engine.tracker.memory import SampleMemory, cut_windows


@dataclass(frozen=True, eq=False)
class Scores:
    """Score maps of one patch."""

    first_cell_px: float
    """Where row 0 and column 0 of the fine grid lie, in patch pixels; the others
    follow every 4."""
    first_coarse_px: float
    """The same of the coarse grid, whose others follow every 16."""

    fused: Tensor
    """Eq. 1, on the fine grid, `(H, W)`."""
    coarse: Tensor
    """Stride 16, `(h, w)`."""
    fine: Tensor
    """Stride 4, `(H, W)`."""


@dataclass(frozen=True, eq=False)
class RejectedSamples:
    """Patches around what is not the target (`make_rejected_patches`)."""

    features: ClassFeatures
    """Of M patches."""
    boxes_xywh: Tensor
    """Where the target is, `(M, 4)` in patch pixels, often outside."""


class OnlineClassifier:
    """Memory and filters of both scales."""

    def __init__(
        self,
        network: FcotNet,
        update: ClassificationUpdateConfig,
        localisation: LocalisationConfig,
    ) -> None:
        self._config = update
        self._localisation = localisation
        self.memory = SampleMemory(
            update.memory_size,
            given_share=update.given_share,
            given_capacity=update.given_capacity,
            fine_window=update.fine_window,
        )
        # a network without fixed features has nothing to weigh the learned ones against
        gain = update.learned_gain if network.has_fixed_features else 1.0
        self._coarse = ScaleClassifier(network.coarse, learned_gain=gain)
        self._fine = ScaleClassifier(network.fine, learned_gain=gain)

    def learn_given(
        self,
        features: ClassFeatures,
        boxes_xywh: Tensor,
        rejected: RejectedSamples | None = None,
    ) -> None:
        """Take in the samples of a human box and optimise on everything known.

        Args:
            features: of N augmented patches, the first one unchanged.
            boxes_xywh: `(N, 4)` in patch pixels.
            rejected: hard negatives, other things in the same frame;
                each counts as much as a human box.
        """
        coarse, fine = self._weigh(features)
        self._coarse.drop_scores()
        self._fine.drop_scores()
        if rejected is not None and len(self.memory):
            self._add_rejected(rejected)  # before the box, which is the newest then
            self.memory.add_given(coarse, fine, boxes_xywh)
        else:
            self.memory.add_given(coarse, fine, boxes_xywh)
            self._add_rejected(rejected)
        iterations = self._config.correction_iterations
        if not self._fine.has_filter:
            self._coarse.start(coarse, boxes_xywh)
            window = self._config.fine_window
            self._fine.start(*cut_windows(fine, boxes_xywh, side=window))
            iterations = self._config.first_iterations
        self._optimise(iterations)

    def forget_tracked(self) -> None:
        """Unlearn what was tracked: the filters start again at the next human box."""
        self.memory.forget_tracked()
        self._coarse.forget()
        self._fine.forget()

    def remember_tracked(
        self, features: ClassFeatures, box_xywh: Tensor, *, hard_negative: bool
    ) -> int:
        """Take in one tracked frame, features of one patch and box `(4,)`.

        Returns:
            How often `optimise_once` should be called for it.
        """
        config = self._config
        rate, iterations = (
            (config.hard_negative_rate, config.hard_negative_iterations)
            if hard_negative
            else (config.learning_rate, config.update_iterations)
        )
        slot = self.memory.add_tracked(*self._weigh(features), box_xywh, rate=rate)
        self._coarse.fresh_slots.add(slot)
        self._fine.fresh_slots.add(slot)
        return iterations

    def optimise_once(self) -> None:
        """Take one step of the optimiser at both scales, over everything known."""
        self._optimise(1)

    def score(self, features: ClassFeatures) -> Scores:
        """Score one patch at both scales and fuse them (Eq. 1)."""
        coarse = self._coarse.score(features.coarse)
        fine = self._fine.score(features.fine)
        first_cell_px = self._fine.model.first_cell_px
        # both maps cover the same patch: maps of cell corners share their outermost
        # ones, maps of cell centres lie half a cell inside. Either way without a bias
        resampled = F.interpolate(
            coarse[None, None],
            size=fine.shape,
            mode="bicubic",
            align_corners=first_cell_px == 0,
        )[0, 0]
        share = self._localisation
        fused = share.coarse_weight * resampled + share.fine_weight * fine
        first_coarse_px = self._coarse.model.first_cell_px
        return Scores(first_cell_px, first_coarse_px, fused, coarse, fine)

    def _add_rejected(self, rejected: RejectedSamples | None) -> None:
        if rejected is None:
            return
        coarse, fine = self._weigh(rejected.features)
        parts = (coarse.split(1), fine.split(1), rejected.boxes_xywh.split(1))
        for sample in zip(*parts, strict=True):
            self.memory.add_given(*sample)

    def _weigh(self, features: ClassFeatures) -> tuple[Tensor, Tensor]:
        return self._coarse.weigh(features.coarse), self._fine.weigh(features.fine)

    def _optimise(self, iterations: int) -> None:
        memory, weights = self.memory, self.memory.weights()
        scales = (
            (self._coarse, memory.coarse(), memory.boxes_xywh()),
            (self._fine, memory.fine(), memory.fine_boxes_xywh()),
        )
        for scale, maps, boxes in scales:
            scale.improve(maps, boxes, weights, iterations=iterations)


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
        self._scores: Tensor | None = None  # of the memory's samples, by slot
        self.fresh_slots: set[int] = set()
        """Slots of the memory that were written since the last step."""

    @property
    def has_filter(self) -> bool:
        """Whether there is something to score with."""
        return self._filter is not None

    def forget(self) -> None:
        """Drop the filter; `start` makes a new one."""
        self._filter = None
        self.drop_scores()

    def drop_scores(self) -> None:
        """Take no sample of the memory for known: slots were moved."""
        self._scores = None
        self.fresh_slots.clear()

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
        filters, self._scores = self.model.optimise(
            self._known_filter(),
            maps,
            labels,
            sample_weights=weights,
            iterations=iterations,
            scores=self._known_scores(maps),
        )
        if filters:
            self._filter = filters[-1]

    def _known_scores(self, maps: Tensor) -> Tensor | None:
        """Scores under the present filter: those after the last step, and new ones."""
        scores = self._scores
        if scores is None or not self.fresh_slots:
            return scores
        if len(scores) < len(maps):
            grown = scores.new_empty(len(maps), *scores.shape[1:])
            grown[: len(scores)] = scores
            scores = grown
        for slot in self.fresh_slots:
            scores[slot] = self.model.score(maps[slot][None], self._known_filter())[0]
        self.fresh_slots.clear()
        return scores

    def score(self, maps: Tensor) -> Tensor:
        """Score the cells of one patch, `(1, C, H, W)` to `(H', W')`."""
        # the filter is smaller than the maps; weighing either gives the same
        return self.model.score(maps, self._weigh_filter())[0]

    def _weigh_filter(self) -> Tensor:
        return self.weigh(self._known_filter()[None])[0]

    def _known_filter(self) -> Tensor:
        assert self._filter is not None
        return self._filter
