"""What the timeline knows of one target: a mark and a score for each frame."""

from __future__ import annotations

import enum
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from fcot_engine.errors import FrameIndexError
from fcot_engine.session.track_store import BoxOrigin, TrackBox

__all__ = ["FrameSpan", "Mark", "TargetRow", "mark_of"]

FrameSpan = tuple[int, int]
"""First and last frame, both included."""


class Mark(enum.IntFlag):
    """What is known of a target in a frame; several marks may stand together."""

    NONE = 0
    """There is no box."""
    MACHINE = 1
    """A box that nobody drew."""
    HUMAN = 2
    """A box that a person drew."""
    CORRECTED = 4
    """With `HUMAN`: it stands in place of a machine's."""
    LOST = 8
    """With `MACHINE`: the target was not seen."""


class TargetRow:
    """One target along time; plain arrays, so that thousands of frames are nothing.

    Args:
        track_id: the target.
        n_frames: length of the video.
        label: class name of the target.
    """

    def __init__(self, track_id: int, n_frames: int, label: str = "object") -> None:
        self.track_id = track_id
        self.label = label
        self.marks = np.zeros(n_frames, np.uint8)
        """`Mark` of each frame, shape (n_frames,)."""
        self.scores = np.full(n_frames, np.nan, np.float32)
        """Score of each machine box in [0, 1], NaN elsewhere, shape (n_frames,)."""
        self.n_boxes = 0

    @property
    def extent(self) -> FrameSpan | None:
        """The first and the last frame with a box, or None without any."""
        if self.n_boxes == 0:
            return None
        has_box = self.marks != 0
        return int(has_box.argmax()), len(has_box) - 1 - int(has_box[::-1].argmax())

    def mark_at(self, frame_index: int) -> Mark:
        """Return what is known of a frame."""
        return Mark(int(self.marks[frame_index]))

    def put(self, frame_index: int, mark: Mark, score: float = 1.0) -> FrameSpan:
        """Set one frame; return the frames that look different now.

        Those are more than one where the target's gap before or after it changes.

        Args:
            frame_index: 0-based.
            mark: `Mark.NONE` takes the box away.
            score: of a machine box, in [0, 1]; ignored for others.

        Raises:
            FrameIndexError: the video has no such frame.
        """
        if not 0 <= frame_index < len(self.marks):
            raise FrameIndexError(
                f"frame_index must be from 0 to {len(self.marks) - 1}, "
                f"got {frame_index}.",
                frame_index=frame_index,
            )
        before = self._reach(frame_index)
        self.n_boxes += bool(mark) - bool(self.marks[frame_index])
        self.marks[frame_index] = mark
        self.scores[frame_index] = score if mark & Mark.MACHINE else np.nan
        after = self._reach(frame_index)
        return min(before[0], after[0]), max(before[1], after[1])

    def load(self, boxes: Iterable[TrackBox]) -> None:
        """Take these boxes instead of all that was there."""
        self.marks[:] = Mark.NONE
        self.scores[:] = np.nan
        kept = [box for box in boxes if box.frame_index < len(self.marks)]
        frames = [box.frame_index for box in kept]
        self.marks[frames] = [mark_of(box) for box in kept]
        self.scores[frames] = [box.score for box in kept]
        self.scores[self.marks & Mark.MACHINE == 0] = np.nan
        self.n_boxes = int(np.count_nonzero(self.marks))

    def human_frames(self, first: int, last: int) -> NDArray[np.intp]:
        """Return the frames from `first` to `last` whose box a person drew."""
        return first + np.flatnonzero(self.marks[first : last + 1] & Mark.HUMAN)

    def _reach(self, frame_index: int) -> FrameSpan:
        """A frame, and what lies between it and the nearest boxes if it is at an end.

        Only there does a frame without a box begin or cease to be a gap.
        """
        before = np.flatnonzero(self.marks[:frame_index])
        after = np.flatnonzero(self.marks[frame_index + 1 :])
        if before.size and after.size:
            return frame_index, frame_index
        first = int(before[-1]) if before.size else frame_index
        last = frame_index + 1 + int(after[0]) if after.size else frame_index
        return first, last


def mark_of(box: TrackBox | None) -> Mark:
    """Describe a box, or the lack of one, by its mark."""
    if box is None:
        return Mark.NONE
    if box.origin is BoxOrigin.TRACKED:
        return Mark.MACHINE | (Mark.LOST if box.is_lost else Mark.NONE)
    is_corrected = box.origin is BoxOrigin.CORRECTED
    return Mark.HUMAN | (Mark.CORRECTED if is_corrected else Mark.NONE)
