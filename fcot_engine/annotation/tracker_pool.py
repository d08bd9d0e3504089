"""`TrackerPool`: the trackers of a session, and what each target was taught.

There are two, one for each direction, made when they are first needed; each follows any
number of targets. One that is put back and forth would be cheaper to teach, but what a
run learns on its way would reach the other direction: once it had gone over to a wrong
object, the run from the other side would follow it there, and the two would agree on a
mistake. Two that know the same given boxes and nothing else of each other are two
opinions.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fcot_engine.annotation.boxes import Box
from fcot_engine.annotation.targets import Rejections, rejected_at
from fcot_engine.geometry import BoxXywh
from fcot_engine.tracker import Maker, TrackResult


class TargetTracker(Protocol):
    """Follows targets told apart by their ids; a `MultiTracker[int]` is one.

    Frames are uint8 RGB of shape (height, width, 3), boxes x, y, width, height in image
    pixels.
    """

    @property
    def device_name(self) -> str:
        """What computes, such as "CPU (2 threads)"."""

    @property
    def maker(self) -> Maker:
        """Who makes the boxes."""

    @property
    def target_ids(self) -> tuple[int, ...]:
        """Targets that were started and not removed."""

    def init(
        self,
        target_id: int,
        frame: NDArray[np.uint8],
        box_xywh: Sequence[float],
        /,
        *,
        not_boxes: Sequence[Sequence[float]] = (),
    ) -> TrackResult:
        """Start on a target; what was learned under this id before is forgotten."""

    def correct(
        self,
        target_id: int,
        frame: NDArray[np.uint8],
        box_xywh: Sequence[float],
        /,
        *,
        not_boxes: Sequence[Sequence[float]] = (),
    ) -> TrackResult:
        """Learn where a target is in a frame, and what there is not the target."""

    def place(self, target_id: int, box_xywh: Sequence[float], /) -> None:
        """Search around a box from now on, without learning."""

    def read_box(
        self, target_id: int, frame: NDArray[np.uint8], rough_xywh: Sequence[float], /
    ) -> BoxXywh:
        """Read the box of a target at the middle of a rough one, without learning."""

    def remove(self, target_id: int, /) -> None:
        """Forget a target."""

    def track(
        self, frame: NDArray[np.uint8], target_ids: Sequence[int] | None = None, /
    ) -> dict[int, TrackResult]:
        """Find targets in the next frame, all if None."""


TrackerFactory = Callable[[], TargetTracker]
"""Makes a tracker; best around one shared network. Called in the worker."""

_Given = tuple[BoxXywh, tuple[BoxXywh, ...]]  # a box, and what beside it is not it


class TrackerPool:
    """One tracker for each direction; used by one worker at a time.

    Directions are 1 forward and -1 backward.

    Args:
        make_tracker: makes one.
    """

    def __init__(self, make_tracker: TrackerFactory) -> None:
        self.lock = threading.RLock()
        """Held around each use of a tracker: a run that was stopped may still be in its
        last frame when the next one begins in another thread."""
        self._make_tracker = make_tracker
        self._spare: TargetTracker | None = None
        self._trackers: dict[int, TargetTracker] = {}
        self._taught: dict[tuple[int, int], dict[int, _Given]] = {}
        self._gone: set[int] = set()
        self.device_name = ""
        """What computes, such as "CPU (2 threads)"; empty before the first tracker."""
        self.maker = Maker()
        """Who makes the boxes; nobody before the first tracker."""

    def prepare(self) -> None:
        """Make a tracker ahead of its first use; for a worker."""
        with self.lock:
            if self._spare is None and not self._trackers:
                self._spare = self.make()

    def make(self) -> TargetTracker:
        """Return a fresh tracker that belongs to nobody, such as for a check."""
        tracker = self._make_tracker()
        self.device_name, self.maker = tracker.device_name, tracker.maker
        return tracker

    def renew(self) -> None:
        """Let all trackers go, so that new ones are made and taught again."""
        with self.lock:
            self._spare = None
            self._trackers.clear()
            self._taught.clear()
            self._gone.clear()

    def has(self, direction: int) -> bool:
        """Whether there is a tracker at hand, so that none has to be made."""
        return self._spare is not None or direction in self._trackers

    def missing(
        self,
        target_id: int,
        direction: int,
        drawn: Iterable[Box],
        start: Box,
        rejections: Rejections = (),
    ) -> list[Box]:
        """Return the boxes to teach before a pass from `start`, in that order.

        A box that was taught and then moved or deleted was wrong, and so it is with
        positions that were rejected beside it: then everything is forgotten and taught
        again. Without any drawn box, `start` is the given box.
        """
        self._remove_gone()
        given = {box.frame_index: box for box in drawn}
        taught = self._taught.setdefault((target_id, direction), {})
        for frame, known in taught.items():
            if frame not in given:
                is_wrong = bool(given) or frame != start.frame_index
            else:
                not_boxes = rejected_at(rejections, frame)
                is_wrong = known != (given[frame].box_xywh, not_boxes)
            if is_wrong:
                taught.clear()
                break
        missing = [box for frame, box in given.items() if frame not in taught]
        return missing if missing or taught else [start]

    def teach(
        self,
        target_id: int,
        direction: int,
        box: Box,
        frame_rgb: NDArray[np.uint8],
        *,
        replaced_xywh: BoxXywh | None = None,
        not_boxes: tuple[BoxXywh, ...] = (),
    ) -> None:
        """Teach one given box; the first one starts the target. Nothing if it is gone.

        Args:
            target_id: whose box.
            direction: which tracker.
            box: what was given.
            frame_rgb: its frame.
            replaced_xywh: the machine's box that a person corrected with it. From a far
                one the tracker sees that it was on a wrong object, and forgets what it
                learned there; any other given box must not look like that to it.
            not_boxes: positions in the frame that a person said are not the target.
        """
        with self.lock:
            if target_id in self._gone:
                return
            tracker = self._find(direction)
            taught = self._taught.setdefault((target_id, direction), {})
            if taught:
                tracker.place(target_id, replaced_xywh or box.box_xywh)
                tracker.correct(target_id, frame_rgb, box.box_xywh, not_boxes=not_boxes)
            else:
                tracker.init(target_id, frame_rgb, box.box_xywh, not_boxes=not_boxes)
            taught[box.frame_index] = box.box_xywh, not_boxes

    def place(self, target_id: int, direction: int, box_xywh: BoxXywh) -> None:
        """Search around a box from now on."""
        with self.lock:
            self._find(direction).place(target_id, box_xywh)

    def track(
        self, direction: int, frame_rgb: NDArray[np.uint8], target_ids: Sequence[int]
    ) -> dict[int, TrackResult]:
        """Find targets in the next frame, in one pass through the network."""
        with self.lock:
            return self._find(direction).track(frame_rgb, target_ids)

    def read_box(
        self, target_id: int, frame_rgb: NDArray[np.uint8], rough_xywh: BoxXywh
    ) -> BoxXywh:
        """Read a target's box; the rough one where none has learned the target yet."""
        with self.lock:
            for direction in (1, -1):
                if self._taught.get((target_id, direction)):
                    tracker = self._find(direction)
                    return tracker.read_box(target_id, frame_rgb, rough_xywh)
            return rough_xywh

    def knows(self, target_id: int) -> bool:
        """Whether a tracker has learned a target."""
        return any(self._taught.get((target_id, step)) for step in (1, -1))

    def forget(self, target_id: int) -> None:
        """Forget a target that is gone.

        Returns at once, also while a frame is tracked: the trackers follow before the
        next pass begins.
        """
        self._gone.add(target_id)
        for direction in (1, -1):
            self._taught.pop((target_id, direction), None)

    def _find(self, direction: int) -> TargetTracker:
        if direction not in self._trackers:
            self._trackers[direction] = self._spare or self.make()
            self._spare = None
        return self._trackers[direction]

    def _remove_gone(self) -> None:
        with self.lock:
            while self._gone:
                target_id = self._gone.pop()
                for tracker in self._trackers.values():
                    if target_id in tracker.target_ids:
                        tracker.remove(target_id)
