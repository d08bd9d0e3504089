"""What the session and everything above it ask of a tracker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from fcot_engine.geometry import BoxXywh
from fcot_engine.tracker import TrackResult

__all__ = ["BoxReader", "TrackerLike"]


@runtime_checkable
class TrackerLike(Protocol):
    """Follows one target; `fcot_engine.tracker.Tracker` is the real one.

    Frames are uint8 RGB of shape (height, width, 3), boxes x, y, width, height in image
    pixels.
    """

    def init(
        self,
        frame_rgb: NDArray[np.uint8],
        box_xywh: Sequence[float],
        /,
        *,
        not_boxes: Sequence[Sequence[float]] = (),
    ) -> TrackResult:
        """Start on a target, forgetting any earlier one; see `correct`."""

    def track(self, frame_rgb: NDArray[np.uint8], /) -> TrackResult:
        """Find the target in the next frame."""

    def correct(
        self,
        frame_rgb: NDArray[np.uint8],
        box_xywh: Sequence[float],
        /,
        *,
        not_boxes: Sequence[Sequence[float]] = (),
    ) -> TrackResult:
        """Learn where the target is in a frame; the next `track` goes on from there.

        In places of `not_boxes` a person said that the target is not.
        """

    def place(self, box_xywh: Sequence[float], /) -> None:
        """Move the search to a box without learning."""


@runtime_checkable
class BoxReader(Protocol):
    """A tracker that finds a box's sides once it is told the place."""

    def read_box(
        self, frame_rgb: NDArray[np.uint8], rough_xywh: Sequence[float], /
    ) -> BoxXywh:
        """Read the target's box at the middle of a rough one, without learning."""
