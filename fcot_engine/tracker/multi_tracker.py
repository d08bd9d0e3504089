"""Several targets in one video, one pass through the network a frame."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Generic, Self, TypeVar, Unpack

import numpy as np
import torch
from numpy.typing import NDArray

from fcot_engine.config import SettingValue, TrackerConfig
from fcot_engine.errors import TrackerStateError
from fcot_engine.geometry import BoxXywh, check_box_in_frame
from fcot_engine.model import FcotNet
from fcot_engine.online import Evidence, Verdict, estimate_confidence, size_change
from fcot_engine.tracker.device import choose_device, name_device
from fcot_engine.tracker.following import follow_targets
from fcot_engine.tracker.frame_image import check_box, frame_to_image
from fcot_engine.tracker.options import TrackerOptions, load_preset
from fcot_engine.tracker.results import Maker, TrackResult
from fcot_engine.tracker.score_maps import describe_scores
from fcot_engine.tracker.target import Sighting, Target

__all__ = ["MultiTracker"]

Id = TypeVar("Id", bound=Hashable)


class MultiTracker(Generic[Id]):
    """Follows any number of targets through a video and learns from corrections.

    All targets share the frame's way to the device and the passes through the network;
    each has filters of its own, and its boxes are those that a `Tracker` of its own
    would find. Targets are told apart by ids of the caller's choice.

    Example:
        >>> frame = np.zeros((120, 160, 3), np.uint8)
        >>> frame[40:80, 60:100] = 200
        >>> tracker = MultiTracker.from_preset("lite", device="cpu")
        >>> tracker.init("square", frame, (60, 40, 40, 40)).verdict
        <Verdict.GIVEN: 'given'>
        >>> sorted(tracker.track(frame))
        ['square']
    """

    def __init__(
        self,
        network: FcotNet,
        config: TrackerConfig | None = None,
        **options: Unpack[TrackerOptions],
    ) -> None:
        """Make a tracker around a network; see `from_preset` for the usual way.

        Args:
            network: moved to the device and used as it is, never changed.
            config: settings; the defaults if None.
            options: see `TrackerOptions`.

        Raises:
            ConfigError: no such device.
        """
        self._device = choose_device(options.get("device", "auto"))
        self._network = network.to(self._device).eval()
        self._config = config or TrackerConfig()
        self._seed = options.get("seed", 0)
        self._maker = options.get("maker", Maker())
        self._keep_score_maps = options.get("keep_score_maps", True)
        self._targets: dict[Id, Target] = {}

    @classmethod
    def from_preset(
        cls,
        preset: str = "lite",
        *,
        weights: Path | str | None = None,
        settings: Mapping[str, SettingValue] | None = None,
        **options: Unpack[TrackerOptions],
    ) -> Self:
        """Make a tracker from a preset's settings and weights.

        See `load_preset` for the arguments and `TrackerOptions` for the options.

        Raises:
            ConfigError: no such preset, setting or device.
            WeightsError: the weights file is missing, corrupted or does not fit.
        """
        device = options.get("device", "auto")
        loaded = load_preset(preset, weights, settings, device=device)
        options.setdefault("maker", loaded.maker)
        return cls(loaded.network, loaded.config, **options)

    @property
    def device_name(self) -> str:
        """What computes, such as "CPU (2 threads)"."""
        return name_device(self._device)

    @property
    def config(self) -> TrackerConfig:
        """The settings."""
        return self._config

    @property
    def maker(self) -> Maker:
        """Who makes the boxes: engine, preset and weights."""
        return self._maker

    @property
    def target_ids(self) -> tuple[Id, ...]:
        """Targets in the order in which they were started."""
        return tuple(self._targets)

    @property
    def memory_nbytes(self) -> int:
        """Bytes of the feature maps that are kept of all targets."""
        return sum(target.memory_nbytes for target in self._targets.values())

    def box_xywh(self, target_id: Id) -> BoxXywh:
        """Last known box of a target.

        Raises:
            TrackerStateError: there is no such target.
        """
        return self._find(target_id).shown_xywh

    @torch.inference_mode()
    def init(
        self,
        target_id: Id,
        frame: NDArray[np.uint8],
        box_xywh: Sequence[float],
        *,
        not_boxes: Sequence[Sequence[float]] = (),
    ) -> TrackResult:
        """Start on a target; what was learned under this id before is forgotten.

        Args:
            target_id: a name of the caller's choice.
            frame: uint8 RGB, shape (H, W, 3).
            box_xywh: the target, in image pixels.
            not_boxes: see `correct`.

        Raises:
            BoxError: a box is not usable in this frame.
            FrameError: the frame is not uint8 RGB or smaller than 2x2 pixels.
        """
        image, box = frame_to_image(frame, self._device), check_box(box_xywh, frame)
        others = [check_box(other, frame) for other in not_boxes]
        target = Target(self._network, self._config, seed=self._seed)
        target.learn_given(image, box, others)
        self._targets[target_id] = target
        return TrackResult(box, 1.0, Verdict.GIVEN)

    @torch.inference_mode()
    def correct(
        self,
        target_id: Id,
        frame: NDArray[np.uint8],
        box_xywh: Sequence[float],
        *,
        not_boxes: Sequence[Sequence[float]] = (),
    ) -> TrackResult:
        """Learn from a box that a person drew, and go on from there.

        The box becomes a given sample of both branches, with its own augmentations:
        the classifiers are optimised on all samples, the rectifier runs again.

        Args:
            target_id: whose box.
            frame: uint8 RGB, shape (H, W, 3).
            box_xywh: the target, in image pixels.
            not_boxes: boxes around other things in this frame, such as where the box
                was before. The classifiers learn them as hard negatives, each with the
                weight of a human box; what overlaps the target stays the target.

        Raises:
            TrackerStateError: there is no such target yet.
            BoxError: a box is not usable in this frame.
            FrameError: the frame is not usable.
        """
        target = self._find(target_id)
        image, box = frame_to_image(frame, self._device), check_box(box_xywh, frame)
        target.learn_given(image, box, [check_box(b, frame) for b in not_boxes])
        return TrackResult(box, 1.0, Verdict.GIVEN)

    def place(self, target_id: Id, box_xywh: Sequence[float]) -> None:
        """Search around this box from now on, without learning from it.

        Raises:
            TrackerStateError: there is no such target yet.
            BoxError: not four finite numbers, or no area.
        """
        target = self._find(target_id)
        far = 10**9  # a place has no frame; only form and size are checked
        x, y, w, h = check_box_in_frame(box_xywh, width=far, height=far)
        target.move_to((x, y, w, h))

    @torch.inference_mode()
    def read_box(
        self, target_id: Id, frame: NDArray[np.uint8], rough_xywh: Sequence[float]
    ) -> BoxXywh:
        """Regress the box of a target at the middle of a rough one.

        For a person who points at a target without drawing its border. Nothing is
        learned, and the search stays where it is.

        Args:
            target_id: whose box.
            frame: uint8 RGB, shape (H, W, 3).
            rough_xywh: about its size, its middle on the target's, in image pixels.

        Raises:
            TrackerStateError: there is no such target yet.
            BoxError: the box is not usable in this frame.
            FrameError: the frame is not usable.
        """
        target = self._find(target_id)
        image = frame_to_image(frame, self._device)
        return target.read_box(image, check_box(rough_xywh, frame))

    def remove(self, target_id: Id) -> None:
        """Stop following a target and forget what was learned about it.

        Raises:
            TrackerStateError: there is no such target.
        """
        self._find(target_id)
        del self._targets[target_id]

    @torch.inference_mode()
    def track(
        self, frame: NDArray[np.uint8], target_ids: Sequence[Id] | None = None
    ) -> dict[Id, TrackResult]:
        """Find targets in the next frame.

        Args:
            frame: uint8 RGB, shape (H, W, 3).
            target_ids: which ones; all if None. The others stay where they are.

        Returns:
            Box, score, verdict and score maps of each. A lost target keeps its last
            box and is searched in a growing region, later in the whole frame.

        Raises:
            TrackerStateError: a target is not known.
            FrameError: the frame is not usable.
        """
        chosen = self.target_ids if target_ids is None else tuple(target_ids)
        targets = [self._find(target_id) for target_id in chosen]
        image = frame_to_image(frame, self._device)
        before = [target.box_xywh for target in targets]
        seen = follow_targets(
            targets, image, network=self._network, config=self._config
        )
        return {
            target_id: self._describe(target, sighting, box)
            for target_id, target, sighting, box in zip(
                chosen, targets, seen, before, strict=True
            )
        }

    def _describe(
        self, target: Target, sighting: Sighting, before_xywh: BoxXywh
    ) -> TrackResult:
        place = sighting.place
        evidence = Evidence(
            peak=place.peak.value if math.isfinite(place.peak.value) else 0.0,
            second_ratio=place.second_ratio,
            size_change=size_change(before_xywh, target.box_xywh),
            is_lost=sighting.is_lost,
        )
        return TrackResult(
            target.shown_xywh,
            estimate_confidence(evidence, self._config.calibration),
            place.verdict,
            describe_scores(sighting) if self._keep_score_maps else None,
            peak=evidence.peak,
            second_ratio=evidence.second_ratio,
            size_change=evidence.size_change,
        )

    def _find(self, target_id: Id) -> Target:
        try:
            return self._targets[target_id]
        except KeyError:
            known = ", ".join(map(repr, self._targets)) or "none"
            raise TrackerStateError(
                f"There is no target {target_id!r} (known: {known}). "
                "Call `init` for it first."
            ) from None
