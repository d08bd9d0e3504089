"""What the timeline knows of one target: marks and a score for each frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fcot_engine.annotation import Rows
from fcot_engine.errors import FrameIndexError
from napari_fcot.timeline.marks import (
    BOXES,
    EXPLAINED,
    SAID,
    Mark,
    MarkBits,
    marks_of_rows,
    marks_of_spans,
)
from napari_fcot.timeline.target_line import TargetLine

__all__ = ["FrameSpan", "TargetRow"]

FrameSpan = tuple[int, int]
"""First and last frame, both included."""


class TargetRow:
    """One target along time; plain arrays, so that thousands of frames are nothing.

    Args:
        line: what is known of the target apart from its boxes.
        n_frames: length of the video.
    """

    def __init__(self, line: TargetLine, n_frames: int) -> None:
        self.marks = np.zeros(n_frames, MarkBits)
        """`Mark`s of each frame, shape (n_frames,)."""
        self.scores = np.full(n_frames, np.nan, np.float32)
        """Score of each tracked box in [0, 1], NaN elsewhere, shape (n_frames,)."""
        self.extent: FrameSpan | None = None
        """The first and the last frame with a box, or None without any."""
        self._line = line
        self._mark_spans()

    @property
    def line(self) -> TargetLine:
        """What is known of the target apart from its boxes."""
        return self._line

    @property
    def track_id(self) -> int:
        """The target."""
        return self._line.track_id

    @property
    def name(self) -> str:
        """What people call it."""
        return self._line.name

    @property
    def n_boxes(self) -> int:
        """Number of frames with a box."""
        return int(np.count_nonzero(self.marks & BOXES))

    @property
    def all_marks(self) -> Mark:
        """Every mark that some frame has."""
        return Mark(int(np.bitwise_or.reduce(self.marks, initial=0)))

    @property
    def has_gap(self) -> bool:
        """Whether a box is missing between others, and nobody said why."""
        first, last = self.extent or (0, -1)
        return bool((self.marks[first : last + 1] & EXPLAINED == 0).any())

    def mark_at(self, frame_index: int) -> Mark:
        """Return what is known of a frame."""
        return Mark(int(self.marks[frame_index]))

    def describe(self, line: TargetLine) -> bool:
        """Take another description; return whether frames are marked otherwise."""
        old, self._line = self._line, line
        is_other = (old.spans, old.end_frame) != (line.spans, line.end_frame)
        if is_other:
            self._mark_spans()
        return is_other

    def load(self, rows: Rows) -> None:
        """Take these boxes instead of all that was there.

        Args:
            rows: from frame 0 on, dtype `ROW`; what lies beyond the video is left out.
        """
        count = min(len(rows), len(self.marks))
        self.marks &= SAID
        self.scores[count:] = np.nan
        self._write(0, rows[:count])
        self.extent = self._find_extent()

    def put(self, first: int, rows: Rows) -> FrameSpan | None:
        """Set the boxes of a stretch; return the frames that look different now.

        Those are more than the stretch where the gap before or after it changes.

        Args:
            first: frame of the first row, 0-based.
            rows: dtype `ROW`; rows of zeros take boxes away. What lies beyond the
                video is left out.

        Returns:
            First and last frame, None if no row lies within the video.

        Raises:
            FrameIndexError: `first` is negative.
        """
        if first < 0:
            raise FrameIndexError(
                f"first must be 0 or more, got {first}.", frame_index=first
            )
        rows = rows[: max(0, len(self.marks) - first)]
        if not len(rows):
            return None
        self._write(first, rows)
        last, before = first + len(rows) - 1, self.extent
        self._note_extent(first, last)
        if before is None or self.extent is None:
            return first, last
        ends = zip(before, self.extent, strict=True)
        moved = [frame for pair in ends if pair[0] != pair[1] for frame in pair]
        return min([first, *moved]), max([last, *moved])

    def human_frames(self, first: int, last: int) -> NDArray[np.intp]:
        """Return the frames from `first` to `last` whose box a person drew."""
        is_human = self.marks[first : last + 1] & MarkBits(Mark.HUMAN) != 0
        return first + np.flatnonzero(is_human)

    def has_any(self, marks: Mark, first: int, last: int) -> bool:
        """Whether a frame from `first` to `last` has one of some marks."""
        return bool((self.marks[first : last + 1] & MarkBits(marks)).any())

    def box_before(self, frame_index: int) -> int | None:
        """Return the nearest frame at or before this one that has a box, or None."""
        found = np.flatnonzero(self.marks[: frame_index + 1] & BOXES)
        return int(found[-1]) if found.size else None

    def box_behind(self, frame_index: int) -> int | None:
        """Return the nearest frame at or behind this one that has a box, or None."""
        found = np.flatnonzero(self.marks[frame_index:] & BOXES)
        return frame_index + int(found[0]) if found.size else None

    def _write(self, first: int, rows: Rows) -> None:
        stretch = slice(first, first + len(rows))
        found = marks_of_rows(rows)
        self.marks[stretch] = (self.marks[stretch] & SAID) | found
        is_tracked = found & MarkBits(Mark.MACHINE) != 0
        self.scores[stretch] = np.where(is_tracked, rows["score"], np.nan)

    def _mark_spans(self) -> None:
        self.marks &= ~SAID
        line = self._line
        self.marks |= marks_of_spans(line.spans, line.end_frame, len(self.marks))

    def _note_extent(self, first: int, last: int) -> None:
        """Bring the extent up to date after a change of some frames."""
        places = np.flatnonzero(self.marks[first : last + 1] & BOXES)
        ends = None
        if places.size:
            ends = first + int(places[0]), first + int(places[-1])
        if self.extent is None:
            self.extent = ends
        elif any(first <= frame <= last for frame in self.extent):
            self.extent = self._find_extent()
        elif ends is not None:
            self.extent = min(self.extent[0], ends[0]), max(self.extent[1], ends[1])

    def _find_extent(self) -> FrameSpan | None:
        frames = np.flatnonzero(self.marks & BOXES)
        return (int(frames[0]), int(frames[-1])) if frames.size else None
