"""Trackers: one for any number of targets, and one for a single target.

Example:
    >>> import numpy as np
    >>> from fcot_engine import Tracker
    >>> tracker = Tracker.from_preset("lite", device="cpu")
    >>> frame = np.zeros((120, 160, 3), np.uint8)
    >>> frame[40:80, 60:100] = 200
    >>> tracker.init(frame, (60, 40, 40, 40)).verdict
    <Verdict.GIVEN: 'given'>
    >>> result = tracker.track(frame)
    >>> [round(value / 10) * 10 for value in result.box_xywh]
    [60, 40, 40, 40]
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Generic, Self, TypeVar, Unpack

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fcot_engine.config import (
    COARSE_STRIDE,
    FINE_STRIDE,
    SettingValue,
    TrackerConfig,
)
from fcot_engine.errors import FrameError, TrackerStateError
from fcot_engine.geometry import (
    BoxXywh,
    PatchFrame,
    check_box,
    fit_drawn_box,
)
from fcot_engine.model import ClassFeatures, FcotNet, pick
from fcot_engine.ops import cut_patch, find_peak, find_second_peak
from fcot_engine.tracker._second_thread import SecondThread
from fcot_engine.tracker.confidence import Evidence, estimate_confidence, size_change
from fcot_engine.tracker.device import choose_device, name_device
from fcot_engine.tracker.localisation import Verdict
from fcot_engine.tracker.presets import TrackerOptions, load_preset
from fcot_engine.tracker.results import Maker, ScoreMap, ScoreMaps, TrackResult
from fcot_engine.tracker.stages import is_stage, mark_stage
from fcot_engine.tracker.target import Following, PatchFeatures, Sighting, Target

Id = TypeVar("Id", bound=Hashable)

_MIN_FRAME_PX = 2
_MOST_PATCHES = 16
"""Patches that go through the network at once: enough to keep a GPU busy."""


class MultiTracker(Generic[Id]):
    """Follows any number of targets through a video and learns from corrections.

    `init` takes the first box of a target, `track` each following frame, `correct` a
    box that a person drew later, `place` moves the search without learning. All targets
    share the frame's way to the device and one pass through the network; each has
    filters of its own, and its boxes are, but for rounding, those that a `Tracker` of
    its own would find. Targets are told apart by ids of the caller's choice.

    Frames are uint8 RGB arrays of shape (H, W, 3); boxes are x, y, width, height in
    image pixels (see `fcot_engine.geometry.boxes`). For one seed, device and number of
    threads the answers are the same each time.

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
        self._beside = SecondThread(self._device)

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
        image, box = _to_image(frame, self._device), _fit_box(box_xywh, frame)
        others = [_fit_box(other, frame) for other in not_boxes]
        target = Target(self._network, self._config, seed=self._seed)
        target.learn_given(image, box, others, beside=self._beside)
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
        image, box = _to_image(frame, self._device), _fit_box(box_xywh, frame)
        others = [_fit_box(other, frame) for other in not_boxes]
        target.learn_given(image, box, others, beside=self._beside)
        return TrackResult(box, 1.0, Verdict.GIVEN)

    @torch.inference_mode()
    def warm_up(self) -> None:
        """Do everything once for nothing, so that the first box does not wait for it.

        The first passes of a process load libraries and choose algorithms.
        """
        noise = np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)
        image, box = _to_image(noise, self._device), (48.0, 32.0, 32.0, 32.0)
        target = Target(self._network, self._config, seed=self._seed)
        target.learn_given(image, box, beside=self._beside)
        _follow([target], image, self._network, self._beside)

    def place(self, target_id: Id, box_xywh: Sequence[float]) -> None:
        """Search around this box from now on, without learning from it.

        It is taken as it is, also where it reaches over the border of the frame.

        Raises:
            TrackerStateError: there is no such target yet.
            BoxError: not four finite numbers, or no area.
        """
        target = self._find(target_id)
        target.move_to(check_box(box_xywh))

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
        image = _to_image(frame, self._device)
        return target.read_box(image, _fit_box(rough_xywh, frame))

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
        wanted = self.target_ids if target_ids is None else target_ids
        chosen = tuple(dict.fromkeys(wanted))  # a target moves on once a frame
        targets = [self._find(target_id) for target_id in chosen]
        image = _to_image(frame, self._device)
        before = [target.box_xywh for target in targets]
        seen = _follow(targets, image, self._network, self._beside)
        return {
            target_id: self._describe(target, sighting, box)
            for target_id, target, sighting, box in zip(
                chosen, targets, seen, before, strict=True
            )
        }

    def _describe(
        self, target: Target, sighting: Sighting, before_xywh: BoxXywh
    ) -> TrackResult:
        location = sighting.location
        evidence = Evidence(
            peak=location.peak.value if math.isfinite(location.peak.value) else 0.0,
            second_ratio=location.second_ratio,
            size_change=size_change(before_xywh, target.box_xywh),
            is_lost=sighting.is_lost,
        )
        return TrackResult(
            target.shown_xywh,
            estimate_confidence(evidence, self._config.calibration),
            location.verdict,
            _describe_scores(sighting) if self._keep_score_maps else None,
            peak=evidence.peak,
            second_ratio=evidence.second_ratio,
            look_alike=_compare_peaks(sighting, target.shown_xywh),
            size_change=evidence.size_change,
        )

    def _find(self, target_id: Id) -> Target:
        try:
            return self._targets[target_id]
        except KeyError:
            known = ", ".join(map(repr, self._targets))
            raise TrackerStateError(
                f"There is no target {target_id!r} (known: {known}). "
                "Call `init` for it first."
                if known
                else "There is no target yet: call `init` first."
            ) from None


