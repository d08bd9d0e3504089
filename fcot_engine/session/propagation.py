"""Carrying a box forward through the frames of a video."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fcot_engine.errors import BoxError, FrameIndexError
from fcot_engine.session.track_store import BoxOrigin, Track, TrackBox
from fcot_engine.session.tracker_like import TrackerLike
from fcot_engine.tracker import TrackResult, Verdict
from fcot_engine.video import FrameSource

__all__ = ["Propagated", "propagate", "require_box", "require_frame"]


@dataclass(frozen=True, eq=False)  # score maps do not compare to one bool
class Propagated:
    """One more frame that has a box."""

    box: TrackBox
    """As it was put into the track; a human box stays as it was drawn."""
    result: TrackResult
    """What the tracker said, with its score maps."""


def propagate(
    tracker: TrackerLike, source: FrameSource, track: Track, *, start: int, stop: int
) -> Iterator[Propagated]:
    """Follow the target through the frames `start + 1` to `stop - 1`.

    The tracker must already stand on the box of frame `start`: by `init`, `correct`,
    `place`, or because it has just tracked it; `TargetRun` sees to that. A human box on
    the way is kept, and the tracker is corrected with it. Boxes of frames done stay in
    the track, whatever happens later.

    Args:
        tracker: stands on the target.
        source: the video.
        track: gets the boxes.
        start: a frame in which the track has a box.
        stop: one past the last frame to fill.

    Returns:
        The frames, one at a time; nothing is computed before it is asked for.

    Raises:
        FrameIndexError: `start` or `stop` lies outside of the video.
        BoxError: the track has no box in frame `start`.
        FrameError: a frame cannot be read; raised by the iterator.
    """
    require_frame(source, start, name="start")
    require_box(track, start)
    if stop > len(source):
        raise FrameIndexError(
            f"stop must be at most {len(source)}, the number of frames of "
            f"{source.name}; got {stop}.",
            frame_index=stop,
        )
    indices = range(start + 1, stop)
    return (_step(tracker, source.read(index), track, index) for index in indices)


def require_frame(source: FrameSource, frame_index: int, *, name: str) -> None:
    """Raise `FrameIndexError` unless the video has that frame."""
    if not 0 <= frame_index < len(source):
        raise FrameIndexError(
            f"{name} must be a frame from 0 to {len(source) - 1} of {source.name}, "
            f"got {frame_index}.",
            frame_index=frame_index,
        )


def require_box(track: Track, frame_index: int) -> TrackBox:
    """Return the box of a frame.

    Raises:
        BoxError: there is none.
    """
    box = track.get(frame_index)
    if box is None:
        raise BoxError(
            f"Track {track.track_id} has no box in frame {frame_index}. "
            "Draw one there, or start from a frame that has one."
        )
    return box


def _step(
    tracker: TrackerLike, frame_rgb: NDArray[np.uint8], track: Track, index: int
) -> Propagated:
    """Fill one frame."""
    given = track.get(index)
    if given is None or not given.origin.is_human:
        result = tracker.track(frame_rgb)
        found = TrackBox(
            index,
            result.box_xywh,
            BoxOrigin.TRACKED,
            score=result.score,
            is_lost=result.verdict is Verdict.LOST,
        )
        if track.put(found):
            return Propagated(found, result)
        given = require_box(track, index)  # a person drew it in the meantime
    return Propagated(given, tracker.correct(frame_rgb, given.box_xywh))
