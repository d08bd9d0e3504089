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

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fcot_engine.config.network import FINE_STRIDE
from fcot_engine.config.overrides import SettingValue, apply_settings
from fcot_engine.config.presets import find_preset
from fcot_engine.config.tracking import TrackerConfig
from fcot_engine.errors import FrameError, TrackerStateError, WeightsError
from fcot_engine.geometry.boxes import BoxXywh, check_box_in_frame
from fcot_engine.model.network import FcotNet
from fcot_engine.model.weights import load_network
from fcot_engine.online.verdict import Verdict
from fcot_engine.tracker.device import choose_device, name_device
from fcot_engine.tracker.memory_reuse import keep_freed_memory
from fcot_engine.tracker.results import ScoreMaps, TrackResult
from fcot_engine.tracker.target import Sighting, Target

__all__ = ["Tracker", "default_weights"]

_MIN_FRAME_PX = 2


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
        self._target: Target | None = None

    @classmethod
    def from_preset(
        cls,
        preset: str = "lite",
        *,
        weights: Path | str | None = None,
        settings: Mapping[str, SettingValue] | None = None,
        device: str = "auto",
        seed: int = 0,
        keep_score_maps: bool = True,
    ) -> Tracker:
        """Make a tracker from a preset's settings and weights.

        Args:
            preset: name of the preset.
            weights: a weights file in place of the preset's own.
            settings: changes by name, such as `{"regression.blend": 0.6}`.
            device: see `__init__`.
            seed: see `__init__`.
            keep_score_maps: see `__init__`.

        Raises:
            ConfigError: no such preset, setting or device.
            WeightsError: the weights file is missing, corrupted or does not fit.
        """
        config = apply_settings(find_preset(preset).tracker, settings or {})
        path = default_weights(preset) if weights is None else Path(weights)
        return cls(
            load_network(path),
            config,
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
        return self._known_target().box_xywh

    @torch.inference_mode()
    def init(self, frame: NDArray[np.uint8], box_xywh: Sequence[float]) -> TrackResult:
        """Start on a new target; everything learned before is forgotten.

        Raises:
            BoxError: the box is not usable in this frame.
            FrameError: the frame is not uint8 RGB or smaller than 2x2 pixels.
        """
        image, box = self._to_image(frame), _check_box(box_xywh, frame)
        self._target = Target(self._network, self._config, seed=self._seed)
        self._target.learn_given(image, box)
        return TrackResult(box, 1.0, Verdict.GIVEN)

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
        target = self._known_target()
        image, box = self._to_image(frame), _check_box(box_xywh, frame)
        target.learn_given(image, box)
        return TrackResult(box, 1.0, Verdict.GIVEN)

    def place(self, box_xywh: Sequence[float]) -> None:
        """Search around this box from now on, without learning from it.

        Raises:
            TrackerStateError: there is no target yet.
            BoxError: not four finite numbers, or no area.
        """
        target = self._known_target()
        far = 10**9  # a place has no frame; only form and size are checked
        x, y, w, h = check_box_in_frame(box_xywh, width=far, height=far)
        target.move_to((x, y, w, h))

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
        target = self._known_target()
        sighting = target.find(self._to_image(frame))
        maps = _describe_scores(sighting) if self._keep_score_maps else None
        place = sighting.place
        score = min(max(place.peak.value, 0.0), 1.0)
        return TrackResult(target.box_xywh, score, place.verdict, maps)

    def _known_target(self) -> Target:
        if self._target is None:
            raise TrackerStateError("There is no target yet: call `init` first.")
        return self._target

    def _to_image(self, frame: NDArray[np.uint8]) -> Tensor:
        """Bring a frame to the device as `(3, H, W)`, values 0 to 255."""
        if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8:
            raise FrameError(
                "A frame must be uint8 RGB of shape (height, width, 3), got "
                f"{frame.dtype} of shape {frame.shape}. Bring other arrays to it with "
                "`fcot_engine.io.ArrayFrames`."
            )
        if min(frame.shape[:2]) < _MIN_FRAME_PX:
            raise FrameError(
                f"A frame must be at least 2x2 pixels, got {frame.shape[1]}x"
                f"{frame.shape[0]}. Choose another video."
            )
        array = np.ascontiguousarray(frame)
        if not array.flags.writeable:
            array = array.copy()
        return torch.from_numpy(array).to(self._device).permute(2, 0, 1)


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


def _check_box(box_xywh: Sequence[float], frame: NDArray[np.uint8]) -> BoxXywh:
    return check_box_in_frame(box_xywh, width=frame.shape[1], height=frame.shape[0])


def _describe_scores(sighting: Sighting) -> ScoreMaps:
    half_cell, scores = FINE_STRIDE / 2, sighting.scores
    x, y = sighting.patch.to_image(torch.tensor([half_cell, half_cell])).tolist()

    def bring(scores: Tensor) -> NDArray[np.float16]:
        array: NDArray[np.float16] = scores.half().cpu().numpy()
        return array

    return ScoreMaps(
        fused=bring(scores.fused),
        coarse=bring(scores.coarse),
        fine=bring(scores.fine),
        origin_xy=(x, y),
        cell_px=FINE_STRIDE * sighting.patch.scale,
    )
