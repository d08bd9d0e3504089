"""A tracker that is looked over, or changed a little, on its way into a session."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fcot_engine.annotation import TargetTracker
from fcot_engine.geometry import BoxXywh
from fcot_engine.tracker import Maker, TrackResult


class WrappedTracker:
    """Another tracker as it is; a class that derives from it changes what it likes."""

    def __init__(self, tracker: TargetTracker) -> None:
        self._tracker = tracker

    @property
    def device_name(self) -> str:
        """What computes."""
        return self._tracker.device_name

    @property
    def maker(self) -> Maker:
        """Who makes the boxes."""
        return self._tracker.maker

    @property
    def target_ids(self) -> tuple[int, ...]:
        """Targets that were started and not removed."""
        return self._tracker.target_ids

    def init(
        self,
        target_id: int,
        frame: NDArray[np.uint8],
        box_xywh: Sequence[float],
        /,
        *,
        not_boxes: Sequence[Sequence[float]] = (),
    ) -> TrackResult:
        """Start on a target."""
        return self._tracker.init(target_id, frame, box_xywh, not_boxes=not_boxes)

    def correct(
        self,
        target_id: int,
        frame: NDArray[np.uint8],
        box_xywh: Sequence[float],
        /,
        *,
        not_boxes: Sequence[Sequence[float]] = (),
    ) -> TrackResult:
        """Learn where a target is in a frame."""
        return self._tracker.correct(target_id, frame, box_xywh, not_boxes=not_boxes)

    def place(self, target_id: int, box_xywh: Sequence[float], /) -> None:
        """Search around a box from now on."""
        self._tracker.place(target_id, box_xywh)

    def read_box(
        self, target_id: int, frame: NDArray[np.uint8], rough_xywh: Sequence[float], /
    ) -> BoxXywh:
        """Read the box of a target at the middle of a rough one."""
        return self._tracker.read_box(target_id, frame, rough_xywh)

    def remove(self, target_id: int, /) -> None:
        """Forget a target."""
        self._tracker.remove(target_id)

    def track(
        self, frame: NDArray[np.uint8], target_ids: Sequence[int] | None = None, /
    ) -> dict[int, TrackResult]:
        """Find targets in the next frame."""
        return self._tracker.track(frame, target_ids)
