"""What is known of a target in a frame, in one number."""

from __future__ import annotations

import enum

import numpy as np
from numpy.typing import NDArray

from fcot_engine.annotation import Origin, Rows, SpanKind, Spans

__all__ = [
    "BOXES",
    "EXPLAINED",
    "SAID",
    "Mark",
    "MarkBits",
    "marks_of_rows",
    "marks_of_spans",
]

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


# numpy's own type, so that arrays of marks keep it
BOXES = MarkBits(Mark.MACHINE | Mark.HUMAN | Mark.INTERPOLATED)
"""There is a box."""
SAID = MarkBits(Mark.OCCLUDED | Mark.OUT_OF_VIEW | Mark.ENDED)
"""What a person said about frames, whether they have a box or not."""
EXPLAINED = BOXES | MarkBits(Mark.OUT_OF_VIEW | Mark.ENDED)
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


def marks_of_rows(rows: Rows) -> NDArray[np.uint16]:
    """Describe each box by its mark; rows of zeros have none.

    Args:
        rows: boxes of dtype `ROW`, shape (n,).

    Returns:
        `Mark` of each row, shape (n,).

    Example:
        >>> from fcot_engine.annotation.boxes import empty_rows
        >>> rows = empty_rows(2)
        >>> rows["origin"][1] = Origin.CORRECTED
        >>> marks_of_rows(rows).tolist()
        [0, 6]
    """
    marks: NDArray[np.uint16] = _MARK_OF_ORIGIN[rows["origin"]]
    is_lost = (rows["is_lost"] != 0) & (marks & MarkBits(Mark.MACHINE) != 0)
    marks[is_lost] |= MarkBits(Mark.LOST)
    return marks


def marks_of_spans(
    spans: Spans, end_frame: int | None, n_frames: int
) -> NDArray[np.uint16]:
    """Describe what a person said about frames.

    Args:
        spans: out of view, occluded.
        end_frame: the last frame of the target, or None.
        n_frames: length of the video.

    Returns:
        `Mark` of each frame, shape (n_frames,).
    """
    marks = np.zeros(n_frames, MarkBits)
    for span in spans:
        marks[max(span.first, 0) : span.last + 1] |= MarkBits(_MARK_OF_KIND[span.kind])
    if end_frame is not None:
        marks[end_frame + 1 :] |= MarkBits(Mark.ENDED)
    return marks
