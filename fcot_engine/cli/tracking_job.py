"""Tracking one target from the command line, losing nothing when it ends early."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from fcot_engine.cli.progress_bar import show_progress
from fcot_engine.errors import FcotError, FrameIndexError
from fcot_engine.geometry import check_box_in_frame
from fcot_engine.session import BoxOrigin, TargetRun, Track, TrackBox, TrackerLike
from fcot_engine.video import FrameSource

__all__ = ["Ending", "draw_box", "follow", "follow_run", "last_frame_of"]


@dataclass(frozen=True)
class Ending:
    """How tracking ended; what was found is in the track."""

    n_tracked: int
    """Frames done by this call."""
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


def draw_box(
    track: Track,
    source: FrameSource,
    frame: int,
    box_xywh: Sequence[float],
    *,
    origin: BoxOrigin = BoxOrigin.HUMAN,
) -> None:
    """Put a human box into the track.

    Raises:
        BoxError: the box has no area, is not finite, or lies outside of the frame.
    """
    usable = check_box_in_frame(
        box_xywh, width=source.width, height=source.height, name="--box"
    )
    track.put(TrackBox(frame, usable, origin))


def follow(
    tracker: TrackerLike, source: FrameSource, track: Track, *, start: int, last: int
) -> Ending:
    """Track from the box of frame `start` to frame `last`, with a progress bar.

    Ctrl-C and an unreadable frame end it early and lose nothing. An error in the first
    frame, before anything was found, is raised.
    """
    run = TargetRun(tracker, source, track)
    return follow_run(run, f"Tracking {source.name}", start=start, last=last)


def follow_run(run: TargetRun, title: str, *, start: int, last: int) -> Ending:
    """Do as `follow`, with a tracker that may have learned before."""
    run.go_to(start)
    count, begin = 0, time.perf_counter()
    is_interrupted, error = False, None
    with show_progress(title, last - start) as advance:
        try:
            for _ in run.propagate(start, last + 1):
                count += 1
                advance(None, None)
        except KeyboardInterrupt:
            is_interrupted = True
        except FcotError as caught:
            error = caught
    return Ending(count, time.perf_counter() - begin, is_interrupted, error)
