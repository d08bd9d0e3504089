"""What the timeline knows of one target: marks and a score for each frame."""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fcot_engine.annotation import PALETTE, Origin, Rows, SpanKind, Spans

FrameSpan = tuple[int, int]
"""First and last frame, both included."""
MarkBits = np.uint16
"""`Mark`s in arrays."""


class Mark(enum.IntFlag):
    """What is known of a target in a frame; several marks may stand together."""

    NONE = 0
    """There is no box, and nobody said why."""
    MACHINE = 1
    """A box that a tracker found."""
    HUMAN = 2
    """A box that a person drew."""
    CORRECTED = 4
    """With `HUMAN`: it stands in place of a machine's."""
    LOST = 8
    """With `MACHINE`: the target was not seen."""
    INTERPOLATED = 16
    """A box laid evenly between two others."""
    OCCLUDED = 32
    """A person said that something hides the target."""
    OUT_OF_VIEW = 64
    """A person said that the target is not in the picture."""
    ENDED = 128
    """Behind the last frame in which the target exists."""
    IMPORTED = 256
    """With `MACHINE`: read from a file that does not say who drew it."""
    GAP = 512
    """No box, but one before and one after, and nobody said why."""


# numpy's own type, so that arrays of marks keep it
BOXES = MarkBits(Mark.MACHINE | Mark.HUMAN | Mark.INTERPOLATED)
"""There is a box."""
_SAID = MarkBits(Mark.OCCLUDED | Mark.OUT_OF_VIEW | Mark.ENDED)
"""What a person said about frames, whether they have a box or not."""
_EXPLAINED = BOXES | MarkBits(Mark.OUT_OF_VIEW | Mark.ENDED)
"""There is a box, or it is known why there is none."""

_MARK_OF_ORIGIN = np.full(256, Mark.MACHINE, MarkBits)
_MARK_OF_ORIGIN[Origin.NONE] = Mark.NONE
_MARK_OF_ORIGIN[Origin.HUMAN] = Mark.HUMAN
_MARK_OF_ORIGIN[Origin.CORRECTED] = Mark.HUMAN | Mark.CORRECTED
_MARK_OF_ORIGIN[Origin.INTERPOLATED] = Mark.INTERPOLATED
_MARK_OF_ORIGIN[Origin.IMPORTED] = Mark.MACHINE | Mark.IMPORTED

_MARK_OF_KIND = {
    SpanKind.OCCLUDED: Mark.OCCLUDED,
    SpanKind.OUT_OF_VIEW: Mark.OUT_OF_VIEW,
}


@dataclass(frozen=True)
class TargetLine:
    """What the timeline is told of a target apart from its boxes.

    Example:
        >>> TargetLine(1, "cup", end_frame=40).name
        'cup'
    """

    target_id: int
    name: str
    """What people call it."""
    colour: str = PALETTE[0]
    """`#rrggbb`."""
    spans: Spans = ()
    """Where it is out of view or occluded."""
    end_frame: int | None = None
    """The last frame in which it exists, or None if nobody has said so."""
    is_hidden: bool = False
    """Its boxes are not shown on the video; its row is paler."""


class TargetRow:
    """One target along time; plain arrays, so that thousands of frames are nothing.

    Args:
        line: what is known of the target apart from its boxes.
        n_frames: length of the video.
    """

    def __init__(self, line: TargetLine, n_frames: int) -> None:
        self.marks = np.zeros(n_frames, MarkBits)
        """`Mark`s of each frame but `GAP`, shape (n_frames,)."""
        self.scores = np.full(n_frames, np.nan, np.float32)
        """Score of each tracked box in [0, 1], NaN elsewhere, shape (n_frames,)."""
        self.extent: FrameSpan | None = None
        """The first and the last frame with a box, or None without any."""
        self.line = line
        self._mark_spans()

    @property
    def target_id(self) -> int:
        """The target."""
        return self.line.target_id

    @property
    def name(self) -> str:
        """What people call it."""
        return self.line.name

    @property
    def n_boxes(self) -> int:
        """Number of frames with a box."""
        return int(np.count_nonzero(self.marks & BOXES))

    @property
    def all_marks(self) -> Mark:
        """Every mark but `GAP` that some frame has."""
        return Mark(int(np.bitwise_or.reduce(self.marks, initial=0)))

    def mark_at(self, frame_index: int) -> Mark:
        """Return what is known of a frame, `GAP` left out."""
        return Mark(int(self.marks[frame_index]))

    def marks_with_gaps(self, first: int, stop: int) -> NDArray[np.uint16]:
        """Return the marks of the frames from `first` up to, without, `stop`."""
        marks = self.marks[first:stop].copy()
        if self.extent is not None:
            between = marks[max(0, self.extent[0] - first) : self.extent[1] + 1 - first]
            between[between & _EXPLAINED == 0] |= MarkBits(Mark.GAP)
        return marks

    def describe(self, line: TargetLine) -> None:
        """Take another description; boxes stay."""
        self.line = line
        self._mark_spans()

    def load(self, rows: Rows) -> None:
        """Take these boxes instead of all that was there; see `put`."""
        self.marks &= _SAID
        self.scores[:] = np.nan
        self.put(0, rows)

    def put(self, first: int, rows: Rows) -> FrameSpan:
        """Set the boxes of a segment; they are copied.

        Args:
            first: frame of the first row, 0-based.
            rows: as `BoxTable` gives them; rows of zeros take boxes away. What lies
                beyond the video is left out.

        Returns:
            The frames that look different now: more than the segment where the gap
            before or after it changes. The last one is before the first if none do.
        """
        rows = rows[: max(0, len(self.marks) - first)]
        segment = slice(first, first + len(rows))
        found: NDArray[np.uint16] = _MARK_OF_ORIGIN[rows["origin"]]
        is_machine = found & MarkBits(Mark.MACHINE) != 0
        found[is_machine & (rows["is_lost"] != 0)] |= MarkBits(Mark.LOST)
        self.marks[segment] = (self.marks[segment] & _SAID) | found
        self.scores[segment] = np.where(is_machine, rows["score"], np.nan)
        before, self.extent = self.extent, self._find_extent()
        ends = zip(before or (), self.extent or (), strict=False)
        moved = [frame for pair in ends if pair[0] != pair[1] for frame in pair]
        return min([first, *moved]), max([first + len(rows) - 1, *moved])

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

    def _mark_spans(self) -> None:
        self.marks &= ~_SAID
        for span in self.line.spans:
            kind = MarkBits(_MARK_OF_KIND[span.kind])
            self.marks[max(span.first, 0) : span.last + 1] |= kind
        if self.line.end_frame is not None:
            self.marks[self.line.end_frame + 1 :] |= MarkBits(Mark.ENDED)

    def _find_extent(self) -> FrameSpan | None:
        has_box = self.marks & BOXES != 0
        if not has_box.any():
            return None
        behind = int(has_box[::-1].argmax())
        return int(has_box.argmax()), len(has_box) - 1 - behind
