"""One target: where it is, and everything learned about it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from fcot_engine.config.network import FINE_STRIDE
from fcot_engine.config.tracking import TrackerConfig
from fcot_engine.geometry.boxes import BoxXywh, box_iou, xywh_to_xyxy
from fcot_engine.geometry.patch_frame import PatchFrame
from fcot_engine.model.network import FcotNet, Features
from fcot_engine.online.given_samples import (
    GivenPatches,
    make_box_patches,
    make_class_patches,
)
from fcot_engine.online.localisation import Place, locate
from fcot_engine.online.online_classifier import OnlineClassifier, Scores
from fcot_engine.online.regression_generator import RegressionModelGenerator
from fcot_engine.online.span import BestFrames, SpanFrame
from fcot_engine.online.verdict import Verdict
from fcot_engine.ops.patch_cutting import cut_patch

__all__ = ["Sighting", "Target"]

_BATCH = 16  # patches through the network at once; bounds the memory of a first frame
_MIN_SIDE_PX = 2.0
_MISTAKE_IOU = 0.5


@dataclass(frozen=True, eq=False)
class Sighting:
    """What was seen of the target in one frame."""

    place: Place
    """Chosen cell, scores and verdict."""
    scores: Scores
    """Score maps of the search patch."""
    patch: PatchFrame
    """Where the search patch was cut."""


class Target:
    """State of one target between two frames.

    Images are `(3, H, W)` tensors with values 0 to 255 on the network's device.
    """

    def __init__(self, network: FcotNet, config: TrackerConfig, *, seed: int) -> None:
        self._network = network
        self._config = config
        self._generator = torch.Generator().manual_seed(seed)
        self._is_known = False
        self._growth = 1.0
        self._frames_seen = 0
        self._best = BestFrames(config.regression.generator_samples)
        self._classifier = OnlineClassifier(
            network, config.classification, config.localisation
        )
        self._regressor = RegressionModelGenerator(network, config.regression)
        self.box_xywh: BoxXywh = (0.0, 0.0, 1.0, 1.0)

    def learn_given(self, image: Tensor, box_xywh: BoxXywh) -> None:
        """Learn from a box that a person drew, with both branches, and move there.

        A box far from where the target was thought to be says that other things were
        learned as the target: then the tracked samples are forgotten.
        """
        config = self._config
        if self._is_known and _overlap(self.box_xywh, box_xywh) < _MISTAKE_IOU:
            self._classifier.forget_tracked()
        self._is_known = True
        patch = PatchFrame.around(
            box_xywh,
            size_px=config.search.patch_size,
            area_scale=config.search.area_scale,
        )
        for make, learn in (
            (make_class_patches, self._classifier.learn_given),
            (make_box_patches, self._regressor.learn_given),
        ):
            given = make(
                image, box_xywh, patch, config.augmentation, generator=self._generator
            )
            learn(self._extract_all(given), given.boxes_xywh)
        self.move_to(box_xywh)

    def move_to(self, box_xywh: BoxXywh) -> None:
        """Search around this box from now on, without learning from it."""
        self.box_xywh = box_xywh
        self._growth = 1.0
        self._best.clear()

    def find(self, image: Tensor) -> Sighting:
        """Find the target in the next frame: cut, extract, locate, accept, learn.

        A lost target keeps its last box and is searched in a growing region.
        """
        features, sighting = self._look(image)
        if sighting.place.verdict is Verdict.LOST:
            search = self._config.search
            self._growth = min(self._growth * search.lost_growth, search.max_growth)
            return sighting
        if self._growth > 1:  # found in a wider region: look again at the usual scale
            self._move_to_peak(sighting)
            features, sighting = self._look(image)
            if sighting.place.verdict is Verdict.LOST:
                return sighting
        self._accept(features, sighting, image)
        self._learn_tracked(features, sighting)
        return sighting

    def _look(self, image: Tensor) -> tuple[Features, Sighting]:
        """Cut the search patch, extract its features, score and locate."""
        search = self._config.search
        patch = PatchFrame.around(
            self.box_xywh,
            size_px=search.patch_size,
            area_scale=search.area_scale * self._growth,
        )
        features = self._network.extract(cut_patch(image, patch) / 255)
        scores = self._classifier.score(features)
        target_wh = self.box_xywh[2] / patch.scale, self.box_xywh[3] / patch.scale
        place = locate(scores.fused, target_wh, self._config.localisation)
        return features, Sighting(place, scores, patch)

    def _move_to_peak(self, sighting: Sighting) -> None:
        """Put the last box around the peak; the best frames so far are kept."""
        peak, (_, _, w, h) = sighting.place.peak, self.box_xywh
        cell = torch.tensor([peak.column + 0.5, peak.row + 0.5], dtype=torch.float64)
        x, y = sighting.patch.to_image(cell * FINE_STRIDE).tolist()
        self.box_xywh = x - w / 2, y - h / 2, w, h
        self._growth = 1.0

    def _extract_all(self, given: GivenPatches) -> Features:
        parts = [self._network.extract(p) for p in given.patches.split(_BATCH)]
        return Features.join(parts)

    def _accept(self, features: Features, sighting: Sighting, image: Tensor) -> None:
        """Read the box at the chosen cell and move there."""
        place = sighting.place
        config = self._config.regression
        cell = torch.tensor([place.peak.column, place.peak.row], device=image.device)
        corners = self._regressor.find_box(features, cell).double().cpu()
        found = torch.cat([corners[:2], corners[2:] - corners[:2]])
        self.box_xywh = _settle(
            self.box_xywh,
            sighting.patch.box_to_image(found),
            gain=config.size_gain * min(place.peak.value / config.full_size_score, 1.0),
            frame_wh=(image.shape[2], image.shape[1]),
        )
        self._growth = 1.0

    def _learn_tracked(self, features: Features, sighting: Sighting) -> None:
        """Update both branches when their span is over, or at a look-alike."""
        config, place = self._config, sighting.place
        self._frames_seen += 1
        box = sighting.patch.box_to_patch(self.box_xywh).to(features.fine.device)
        if place.verdict is Verdict.HARD_NEGATIVE:
            self._classifier.learn_tracked(features, box, hard_negative=True)
        elif (
            place.verdict is Verdict.FOUND
            and place.peak.value >= config.localisation.learn_threshold
        ):
            self._best.offer(SpanFrame(place.peak.value, features, box))
        if self._frames_seen % config.classification.update_interval == 0:
            best = self._best.take_for_classifier()
            if best is not None:
                self._classifier.learn_tracked(
                    best.features, best.box_xywh, hard_negative=False
                )
        if self._frames_seen % config.regression.update_interval == 0:
            span = self._best.take_for_regressor()
            if span:
                self._regressor.learn_tracked(
                    torch.cat([frame.features.decoder for frame in span]),
                    torch.stack([frame.box_xywh for frame in span]),
                )


def _overlap(a_xywh: BoxXywh, b_xywh: BoxXywh) -> float:
    pair = xywh_to_xyxy(torch.tensor([a_xywh, b_xywh], dtype=torch.float64))
    return float(box_iou(pair[0], pair[1]))


def _settle(
    last: BoxXywh, found: BoxXywh, *, gain: float, frame_wh: tuple[int, int]
) -> BoxXywh:
    """Take over the found centre and a part of the change of size, inside the frame.

    Of a target that leaves the frame at least a quarter stays inside, so that every
    box has an area.
    """
    starts, sides = [], []
    for axis, limit in enumerate(frame_wh):
        old, new = last[2 + axis], found[2 + axis]
        new = min(max(new, _MIN_SIDE_PX, old / 4), 4 * old)
        side = old * math.exp(gain * math.log(new / old))
        side = min(max(side, _MIN_SIDE_PX), limit)
        center = found[axis] + found[2 + axis] / 2
        least = side / 4
        low = min(max(center - side / 2, 0.0), limit - least)
        high = max(min(center + side / 2, limit), low + least)
        starts.append(low)
        sides.append(high - low)
    return starts[0], starts[1], sides[0], sides[1]
