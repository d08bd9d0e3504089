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
from typing import Self, Unpack

import numpy as np
from numpy.typing import NDArray

from fcot_engine.config import SettingValue, TrackerConfig
from fcot_engine.errors import TrackerStateError
from fcot_engine.geometry import BoxXywh
from fcot_engine.model import FcotNet
from fcot_engine.tracker.multi_tracker import MultiTracker
from fcot_engine.tracker.options import TrackerOptions, load_preset
from fcot_engine.tracker.results import Maker, TrackResult

__all__ = ["Tracker"]


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
        **options: Unpack[TrackerOptions],
    ) -> None:
        """Make a tracker around a network; see `from_preset` for the usual way.

        See `MultiTracker` for the arguments.

        Raises:
            ConfigError: no such device.
        """
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
        return self._targets.device_name

    @property
    def config(self) -> TrackerConfig:
        """The settings."""
        return self._targets.config

    @property
    def maker(self) -> Maker:
        """Who makes the boxes: engine, preset and weights."""
        return self._targets.maker

    @property
    def memory_nbytes(self) -> int:
        """Bytes of the feature maps that are kept."""
        return self._targets.memory_nbytes

    @property
    def box_xywh(self) -> BoxXywh:
        """Last known box.

        Raises:
            TrackerStateError: there is no target yet.
        """
        self._check_started()
        return self._targets.box_xywh(None)

    def init(
        self,
        frame: NDArray[np.uint8],
        box_xywh: Sequence[float],
        *,
        not_boxes: Sequence[Sequence[float]] = (),
    ) -> TrackResult:
        """Start on a new target; everything learned before is forgotten.

        Args:
            frame: uint8 RGB, shape (H, W, 3).
            box_xywh: the target, in image pixels.
            not_boxes: see `correct`.

        Raises:
            BoxError: a box is not usable in this frame.
            FrameError: the frame is not uint8 RGB or smaller than 2x2 pixels.
        """
        return self._targets.init(None, frame, box_xywh, not_boxes=not_boxes)

    def correct(
        self,
        frame: NDArray[np.uint8],
        box_xywh: Sequence[float],
        *,
        not_boxes: Sequence[Sequence[float]] = (),
    ) -> TrackResult:
        """Learn from a box that a person drew, and go on from there.

        The box becomes a given sample of both branches, with its own augmentations:
        the classifiers are optimised on all samples, the rectifier runs again.

        Args:
            frame: uint8 RGB, shape (H, W, 3).
            box_xywh: the target, in image pixels.
            not_boxes: boxes around other things in this frame, such as where the box
                was before. The classifiers learn them as hard negatives, each with the
                weight of a human box; what overlaps the target stays the target.

        Raises:
            TrackerStateError: there is no target yet.
            BoxError: a box is not usable in this frame.
            FrameError: the frame is not usable.
        """
        self._check_started()
        return self._targets.correct(None, frame, box_xywh, not_boxes=not_boxes)

    def place(self, box_xywh: Sequence[float]) -> None:
        """Search around this box from now on, without learning from it.

        Raises:
            TrackerStateError: there is no target yet.
            BoxError: not four finite numbers, or no area.
        """
        self._check_started()
        self._targets.place(None, box_xywh)

    def read_box(
        self, frame: NDArray[np.uint8], rough_xywh: Sequence[float]
    ) -> BoxXywh:
        """Regress the target's box at the middle of a rough one.

        For a person who points at the target without drawing its border. Nothing is
        learned, and the search stays where it is.

        Args:
            frame: uint8 RGB, shape (H, W, 3).
            rough_xywh: about its size, its middle on the target's, in image pixels.

        Raises:
            TrackerStateError: there is no target yet.
            BoxError: the box is not usable in this frame.
            FrameError: the frame is not usable.
        """
        self._check_started()
        return self._targets.read_box(None, frame, rough_xywh)

    def track(self, frame: NDArray[np.uint8]) -> TrackResult:
        """Find the target in the next frame.

        Returns:
            Box, score, verdict and score maps. A lost target keeps its last box and is
            searched in a growing region, later in the whole frame.

        Raises:
            TrackerStateError: there is no target yet.
            FrameError: the frame is not usable.
        """
        self._check_started()
        return self._targets.track(frame)[None]

    def _check_started(self) -> None:
        if not self._targets.target_ids:
            raise TrackerStateError("There is no target yet: call `init` first.")
