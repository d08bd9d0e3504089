"""A tracker together with the boxes it has been taught.

Each target has two of them, one for each way, made when they are first needed. One that
is put back and forth would be cheaper to teach, but what a run learns on its way would
reach the other: once it had gone over to a wrong object, the run from the other side
would follow it there, and the two would agree on a mistake. Two that know the same
drawn boxes and nothing else of each other are two opinions.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from fcot_engine.annotation.boxes import Box
from fcot_engine.annotation.targets import Rejections, rejected_at
from fcot_engine.geometry import BoxXywh
from fcot_engine.session import TrackerLike
from fcot_engine.tracker import TrackResult

__all__ = ["TaughtTracker", "TrackerFactory", "TrackerRoom"]

TrackerFactory = Callable[[], TrackerLike]
"""Makes a tracker; best around one shared network. Called in the worker."""


class TaughtTracker:
    """Knows what it was taught; used by one worker at a time."""

    def __init__(self, tracker: TrackerLike) -> None:
        self.tracker = tracker
        self._taught: dict[int, tuple[BoxXywh, tuple[BoxXywh, ...]]] = {}

    def missing(
        self, drawn: Iterable[Box], start: Box, rejections: Rejections = ()
    ) -> list[Box]:
        """Return the boxes to teach before a run from `start`, in that order.

        A box that was taught and then moved or deleted was wrong, and so it is with
        places that were rejected beside it: then everything is forgotten and taught
        again. Without any drawn box, `start` is the lesson.
        """
        lessons = {box.frame_index: box for box in drawn}
        for frame_index, taught in self._taught.items():
            lesson = lessons.get(frame_index)
            is_stand_in = not lessons and frame_index == start.frame_index
            if (lesson is None and not is_stand_in) or (
                lesson is not None
                and taught != (lesson.box_xywh, rejected_at(rejections, frame_index))
            ):
                self._taught.clear()
                break
        missing = [box for frame, box in lessons.items() if frame not in self._taught]
        return missing if missing or self._taught else [start]

    def teach(
        self,
        lesson: Box,
        frame_rgb: NDArray[np.uint8],
        replaced_xywh: BoxXywh | None = None,
        *,
        not_boxes: tuple[BoxXywh, ...] = (),
    ) -> None:
        """Teach one box; the first one starts the tracker.

        Args:
            lesson: the box.
            frame_rgb: its frame.
            replaced_xywh: the machine's box that a person corrected with it. From a far
                one the tracker sees that it was on a wrong object, and forgets what it
                learned there; any other lesson must not look like that to it.
            not_boxes: places of the frame that a person said are not the target.
        """
        # a tracker that knows no rejected places works as long as there are none
        told = {"not_boxes": not_boxes} if not_boxes else {}
        if self._taught:
            self.tracker.place(replaced_xywh or lesson.box_xywh)
            self.tracker.correct(frame_rgb, lesson.box_xywh, **told)
        else:
            self.tracker.init(frame_rgb, lesson.box_xywh, **told)
        self._taught[lesson.frame_index] = lesson.box_xywh, not_boxes

    @property
    def knows_its_target(self) -> bool:
        """Whether it was taught anything."""
        return bool(self._taught)

    def forget(self) -> None:
        """Begin with nothing: the next lesson starts the tracker anew."""
        self._taught.clear()

    def place(self, box_xywh: BoxXywh) -> None:
        """Search around a box from now on."""
        self.tracker.place(box_xywh)

    def track(self, frame_rgb: NDArray[np.uint8]) -> TrackResult:
        """Find the target in the next frame."""
        return self.tracker.track(frame_rgb)


class TrackerRoom:
    """The trackers of all targets."""

    def __init__(self, make_tracker: TrackerFactory) -> None:
        self.lock = threading.RLock()
        """Held around each use of a tracker: a run that was stopped may still be in its
        last frame when the next one begins in another thread."""
        self._make_tracker = make_tracker
        self._spare: TaughtTracker | None = None
        self._taken: dict[tuple[int, int], TaughtTracker] = {}

    def prepare(self) -> TaughtTracker:
        """Make a tracker ahead of its first use."""
        with self.lock:
            if self._spare is None:
                self._spare = TaughtTracker(self._make_tracker())
            return self._spare

    def has(self, target_id: int, step: int) -> bool:
        """Whether `take` has a tracker at hand and need not make one."""
        return self._spare is not None or (target_id, step) in self._taken

    def take(self, target_id: int, step: int) -> TaughtTracker:
        """Return the tracker of a target and a way, 1 forward and -1 backward."""
        key = target_id, step
        with self.lock:
            if key not in self._taken:
                self._taken[key] = self.prepare()
                self._spare = None
            return self._taken[key]

    def find(self, target_id: int) -> TaughtTracker | None:
        """Return a tracker that knows a target, or None."""
        taken = (self._taken.get((target_id, step)) for step in (1, -1))
        return next((one for one in taken if one and one.knows_its_target), None)

    def make(self) -> TaughtTracker:
        """Return one that belongs to nobody, such as for a check."""
        with self.lock:
            return TaughtTracker(self._make_tracker())

    def forget(self, target_id: int) -> None:
        """Drop the trackers of a target that is gone."""
        for step in (1, -1):
            self._taken.pop((target_id, step), None)