class Tracker:
    """Follows one target: a `MultiTracker` with a single one.

    `init` may be called again to start on another target. Methods and errors are those
    of `MultiTracker`, without the id; all but `init` raise `TrackerStateError` as long
    as there is no target.
    """

    def __init__(
        self,
        network: FcotNet,
        config: TrackerConfig | None = None,
        **options: Unpack[TrackerOptions],
    ) -> None:
        """See `MultiTracker`, and `from_preset` for the usual way."""
        self._targets = MultiTracker[None](network, config, **options)

    @classmethod
    def from_preset(
        cls,
        preset: str = "lite",
        *,
        weights: Path | str | None = None,
        settings: Mapping[str, SettingValue] | None = None,
        **options: Unpack[TrackerOptions],
    ) -> Self:
        """See `MultiTracker.from_preset`."""
        device = options.get("device", "auto")
        loaded = load_preset(preset, weights, settings, device=device)
        options.setdefault("maker", loaded.maker)
        return cls(loaded.network, loaded.config, **options)

    @property
    def device_name(self) -> str:
        """What computes, such as "CPU (2 threads)"."""
        return self._targets.device_name

    @property
    def config(self) -> TrackerConfig:
        """The settings."""
        return self._targets.config

    @property
    def maker(self) -> Maker:
        """Who makes the boxes."""
        return self._targets.maker

    @property
    def memory_nbytes(self) -> int:
        """Bytes of the feature maps that are kept."""
        return self._targets.memory_nbytes

    def init(
        self,
        frame: NDArray[np.uint8],
        box_xywh: Sequence[float],
        *,
        not_boxes: Sequence[Sequence[float]] = (),
    ) -> TrackResult:
        """Start on a new target; see `MultiTracker.init`."""
        return self._targets.init(None, frame, box_xywh, not_boxes=not_boxes)

    def correct(
        self,
        frame: NDArray[np.uint8],
        box_xywh: Sequence[float],
        *,
        not_boxes: Sequence[Sequence[float]] = (),
    ) -> TrackResult:
        """Learn from a box that a person drew; see `MultiTracker.correct`."""
        return self._targets.correct(None, frame, box_xywh, not_boxes=not_boxes)

    def place(self, box_xywh: Sequence[float]) -> None:
        """Search around this box from now on, without learning from it."""
        self._targets.place(None, box_xywh)

    def read_box(
        self, frame: NDArray[np.uint8], rough_xywh: Sequence[float]
    ) -> BoxXywh:
        """Regress the box at the middle of a rough one; see `MultiTracker.read_box`."""
        return self._targets.read_box(None, frame, rough_xywh)

    def track(self, frame: NDArray[np.uint8]) -> TrackResult:
        """Find the target in the next frame; see `MultiTracker.track`."""
        return self._targets.track(frame, [None])[None]


@is_stage("upload")
def _to_image(frame: NDArray[np.uint8], device: torch.device) -> Tensor:
    """Bring a frame to the device as `(3, H, W)`, uint8.

    Raises:
        FrameError: the frame is not uint8 RGB or smaller than 2x2 pixels.
    """
    if not isinstance(frame, np.ndarray):
        raise FrameError(
            "A frame must be a NumPy array, uint8 RGB of shape (height, width, 3), got "
            f"{type(frame).__name__}. Convert it with `numpy.asarray`."
        )
    if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8:
        raise FrameError(
            "A frame must be uint8 RGB of shape (height, width, 3), got "
            f"{frame.dtype} of shape {frame.shape}. Bring other arrays to it with "
            "`fcot_engine.video.ArrayFrames`."
        )
    if min(frame.shape[:2]) < _MIN_FRAME_PX:
        raise FrameError(
            f"A frame must be at least 2x2 pixels, got {frame.shape[1]}x"
            f"{frame.shape[0]}. Choose another video."
        )
    array = np.ascontiguousarray(frame)
    if not array.flags.writeable:
        array = array.copy()
    return torch.from_numpy(array).to(device).permute(2, 0, 1)


