"""One tracker on one target, and what it has learned so far."""

from __future__ import annotations

from collections.abc import Iterator

from fcot_engine.geometry import BoxXywh
from fcot_engine.session.propagation import (
    Propagated,
    propagate,
    require_box,
    require_frame,
)
from fcot_engine.session.track_store import Track, TrackBox
from fcot_engine.session.tracker_like import TrackerLike
from fcot_engine.tracker import TrackResult
from fcot_engine.video import FrameSource

__all__ = ["TargetRun"]


class TargetRun:
    """Starts, corrects or places a tracker as the boxes of its track ask for.

    The first box starts the tracker, each new human box teaches it, and going back to a
    box that it knows only moves its search.

    Example:
        >>> def follow(tracker, source, track):
        ...     run = TargetRun(tracker, source, track)
        ...     return [found.box for found in run.propagate(0, len(source))]
    """

    def __init__(self, tracker: TrackerLike, source: FrameSource, track: Track) -> None:
        self.tracker = tracker
        self.source = source
        self.track = track
        self._learned: dict[int, BoxXywh] = {}
        self._stands_on: tuple[int, BoxXywh] | None = None

    @property
    def is_started(self) -> bool:
        """Whether the tracker has seen its target."""
        return self._stands_on is not None

    def go_to(self, frame_index: int) -> TrackResult | None:
        """Bring the tracker to the box of a frame.

        Returns:
            The tracker's answer if it learned from the box, else None.

        Raises:
            FrameIndexError: the video has no such frame.
            BoxError: the track has no box there, or it cannot be used.
            FrameError: the frame cannot be read.
        """
        require_frame(self.source, frame_index, name="frame")
        box = require_box(self.track, frame_index)
        if not self.is_started or self._is_new(box):
            return self._learn(box)
        if self._stands_on != (frame_index, box.box_xywh):
            self.tracker.place(box.box_xywh)
            self._stands_on = (frame_index, box.box_xywh)
        return None

    def propagate(self, start: int, stop: int) -> Iterator[Propagated]:
        """Go to the box of frame `start` and follow it up to frame `stop - 1`.

        See `propagate` for the rest.
        """
        following = propagate(
            self.tracker, self.source, self.track, start=start, stop=stop
        )
        return self._watch(start, following)

    def _watch(
        self, start: int, following: Iterator[Propagated]
    ) -> Iterator[Propagated]:
        self.go_to(start)
        for found in following:
            self._note(found.box)
            yield found

    def _learn(self, box: TrackBox) -> TrackResult:
        frame = self.source.read(box.frame_index)
        teach = self.tracker.correct if self.is_started else self.tracker.init
        result = teach(frame, box.box_xywh)
        self._note(box)
        self._learned[box.frame_index] = box.box_xywh
        return result

    def _note(self, box: TrackBox) -> None:
        self._stands_on = (box.frame_index, box.box_xywh)
        if box.origin.is_human:
            self._learned[box.frame_index] = box.box_xywh

    def _is_new(self, box: TrackBox) -> bool:
        """Whether a person drew the box and the tracker has not learned from it."""
        known = self._learned.get(box.frame_index)
        return box.origin.is_human and known != box.box_xywh
