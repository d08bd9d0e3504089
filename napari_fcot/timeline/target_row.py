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
        self.n_beyond = 0
        """Boxes after the end of the video, which are not shown."""
        self.extent: FrameSpan | None = None
        """The first and the last frame with a box, or None without any."""

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
        before = self.extent
        self.n_boxes += bool(mark) - bool(self.marks[frame_index])
        self.marks[frame_index] = mark
        self.scores[frame_index] = score if mark & Mark.MACHINE else np.nan
        self._note_extent(frame_index)
        if before is None or self.extent is None:
            return frame_index, frame_index
        ends = zip(before, self.extent, strict=True)
        moved = [frame for pair in ends if pair[0] != pair[1] for frame in pair]
        return min([frame_index, *moved]), max([frame_index, *moved])

    def load(self, boxes: Iterable[TrackBox]) -> None:
        """Take these boxes instead of all that was there."""
        self.marks[:] = Mark.NONE
        self.scores[:] = np.nan
        given = list(boxes)
        kept = [box for box in given if box.frame_index < len(self.marks)]
        self.n_beyond = len(given) - len(kept)
        frames = [box.frame_index for box in kept]
        self.marks[frames] = [int(mark_of(box)) for box in kept]
        self.scores[frames] = [box.score for box in kept]
        self.scores[self.marks & Mark.MACHINE == 0] = np.nan
        self.n_boxes = int(np.count_nonzero(self.marks))
        self.extent = self._find_extent()

    def human_frames(self, first: int, last: int) -> NDArray[np.intp]:
        """Return the frames from `first` to `last` whose box a person drew."""
        is_human = self.marks[first : last + 1] & Mark.HUMAN != 0
        return first + np.flatnonzero(is_human)

    def _note_extent(self, frame_index: int) -> None:
        """Bring the extent up to date after a change of one frame."""
        if self.marks[frame_index]:
            first, last = self.extent or (frame_index, frame_index)
            self.extent = min(first, frame_index), max(last, frame_index)
        elif self.extent is not None and frame_index in self.extent:
            self.extent = self._find_extent()

    def _find_extent(self) -> FrameSpan | None:
        frames = np.flatnonzero(self.marks)
        return (int(frames[0]), int(frames[-1])) if frames.size else None


_MARK_OF_HUMAN = {
    BoxOrigin.HUMAN: Mark.HUMAN,
    BoxOrigin.CORRECTED: Mark.HUMAN | Mark.CORRECTED,
}
_LOST = Mark.MACHINE | Mark.LOST


def mark_of(box: TrackBox | None) -> Mark:
    """Describe a box, or the lack of one, by its mark."""
    if box is None:
        return Mark.NONE
    if box.origin is BoxOrigin.TRACKED:
        return _LOST if box.is_lost else Mark.MACHINE
    return _MARK_OF_HUMAN[box.origin]