def _fit_box(box_xywh: Sequence[float], frame: NDArray[np.uint8]) -> BoxXywh:
    """Return the box as it counts in this frame, see `fit_drawn_box`."""
    height, width = frame.shape[:2]
    return fit_drawn_box(box_xywh, width=width, height=height)


def _follow(
    targets: Sequence[Target],
    image: Tensor,
    network: FcotNet,
    beside: SecondThread,
) -> list[Sighting]:
    """Find some targets in the next frame; what was seen of each, in the same order.

    What is still to be learned of the frames before is learned while the network looks
    at this one: its scores need it. The patches that the targets ask for go through the
    network together, round by round; most frames need one round. No target knows of the
    others.
    """
    seen: dict[int, Sighting] = {}
    following = {number: t.follow(image) for number, t in enumerate(targets)}
    asked = {number: next(steps) for number, steps in following.items()}
    learning = beside.start(lambda: _learn_due(targets))
    while asked:
        patches = [patch for wanted in asked.values() for patch in wanted]
        try:
            features = iter(_extract(image, patches, network, beside))
        finally:
            learning.result()
        answers = {
            number: [next(features) for _ in wanted] for number, wanted in asked.items()
        }
        asked = {}
        for number, answer in answers.items():
            step = _advance(following[number], answer)
            if isinstance(step, Sighting):
                seen[number] = step
            else:
                asked[number] = step
    return [seen[number] for number in range(len(targets))]


def _learn_due(targets: Sequence[Target]) -> None:
    for target in targets:
        target.learn_due()


def _advance(
    steps: Following, answer: list[PatchFeatures]
) -> list[PatchFrame] | Sighting:
    try:
        return steps.send(answer)
    except StopIteration as end:
        sighting: Sighting = end.value
        return sighting


def _extract(
    image: Tensor,
    patches: Sequence[PatchFrame],
    network: FcotNet,
    beside: SecondThread,
) -> list[PatchFeatures]:
    """Features of each patch by itself.

    On a CPU one half of them is made in each thread, and in halves, too, where there is
    no second thread: batches of another size would round otherwise.
    """
    is_halved = image.device.type == "cpu"
    features: list[PatchFeatures] = []
    for start in range(0, len(patches), _MOST_PATCHES):
        part = patches[start : start + _MOST_PATCHES]
        half = (len(part) + 1) // 2 if is_halved else len(part)
        others: list[PatchFeatures] = []
        if half < len(part):
            work = beside.start(
                partial(_extract_batch, image, part[half:], network, others)
            )
        try:
            _extract_batch(image, part[:half], network, features)
        finally:
            if half < len(part):
                work.result()
        features += others
    return features


def _extract_batch(
    image: Tensor,
    patches: Sequence[PatchFrame],
    network: FcotNet,
    found: list[PatchFeatures],
) -> None:
    """Make the features of some patches in one pass and add them to those found."""
    with mark_stage("cut"):
        cut = torch.cat([cut_patch(image, patch) for patch in patches]) / 255
    with mark_stage("network"):
        encoding = network.encode(cut)
        classes = network.classify(encoding)
    for index in range(len(patches)):
        one = ClassFeatures(*(maps[index : index + 1] for maps in classes))
        found.append(PatchFeatures(pick(encoding, index), one))


def _compare_peaks(sighting: Sighting, box_xywh: BoxXywh) -> float:
    """Second peak of the fused map over the first one; see `TrackResult.look_alike`."""
    fused = sighting.scores.fused
    first = find_peak(fused)
    if not first.value > 0:
        return 1.0
    cell_px = FINE_STRIDE * sighting.patch.scale
    size_cells = box_xywh[2] / cell_px, box_xywh[3] / cell_px
    second = find_second_peak(fused, first, size_cells=size_cells)
    return min(max(second.value / first.value, 0.0), 1.0)


def _describe_scores(sighting: Sighting) -> ScoreMaps:
    """Bring the maps of a sighting to the CPU and say where they lie in the image."""
    scores, patch = sighting.scores, sighting.patch
    fine_px, coarse_px = scores.first_cell_px, scores.first_coarse_px
    return ScoreMaps(
        fused=_to_map(scores.fused, patch, fine_px, FINE_STRIDE),
        fine=_to_map(scores.fine, patch, fine_px, FINE_STRIDE),
        coarse=_to_map(scores.coarse, patch, coarse_px, COARSE_STRIDE),
    )


def _to_map(
    scores: Tensor, patch: PatchFrame, first_cell_px: float, stride: int
) -> ScoreMap:
    first = torch.tensor([first_cell_px] * 2, dtype=torch.float64)
    x, y = patch.to_image(first).tolist()
    return ScoreMap(scores.half().cpu().numpy(), (x, y), stride * patch.scale)
