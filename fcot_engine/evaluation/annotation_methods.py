"""What becomes of a box that the scripted annotator draws.

All three methods work through `AnnotationSession`: what a drawn box does to the frames
around it is all that they differ in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fcot_engine.annotation import (
    AnnotationSession,
    FrameDone,
    PropagationConfig,
    Run,
    TargetTracker,
    TrackerFactory,
    Until,
)
from fcot_engine.evaluation._wrapped_tracker import WrappedTracker
from fcot_engine.geometry import BoxXywh
from fcot_engine.tracker import TrackResult, Verdict


class AnnotationMethod(Protocol):
    """Opens a session's work on one target and redraws boxes of it."""

    config: PropagationConfig
    """How the session carries boxes."""

    def wrap(self, make_tracker: TrackerFactory) -> TrackerFactory:
        """Return what makes the trackers of the session."""

    def begin(
        self, session: AnnotationSession, target_id: int, boxes: dict[int, BoxXywh]
    ) -> None:
        """Draw what must be drawn before there is anything to look at.

        Args:
            session: new, with the target.
            target_id: has no boxes.
            boxes: the true box by frame, ascending, where there is one to draw.
        """

    def redraw(
        self,
        session: AnnotationSession,
        target_id: int,
        frame_index: int,
        box_xywh: BoxXywh,
    ) -> None:
        """Draw a box and let it do to the other frames what it does."""


class _TrackingMethod:
    """Draws the first box and carries it to the end."""

    def __init__(self, on_frame: Callable[[], None]) -> None:
        self._on_frame = on_frame

    def begin(
        self, session: AnnotationSession, target_id: int, boxes: dict[int, BoxXywh]
    ) -> None:
        """Draw the first box; carry it to the end."""
        first = min(boxes)
        session.edit.draw_box(target_id, first, boxes[first])
        self._finish(session.propagate(first))

    def _finish(self, run: Run) -> None:
        for event in run:
            if isinstance(event, FrameDone):
                self._on_frame()


class TeachingMethod(_TrackingMethod):
    """A drawn box teaches both trackers and goes both ways: what the product does."""

    config = PropagationConfig()

    def wrap(self, make_tracker: TrackerFactory) -> TrackerFactory:
        """Return the trackers as they are."""
        return make_tracker

    def redraw(
        self,
        session: AnnotationSession,
        target_id: int,
        frame_index: int,
        box_xywh: BoxXywh,
    ) -> None:
        """Correct; go on forward where no boxes were, as behind a shot cut."""
        self._finish(session.correct(target_id, frame_index, box_xywh))
        behind = frame_index + 1
        if behind < len(session.source) and session.box(target_id, behind) is None:
            run = session.propagate(
                frame_index, target_ids=[target_id], until=Until.NEXT_HUMAN
            )
            self._finish(run)


class RestartingMethod(_TrackingMethod):
    """A drawn box starts the tracker anew there; it goes to the next drawn box."""

    config = PropagationConfig(fuse=False)

    def __init__(self, on_frame: Callable[[], None]) -> None:
        super().__init__(on_frame)
        self._trackers: list[_RestartingTracker] = []

    def wrap(self, make_tracker: TrackerFactory) -> TrackerFactory:
        """Return trackers that begin again where others learn."""

        def make() -> TargetTracker:
            self._trackers.append(_RestartingTracker(make_tracker()))
            return self._trackers[-1]

        return make

    def redraw(
        self,
        session: AnnotationSession,
        target_id: int,
        frame_index: int,
        box_xywh: BoxXywh,
    ) -> None:
        """Draw; go forward with nothing but this box known."""
        drawn = session.edit.draw_box(target_id, frame_index, box_xywh)
        for tracker in self._trackers:
            tracker.start_xywh = drawn.box_xywh
        run = session.propagate(
            frame_index, target_ids=[target_id], until=Until.NEXT_HUMAN
        )
        self._finish(run)


class _RestartingTracker(WrappedTracker):
    """Starts a target anew on one box where it should learn, and ignores all others.

    A rejected position would be something to learn, too.
    """

    def __init__(self, tracker: TargetTracker) -> None:
        super().__init__(tracker)
        self.start_xywh: BoxXywh | None = None
        """The box to start on next."""

    def init(
        self,
        target_id: int,
        frame: NDArray[np.uint8],
        box_xywh: Sequence[float],
        /,
        *,
        not_boxes: Sequence[Sequence[float]] = (),
    ) -> TrackResult:
        return super().init(target_id, frame, box_xywh)

    def correct(
        self,
        target_id: int,
        frame: NDArray[np.uint8],
        box_xywh: Sequence[float],
        /,
        *,
        not_boxes: Sequence[Sequence[float]] = (),
    ) -> TrackResult:
        # a box that was drawn with no frame behind it to fill is taught later, when it
        # is no longer the one to start on
        x, y, w, h = box_xywh
        if self.start_xywh == (x, y, w, h):
            self.start_xywh = None
            return self.init(target_id, frame, box_xywh)
        return TrackResult((x, y, w, h), 1.0, Verdict.GIVEN)


class InterpolatingMethod:
    """There is no tracker; a drawn box is a keyframe of a linear interpolation."""

    config = PropagationConfig()

    def wrap(self, make_tracker: TrackerFactory) -> TrackerFactory:
        """Return the trackers as they are; none is made."""
        return make_tracker

    def begin(
        self, session: AnnotationSession, target_id: int, boxes: dict[int, BoxXywh]
    ) -> None:
        """Draw the first and the last box; interpolate between them."""
        for frame in sorted({min(boxes), max(boxes)}):
            self.redraw(session, target_id, frame, boxes[frame])

    def redraw(
        self,
        session: AnnotationSession,
        target_id: int,
        frame_index: int,
        box_xywh: BoxXywh,
    ) -> None:
        """Draw; interpolate to the keyframes on both sides."""
        session.edit.draw_box(target_id, frame_index, box_xywh)
        table = session.annotations[target_id].boxes
        before = table.human_before(frame_index)
        after = table.human_after(frame_index)
        if before is not None and frame_index - before > 1:
            session.edit.interpolate(target_id, before, frame_index)
        if after is not None and after - frame_index > 1:
            session.edit.interpolate(target_id, frame_index, after)
