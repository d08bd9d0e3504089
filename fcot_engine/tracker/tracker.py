"""`Tracker`: the public face of the engine.

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
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fcot_engine.config.network import FINE_STRIDE
from fcot_engine.config.presets import find_preset
from fcot_engine.config.tracking import TrackerConfig
from fcot_engine.errors import FrameError, TrackerStateError, WeightsError
from fcot_engine.geometry.boxes import BoxXywh, check_box_in_frame
from fcot_engine.geometry.patch_frame import PatchFrame
from fcot_engine.model.network import FcotNet, Features
from fcot_engine.model.weights import load_network
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
from fcot_engine.tracker.device import choose_device, name_device
from fcot_engine.tracker.memory_reuse import keep_freed_memory
from fcot_engine.tracker.results import ScoreMaps, TrackResult

__all__ = ["Tracker", "default_weights"]

_BATCH = 16  # patches through the network at once; bounds the memory of a first frame
_MIN_SIDE_PX = 2.0


class Tracker:
    """Follows one target through a video and learns from corrections.

    `init` takes the first box, `track` each following frame, `correct` a box that a
    person drew later, `place` moves the search without learning. Frames are uint8 RGB
    arrays of shape (H, W, 3); boxes are x, y, width, height in image pixels (see
    `fcot_engine.geometry.boxes`). For one seed and device the answers are the same each
    time.
    """

    def __init__(
        self,
        network: FcotNet,
        config: TrackerConfig | None = None,
        *,
        device: str = "auto",
        seed: int = 0,
        keep_score_maps: bool = True,
    ) -> None:
        """Make a tracker around a network; see `from_preset` for the usual way.

        Args:
            network: moved to the device and used as it is, never changed.
            config: settings; the defaults if None.
            device: "auto", "cpu", "cuda", "cuda:N" or "mps".
            seed: of the random shifts in the augmentation.
            keep_score_maps: whether results carry their score maps.
        """
        self._device = choose_device(device)
        if self._device.type == "cpu":
            keep_freed_memory()
        self._network = network.to(self._device).eval()
        self._config = config or TrackerConfig()
        self._seed = seed
        self._keep_score_maps = keep_score_maps
        self._forget()

    @classmethod
    def from_preset(
        cls,
        preset: str = "lite",
        *,
        weights: Path | str | None = None,
        device: str = "auto",
        seed: int = 0,
        keep_score_maps: bool = True,
    ) -> Tracker:
        """Make a tracker from a preset's settings and weights.

        Args:
            preset: name of the preset.
            weights: a weights file in place of the preset's own.
            device: see `__init__`.
            seed: see `__init__`.
            keep_score_maps: see `__init__`.

        Raises:
            ConfigError: no such preset or device.
            WeightsError: the weights file is missing, corrupted or does not fit.
        """
        chosen = find_preset(preset)
        path = default_weights(preset) if weights is None else Path(weights)
        return cls(
            load_network(path),
            chosen.tracker,
            device=device,
            seed=seed,
            keep_score_maps=keep_score_maps,
        )

    @property
    def device_name(self) -> str:
        """What computes, such as "CPU (2 threads)"."""
        return name_device(self._device)

    @property
    def config(self) -> TrackerConfig:
        """The settings."""
        return self._config

    @property
    def box_xywh(self) -> BoxXywh:
        """Last known box."""
        if self._box is None:
            raise TrackerStateError("There is no target yet: call `init` first.")
        return self._box

    @torch.inference_mode()
    def init(self, frame: NDArray[np.uint8], box_xywh: Sequence[float]) -> TrackResult:
        """Start on a new target; everything learned before is forgotten.

        Raises:
            BoxError: the box is not usable in this frame.
            FrameError: the frame is not uint8 RGB or smaller than 2x2 pixels.
        """
        image = self._to_image(frame)
        box = self._check_box(box_xywh, frame)
        self._forget()
        return self._learn_given(image, box)

    @torch.inference_mode()
    def correct(
        self, frame: NDArray[np.uint8], box_xywh: Sequence[float]
    ) -> TrackResult:
        """Learn from a box that a person drew, and go on from there.

        The box becomes a given sample of both branches, with its own augmentations:
        the classifiers are optimised on all samples, the rectifier runs again.

        Raises:
            TrackerStateError: there is no target yet.
            BoxError: the box is not usable in this frame.
            FrameError: the frame is not usable.
        """
        if self._box is None:
            raise TrackerStateError(
                "There is no target to correct yet: call `init` first."
            )
        image = self._to_image(frame)
        return self._learn_given(image, self._check_box(box_xywh, frame))

    def place(self, box_xywh: Sequence[float]) -> None:
        """Search around this box from now on, without learning from it.

        Raises:
            TrackerStateError: there is no target yet.
            BoxError: not four finite numbers, or no area.
        """
        if self._box is None:
            raise TrackerStateError(
                "There is no target to place yet: call `init` first."
            )
        far = 10**9  # a place has no frame; only form and size are checked
        x, y, w, h = (float(value) for value in box_xywh)
        check_box_in_frame((max(x, 0), max(y, 0), w, h), width=far, height=far)
        self._box, self._growth = (x, y, w, h), 1.0
        self._best.clear()

    @torch.inference_mode()
    def track(self, frame: NDArray[np.uint8]) -> TrackResult:
        """Find the target in the next frame.

        Returns:
            Box, score, verdict and score maps. A lost target keeps its last box and is
            searched in a growing region.

        Raises:
            TrackerStateError: there is no target yet.
            FrameError: the frame is not usable.
        """
        last = self.box_xywh
        image = self._to_image(frame)
        patch = self._search_frame(last)
        features = self._network.extract(self._cut(image, patch))
        scores = self._classifier.score(features)
        target_wh = last[2] / patch.scale, last[3] / patch.scale
        place = locate(scores.fused, target_wh, self._config.localisation)
        if place.verdict is Verdict.LOST:
            self._widen_search()
        else:
            found = self._regressor.find_box(features, self._cell(place))
            self._accept(found, patch, frame)
            self._learn_tracked(features, patch, place)
        maps = _describe_scores(scores, patch) if self._keep_score_maps else None
        score = min(max(place.peak.value, 0.0), 1.0)
        return TrackResult(self.box_xywh, score, place.verdict, maps)

    def _forget(self) -> None:
        """Set up all state of one target."""
        config = self._config
        self._generator = torch.Generator().manual_seed(self._seed)
        self._box: BoxXywh | None = None
        self._growth = 1.0
        self._frames_seen = 0
        self._best = BestFrames(config.regression.generator_samples)
        self._classifier = OnlineClassifier(
            self._network, config.classification, config.localisation
        )
        self._regressor = RegressionModelGenerator(self._network, config.regression)

    def _learn_given(self, image: Tensor, box: BoxXywh) -> TrackResult:
        config = self._config
        patch = PatchFrame.around(
            box, size_px=config.search.patch_size, area_scale=config.search.area_scale
        )
        for make, learn in (
            (make_class_patches, self._classifier.learn_given),
            (make_box_patches, self._regressor.learn_given),
        ):
            given = make(
                image, box, patch, config.augmentation, generator=self._generator
            )
            learn(self._extract_all(given), given.boxes_xywh)
        self._box, self._growth = box, 1.0
        self._best.clear()
        return TrackResult(box, 1.0, Verdict.GIVEN)

    def _extract_all(self, given: GivenPatches) -> Features:
        parts = [self._network.extract(p) for p in given.patches.split(_BATCH)]
        columns = zip(*parts, strict=True)
        return Features(*(None if c[0] is None else torch.cat(c) for c in columns))

    def _search_frame(self, box: BoxXywh) -> PatchFrame:
        search = self._config.search
        return PatchFrame.around(
            box,
            size_px=search.patch_size,
            area_scale=search.area_scale * self._growth,
        )

    def _cut(self, image: Tensor, patch: PatchFrame) -> Tensor:
        return cut_patch(image, patch) / 255

    def _cell(self, place: Place) -> Tensor:
        return torch.tensor([place.peak.column, place.peak.row], device=self._device)

    def _widen_search(self) -> None:
        search = self._config.search
        self._growth = min(self._growth * search.lost_growth, search.max_growth)

    def _accept(
        self, found_xyxy: Tensor, patch: PatchFrame, frame: NDArray[np.uint8]
    ) -> None:
        """Move to the found box, taking over a part of its change of size."""
        x0, y0, x1, y1 = found_xyxy.double().tolist()
        corner = torch.tensor([x0, y0, x1 - x0, y1 - y0], dtype=torch.float64)
        x, y, w, h = patch.box_to_image(corner)
        self._box = _settle(
            self.box_xywh,
            (x + w / 2, y + h / 2),
            (w, h),
            gain=self._config.regression.size_gain,
            frame_wh=(frame.shape[1], frame.shape[0]),
        )
        self._growth = 1.0

    def _learn_tracked(
        self, features: Features, patch: PatchFrame, place: Place
    ) -> None:
        """Update both branches when their span is over, or at a look-alike."""
        config = self._config
        self._frames_seen += 1
        box = patch.box_to_patch(self.box_xywh).to(self._device)
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

    def _to_image(self, frame: NDArray[np.uint8]) -> Tensor:
        """Bring a frame to the device as `(3, H, W)`, values 0 to 255."""
        if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8:
            raise FrameError(
                "A frame must be uint8 RGB of shape (height, width, 3), got "
                f"{frame.dtype} of shape {frame.shape}. Bring other arrays to it with "
                "`fcot_engine.io.ArrayFrames`."
            )
        if min(frame.shape[:2]) < _MIN_SIDE_PX:
            raise FrameError(
                f"A frame must be at least 2x2 pixels, got {frame.shape[1]}x"
                f"{frame.shape[0]}. Choose another video."
            )
        array = np.ascontiguousarray(frame)
        if not array.flags.writeable:
            array = array.copy()
        return torch.from_numpy(array).to(self._device).permute(2, 0, 1)

    def _check_box(
        self, box_xywh: Sequence[float], frame: NDArray[np.uint8]
    ) -> BoxXywh:
        return check_box_in_frame(box_xywh, width=frame.shape[1], height=frame.shape[0])


def default_weights(preset: str) -> Path:
    """Path of the weights that come with the package for a preset.

    Raises:
        ConfigError: no such preset.
        WeightsError: they are not installed.
    """
    folder = Path(__file__).resolve().parent.parent / "weights"
    path = folder / find_preset(preset).weights_name
    if not path.is_file():
        raise WeightsError(
            f"The weights of preset {preset!r} are not installed ({path.name} is "
            "missing from the package). Install the package again, or name a file."
        )
    return path


def _settle(
    last: BoxXywh,
    center_xy: tuple[float, float],
    found_wh: tuple[float, float],
    *,
    gain: float,
    frame_wh: tuple[int, int],
) -> BoxXywh:
    """Box with the found centre and a part of the found change of size."""
    sides, starts = [], []
    for old, new, center, limit in zip(
        last[2:], found_wh, center_xy, frame_wh, strict=True
    ):
        new = min(max(new, _MIN_SIDE_PX), 4 * old)
        side = min(old * math.exp(gain * math.log(new / old)), limit)
        side = max(side, min(_MIN_SIDE_PX, limit))
        low = max(center - side / 2, 0.0)
        high = min(center + side / 2, limit)
        if high - low < side / 4:  # the centre left the frame: stay at its border
            low = min(max(low, 0.0), limit - side / 4)
            high = low + side / 4
        sides.append(high - low)
        starts.append(low)
    return starts[0], starts[1], sides[0], sides[1]


def _describe_scores(scores: Scores, patch: PatchFrame) -> ScoreMaps:
    half_cell = FINE_STRIDE / 2
    x, y = patch.to_image(torch.tensor([half_cell, half_cell])).tolist()

    def bring(scores: Tensor) -> NDArray[np.float16]:
        array: NDArray[np.float16] = scores.half().cpu().numpy()
        return array

    return ScoreMaps(
        fused=bring(scores.fused),
        coarse=bring(scores.coarse),
        fine=bring(scores.fine),
        origin_xy=(x, y),
        cell_px=FINE_STRIDE * patch.scale,
    )
