"""Tracking from the command line, losing nothing when it ends early."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fcot_engine.cli.progress_bar import show_progress
from fcot_engine.errors import FcotError, FrameIndexError

if TYPE_CHECKING:
    from fcot_engine.annotation import AnnotationSession, TargetTracker
    from fcot_engine.cli.options import GivenBox
    from fcot_engine.video import FrameSource


@dataclass(frozen=True)
class Ending:
    """How tracking ended; what was found is in the session."""

    n_tracked: int
    """Frames done, each one once for all targets."""
    seconds: float
    is_interrupted: bool = False
    """Ctrl-C was pressed."""
    error: FcotError | None = None
    """Why it could not go on, if so."""

    @property
    def is_complete(self) -> bool:
        """Whether it came to its last frame."""
        return self.error is None and not self.is_interrupted

    def then(self, later: Ending) -> Ending:
        """Join it with a job that followed."""
        return replace(
            later,
            n_tracked=self.n_tracked + later.n_tracked,
            seconds=self.seconds + later.seconds,
        )

    @property
    def frames_per_second(self) -> float:
        """Speed, reading of frames included."""
        return self.n_tracked / max(self.seconds, 1e-9)


def last_frame_of(source: FrameSource, *, frame: int, end: int | None) -> int:
    """Return the last frame to track.

    Raises:
        FrameIndexError: `frame` or `end` is no frame of the video, or `end` is earlier.
    """
    last = len(source) - 1
    if not 0 <= frame <= last:
        raise FrameIndexError(
            f"--frame must be from 0 to {last}, the last frame of {source.name}; "
            f"got {frame}.",
            frame_index=frame,
        )
    if end is None:
        return last
    if not frame <= end <= last:
        raise FrameIndexError(
            f"--end must be from {frame}, the frame of the box, to {last}, the last "
            f"frame of {source.name}; got {end}.",
            frame_index=end,
        )
    return end


def check_boxes(source: FrameSource, boxes: Sequence[GivenBox]) -> None:
    """Make sure that boxes can be used.

    Raises:
        BoxError: one has no area, is not finite, or lies outside of the frame.
    """
    from fcot_engine.geometry import fit_drawn_box

    for box in boxes:
        fit_drawn_box(
            box.box_xywh, width=source.width, height=source.height, name="--box"
        )


def open_session(
    source: FrameSource,
    tracker: TargetTracker,
    boxes: Sequence[GivenBox],
    *,
    frame: int = 0,
) -> AnnotationSession:
    """Return a session in memory with one target for each box, drawn in a frame.

    Nothing but the end of the video ends a run.
    """
    from fcot_engine.annotation import AnnotationSession, PropagationConfig

    config = PropagationConfig(stop_at_cuts=False, fuse=False)
    session = AnnotationSession(source, lambda: tracker, config=config)
    for box in boxes:
        target_id = session.edit.add_target(class_name=box.label)
        session.edit.draw_box(target_id, frame, box.box_xywh)
    return session


def follow(session: AnnotationSession, title: str, *, start: int, last: int) -> Ending:
    """Track all targets with a box in frame `start` to frame `last`.

    Shows a progress bar. Ctrl-C and an unreadable frame end it early and lose nothing.
    An error before anything was found is raised.
    """
    from fcot_engine.annotation import FrameDone

    count, begin = 0, time.perf_counter()
    is_interrupted, error = False, None
    run = session.propagate(start, until=last)
    with show_progress(title, last - start) as advance:
        try:
            for event in run:
                if isinstance(event, FrameDone):
                    count += 1
                    advance(None, None)
        except KeyboardInterrupt:
            is_interrupted = True
        except FcotError as caught:
            if count == 0:
                raise
            error = caught
    return Ending(count, time.perf_counter() - begin, is_interrupted, error)
