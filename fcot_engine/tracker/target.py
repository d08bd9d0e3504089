"""One target: where it is, and everything learned about it."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from fcot_engine.config import FINE_STRIDE, TrackerConfig
from fcot_engine.geometry import (
    BoxXywh,
    PatchFrame,
    box_iou,
    cut_to_frame,
    share_outside,
    tile_frame,
    xywh_to_xyxy,
)
from fcot_engine.model import (
    BoxFeatures,
    CellSpan,
    ClassFeatures,
    FcotNet,
    Features,
)
from fcot_engine.ops import cut_patch
from fcot_engine.tracker._second_thread import SecondThread
from fcot_engine.tracker.classifier import OnlineClassifier, RejectedSamples, Scores
from fcot_engine.tracker.localisation import Location, Verdict, locate
from fcot_engine.tracker.memory import BestFrames, SpanFrame
from fcot_engine.tracker.regression import RegressionModelGenerator
from fcot_engine.tracker.samples import (
    GivenPatches,
    make_box_patches,
    make_class_patches,
    make_rejected_patches,
)
from fcot_engine.tracker.scale_filter import Growth, ScaleFilter
from fcot_engine.tracker.stages import is_stage

_MIN_SIDE_PX = 2.0
_MISTAKE_IOU = 0.5
_CACHED_PX = 2 * 192**2


@dataclass(frozen=True, eq=False)
class PatchFeatures:
    """What the network makes of one patch, as far as it is always needed."""

    encoding: object
    """From `FcotNet.encode`, for the regression branch."""
    classes: ClassFeatures
    """For the classifiers, `(1, C, h, w)`."""


@dataclass(frozen=True, eq=False)
class Sighting:
    """What was seen of the target in one frame."""

    location: Location
    """Chosen cell, scores and verdict."""
    scores: Scores
    """Score maps of the search patch."""
    patch: PatchFrame
    """Where the search patch was cut."""

    @property
    def is_lost(self) -> bool:
        """Whether the target was not seen."""
        return self.location.verdict is Verdict.LOST

    @property
    def peak_in_patch(self) -> Tensor:
        """The peak in patch pixels, `(2,)`, x and y."""
        cells = torch.tensor(
            [self.location.column, self.location.row], dtype=torch.float64
        )
        return cells * FINE_STRIDE + self.scores.first_cell_px

    @property
    def peak_xy(self) -> tuple[float, float]:
        """The peak in image pixels."""
        x, y = self.patch.to_image(self.peak_in_patch).tolist()
        return x, y


Following = Generator[list[PatchFrame], list[PatchFeatures], Sighting]
"""Asks for the features of some patches, as often as it needs to, then says what it
saw. So the patches of several targets can go through the network together."""


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
        self._frames_lost = 0
        self._frames_seen = 0
        self._best = BestFrames(config.regression.generator_samples)
        self._due: deque[Callable[[], None]] = deque()
        self._classifier = OnlineClassifier(
            network,
            config.classification,
            config.localisation,
        )
        self._regressor = RegressionModelGenerator(network, config.regression)
        self._scale = ScaleFilter(config.scale)
        self._is_shown_whole = False
        self._frame_wh = (1, 1)
        self.box_xywh: BoxXywh = (0.0, 0.0, 1.0, 1.0)
        """The whole target, also where it has left the frame; see `shown_xywh`."""

    @property
    def memory_nbytes(self) -> int:
        """Bytes of the feature maps that are kept."""
        learned = self._classifier.memory.nbytes + self._scale.nbytes
        return learned + self._best.nbytes

    @is_stage("learning")
    def learn_given(
        self,
        image: Tensor,
        box_xywh: BoxXywh,
        not_boxes: Sequence[BoxXywh] = (),
        *,
        beside: SecondThread,
    ) -> None:
        """Learn from a box that a person drew, with both branches, and move there.

        What a person said is not the target the classifiers learn as background. A box
        far from where the target was thought to be says that other things were learned
        as the target: then the tracked samples are forgotten.
        """
        given_rate = self._config.scale.given_rate
        if self._is_known and _overlap(self.box_xywh, box_xywh) < _MISTAKE_IOU:
            self._classifier.forget_tracked()
            given_rate = 1.0
        self._is_known = True
        height, width = image.shape[-2:]
        self._frame_wh = width, height
        if share_outside(box_xywh, width=width, height=height) > 0:
            self._is_shown_whole = True
        self._teach(image, box_xywh, not_boxes, beside)
        if self._config.scale.is_used:
            self._scale.learn(image, box_xywh, rate=given_rate)
        self.move_to(box_xywh)

    @property
    def shown_xywh(self) -> BoxXywh:
        """The box as the person draws them.

        It is cut at the frame's border, unless a box that the person drew reached over
        it: then it is the whole target.
        """
        width, height = self._frame_wh
        is_gone = share_outside(self.box_xywh, width=width, height=height) >= 1
        if self._is_shown_whole or is_gone:
            return self.box_xywh
        return cut_to_frame(self.box_xywh, width=width, height=height)

    def move_to(self, box_xywh: BoxXywh) -> None:
        """Search around this box from now on, without learning from it."""
        self.box_xywh = box_xywh
        self._growth = 1.0
        self._frames_lost = 0
        self._best.clear()
        self._due.clear()

    def read_box(self, image: Tensor, rough_xywh: BoxXywh) -> BoxXywh:
        """Regress the box at the middle of a rough one; nothing is learned or moved.

        Args:
            image: the frame.
            rough_xywh: about the target's size, its middle on the target's; image
                pixels.
        """
        patch = self._patch_around(rough_xywh)
        encoding = self._network.encode(cut_patch(image, patch) / 255)
        middle = torch.tensor([patch.size_px / 2] * 2, dtype=torch.float64)
        found, _ = self._regress(encoding, patch, middle)
        return self._settle(
            image,
            rough_xywh,
            patch.box_to_image(found),
            share=1.0,
        )

    @is_stage("learning")
    def learn_due(self) -> None:
        """Compute one part of what is due; before a frame is looked at."""
        if self._due:
            self._due.popleft()()

    def follow(self, image: Tensor) -> Following:
        """Find the target in the next frame: look, locate, accept, learn.

        A lost target keeps its last box. It is searched in a growing region, and when
        it stays lost, in the whole frame; then it is looked at again at its usual scale
        before it is taken back.
        """
        self._frame_wh = image_wh = image.shape[2], image.shape[1]
        patch = self._search_patch()
        (features,) = yield [patch]
        sighting = self._see(features, patch)
        if not sighting.is_lost and self._growth == 1:
            return self._accept(features, sighting, image)
        if not sighting.is_lost:
            found_xy: tuple[float, float] | None = sighting.peak_xy
        else:
            found_xy = yield from self._search_frame(image_wh)
        if found_xy is not None:
            patch = self._patch_around(_center_at(self.box_xywh, found_xy))
            (features,) = yield [patch]
            again = self._see(features, patch)
            if not again.is_lost:
                return self._accept(features, again, image)
        return self._miss(sighting)

    def _teach(
        self,
        image: Tensor,
        box_xywh: BoxXywh,
        not_boxes: Sequence[BoxXywh],
        beside: SecondThread,
    ) -> None:
        """Let both branches learn from the given samples of a box (section III-C).

        The branches know nothing of each other, so they learn at the same time.
        """
        network, config = self._network, self._config.augmentation
        patch = self._patch_around(box_xywh)
        given = make_class_patches(
            image, box_xywh, patch, config, generator=self._generator
        )
        others = None
        if not_boxes:
            others = make_rejected_patches(image, box_xywh, not_boxes, patch)
        is_correction = self._regressor.n_given > 0
        if is_correction and not self._config.regression.learn_corrections:
            self._teach_classifier(given, others)
            return
        for_boxes, span = given, None
        if not config.share_samples:
            for_boxes = make_box_patches(
                image,
                box_xywh,
                patch,
                config,
                generator=self._generator,
                is_correction=is_correction,
            )
            middle = config.box_patch_size // FINE_STRIDE // 2
            spread = math.ceil(config.box_shift / FINE_STRIDE)
            span = self._regressor.span_around(middle, middle, spread=spread)
        boxes = _box_features(network, for_boxes, span)
        learning = beside.start(lambda: self._regressor.learn_given_parts(boxes))
        try:
            self._teach_classifier(given, others)
        finally:
            learning.result()

    def _teach_classifier(
        self, given: GivenPatches, others: GivenPatches | None
    ) -> None:
        rejected = None
        if others is not None:
            maps = _class_features(self._network, others)
            rejected = RejectedSamples(maps, others.boxes_xywh)
        maps = _class_features(self._network, given)
        self._classifier.learn_given(maps, given.boxes_xywh, rejected)

    def _search_patch(self) -> PatchFrame:
        return self._patch_around(self.box_xywh, growth=self._growth)

    def _patch_around(self, box_xywh: BoxXywh, *, growth: float = 1) -> PatchFrame:
        search = self._config.search
        return PatchFrame.around(
            box_xywh,
            size_px=search.patch_size,
            area_scale=search.area_scale * growth,
        )

    @is_stage("filters")
    def _see(
        self, features: PatchFeatures, patch: PatchFrame, *, window: bool = True
    ) -> Sighting:
        """Score a patch, locate the target and judge what was found."""
        config = self._config.localisation
        if not window:
            config = replace(config, window=0.0)
        scores = self._classifier.score(features.classes)
        target_wh = self.box_xywh[2] / patch.scale, self.box_xywh[3] / patch.scale
        location = locate(scores.fused, target_wh, config)
        if not self._is_good_evidence(location):
            location = replace(location, verdict=Verdict.LOST)
        return Sighting(location, scores, patch)

    def _is_good_evidence(self, location: Location) -> bool:
        """Whether a target that was lost for long may be taken back."""
        search = self._config.search
        if self._frames_lost < search.patience:
            return True
        is_clear = location.verdict is not Verdict.UNCERTAIN
        return is_clear and location.peak.value >= search.regain_score

    def _search_frame(
        self, image_wh: tuple[int, int]
    ) -> Generator[list[PatchFrame], list[PatchFeatures], tuple[float, float] | None]:
        """Look at some patches of the whole frame; where a good peak is, or None.

        Frame by frame all patches of a grid have their turn.
        """
        search = self._config.search
        turn = self._frames_lost - search.patience
        if turn < 0 or not search.frame_patches:
            return None
        grid = tile_frame(self._patch_around(self.box_xywh), image_wh)
        first = turn * search.frame_patches
        count = min(search.frame_patches, len(grid))
        patches = [grid[(first + step) % len(grid)] for step in range(count)]
        found = yield patches
        seen = [
            self._see(features, patch, window=False)
            for features, patch in zip(found, patches, strict=True)
        ]
        good = [sighting for sighting in seen if not sighting.is_lost]
        if not good:
            return None
        return max(good, key=lambda sighting: sighting.location.peak.value).peak_xy

    def _miss(self, sighting: Sighting) -> Sighting:
        """Keep the last box and widen the search."""
        search = self._config.search
        self._frames_lost += 1
        self._growth = min(self._growth * search.lost_growth, search.max_growth)
        return replace(
            sighting, location=replace(sighting.location, verdict=Verdict.LOST)
        )

    def _accept(
        self, features: PatchFeatures, sighting: Sighting, image: Tensor
    ) -> Sighting:
        """Read the box at the peak, move there, and learn from the frame."""
        config = self._config.regression
        found, box_features = self._regress(
            features.encoding, sighting.patch, sighting.peak_in_patch
        )
        self.box_xywh = self._settle(
            image,
            self.box_xywh,
            sighting.patch.box_to_image(found),
            share=min(sighting.location.peak.value / config.full_size_score, 1.0),
        )
        self._growth = 1.0
        self._frames_lost = 0
        self._learn_tracked(Features.of(features.classes, box_features), sighting)
        self._learn_scale(image, sighting)
        return sighting

    def _settle(
        self, image: Tensor, last_xywh: BoxXywh, found_xywh: BoxXywh, *, share: float
    ) -> BoxXywh:
        """Take over the regressed centre, some of its size, and what has grown.

        Args:
            image: the frame.
            last_xywh: the box before it.
            found_xywh: what the regression says of it.
            share: how much of a regressed change of size may be taken over.
        """
        scale, gain = self._config.scale, self._config.regression.size_gain
        center, growth = _center_of(found_xywh), Growth(0.0, 0.0)
        if scale.is_used:
            growth = self._measure_growth(image, _center_at(last_xywh, center))
        sides_wh = _change_size(
            last_xywh,
            found_xywh,
            log_factor=growth.trust * growth.log_factor,
            area_gain=share * _blend(gain, scale.area_gain, growth.trust),
            aspect_gain=share * _blend(gain, scale.aspect_gain, growth.trust),
        )
        frame_wh = image.shape[2], image.shape[1]
        return _keep_in_sight(center, sides_wh, frame_wh=frame_wh)

    @is_stage("box")
    def _measure_growth(self, image: Tensor, box_xywh: BoxXywh) -> Growth:
        return self._scale.measure_growth(image, box_xywh)

    def _learn_scale(self, image: Tensor, sighting: Sighting) -> None:
        """Let the filter over scales learn from a good frame, beside the next one."""
        config, location = self._config, sighting.location
        if (
            config.scale.is_used
            and location.verdict is Verdict.FOUND
            and location.peak.value >= config.localisation.learn_threshold
            and self._frames_seen % config.scale.update_interval == 0
        ):
            rate = config.scale.learning_rate
            self._due.append(
                partial(self._scale.learn, image, self.box_xywh, rate=rate)
            )

    @is_stage("box")
    def _regress(
        self, encoding: object, patch: PatchFrame, point_in_patch: Tensor
    ) -> tuple[Tensor, BoxFeatures]:
        """Box at a point `(2,)` of a patch, both in patch pixels, `(4,)` xywh.

        Returns:
            The box, and the features around it.
        """
        last = patch.size_px // FINE_STRIDE - 1
        cell = (point_in_patch / FINE_STRIDE).floor().long().clamp(0, last)
        column, row = cell.tolist()
        span = self._regressor.span_around(column, row)
        features = self._network.regress(encoding, span)
        corners = self._regressor.find_box(
            features, cell.to(features.regression.device)
        )
        corners = corners.double().cpu()
        return torch.cat([corners[:2], corners[2:] - corners[:2]]), features

    @is_stage("learning")
    def _learn_tracked(self, features: Features, sighting: Sighting) -> None:
        """Take in a frame when a span is over, or at a look-alike.

        What is to be computed for it becomes due, one part in each of the next frames,
        so that no frame takes much longer than the others.
        """
        config, location = self._config, sighting.location
        self._frames_seen += 1
        box = sighting.patch.box_to_patch(self.box_xywh).to(features.fine.device)
        if location.verdict is Verdict.HARD_NEGATIVE:
            self._remember(features.for_classifier, box, hard_negative=True)
        elif (
            location.verdict is Verdict.FOUND
            and location.peak.value >= config.localisation.learn_threshold
        ):
            self._best.offer(location.peak.value, features, box)
        if self._frames_seen % config.classification.update_interval == 0:
            best = self._best.take_for_classifier()
            if best is not None:
                self._remember(
                    best.features.for_classifier, best.box_xywh, hard_negative=False
                )
        if self._frames_seen % config.regression.update_interval == 0:
            span = self._best.take_for_regressor()
            if span:
                self._due.append(partial(self._learn_span, span))

    def _remember(
        self, features: ClassFeatures, box_xywh: Tensor, *, hard_negative: bool
    ) -> None:
        classifier = self._classifier
        steps = classifier.remember_tracked(
            features, box_xywh, hard_negative=hard_negative
        )
        waiting = self._due.count(classifier.optimise_once)
        self._due.extend([classifier.optimise_once] * (max(steps, waiting) - waiting))

    def _learn_span(self, span: Sequence[SpanFrame]) -> None:
        self._regressor.learn_tracked(
            BoxFeatures.join([frame.features.for_regressor for frame in span]),
            torch.stack([frame.box_xywh for frame in span]),
        )


def _center_at(box_xywh: BoxXywh, center_xy: tuple[float, float]) -> BoxXywh:
    w, h = box_xywh[2:]
    return center_xy[0] - w / 2, center_xy[1] - h / 2, w, h


def _overlap(a_xywh: BoxXywh, b_xywh: BoxXywh) -> float:
    pair = xywh_to_xyxy(torch.tensor([a_xywh, b_xywh], dtype=torch.float64))
    return float(box_iou(pair[0], pair[1]))


def _center_of(box_xywh: BoxXywh) -> tuple[float, float]:
    x, y, w, h = box_xywh
    return x + w / 2, y + h / 2


def _blend(before: float, after: float, share: float) -> float:
    return before + share * (after - before)


def _change_size(
    last_xywh: BoxXywh,
    found_xywh: BoxXywh,
    *,
    log_factor: float,
    area_gain: float,
    aspect_gain: float,
) -> tuple[float, float]:
    """Width and height after a frame.

    Args:
        last_xywh: the box before it.
        found_xywh: what the regression says of it.
        log_factor: natural logarithm of the factor by which both sides have grown.
        area_gain: share of what the regression sees of the area beyond that growth.
        aspect_gain: share of the change of aspect that it sees.
    """
    grown, changes = [], []
    for old, new in zip(last_xywh[2:], found_xywh[2:], strict=True):
        bounded = min(max(new, _MIN_SIDE_PX, old / 4), 4 * old)
        grown.append(math.log(old) + log_factor)
        changes.append(math.log(bounded) - grown[-1])
    both = (changes[0] + changes[1]) / 2
    w, h = (
        math.exp(old + area_gain * both + aspect_gain * (change - both))
        for old, change in zip(grown, changes, strict=True)
    )
    return w, h


def _keep_in_sight(
    center_xy: tuple[float, float],
    sides_wh: tuple[float, float],
    *,
    frame_wh: tuple[int, int],
) -> BoxXywh:
    """Make a box of which at least a quarter along each axis is in the frame.

    It may leave the frame, as its target does, but for that quarter, so that there is
    something to look at. Cut at the border it would be taken for another size, and the
    search around it would shrink.
    """
    starts, sides = [], []
    for center, wanted, limit in zip(center_xy, sides_wh, frame_wh, strict=True):
        side = min(max(wanted, _MIN_SIDE_PX), limit)
        least = side / 4
        starts.append(min(max(center - side / 2, least - side), limit - least))
        sides.append(side)
    return starts[0], starts[1], sides[0], sides[1]


def _split(given: GivenPatches) -> Iterator[tuple[Tensor, Tensor]]:
    """Patches and boxes, as many as go through the network at once.

    On a CPU as many as have maps that fit its cache: two of 192 px, four of 128 px take
    four fifths of the time that they take one by one, more of them no less.
    """
    is_cpu = given.patches.device.type == "cpu"
    size = max(_CACHED_PX // given.patches.shape[-1] ** 2, 1) if is_cpu else 16
    return zip(given.patches.split(size), given.boxes_xywh.split(size), strict=True)


def _class_features(network: FcotNet, given: GivenPatches) -> ClassFeatures:
    """In half precision, as the memory keeps them."""
    parts = []
    for patches, _ in _split(given):
        maps = network.classify(network.encode(patches))
        parts.append(ClassFeatures(maps.coarse.half(), maps.fine.half()))
    return ClassFeatures.join(parts)


def _box_features(
    network: FcotNet, given: GivenPatches, span: CellSpan | None
) -> Iterator[tuple[BoxFeatures, Tensor]]:
    for patches, boxes in _split(given):
        yield network.regress(network.encode(patches), span), boxes
