"""One row of the timeline as an image: thousands of frames in the pixels there are.

Numpy draws all columns at once; an item for each run of like frames would be thousands
of items, all of them painted again wherever the line of the current frame passes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_fcot.timeline.colors import Rgb, TimelineColors, mix
from napari_fcot.timeline.target_row import BOXES, Mark, MarkBits, TargetRow

Kinds = NDArray[np.uint8]
"""What each pixel shows: places in the colours of `row_palette`, shape (height, n)."""
_GROUND, _BOX, _RANGE, _SCORE, _INK, _EDGE, _GAP, _BARE, _ENDED, _DOT = range(10)
"""Kinds of pixels; a score is drawn by counting up from `_BOX`."""
SPREAD_COLUMNS = 6
"""What a column says may change what is drawn in so many columns beside it; patterns
repeat after as many."""
_BOX_TINT, _RANGE_TINT = 0.24, 0.55
_BAR_SPREAD = 2  # columns at each side of the middle of a bar
_END_PX = 2
_HATCH_PX = 6
_DOT_PX, _DOT_EVERY = 2, 3
_GAP_PX = 3
_LINE_PX = 3
_BAND_PX, _DASH_PX = 4, 3


@dataclass(frozen=True, eq=False)
class Columns:
    """What each pixel column says of a target; nothing rare is lost by zooming out.

    Example:
        >>> from napari_fcot.timeline.target_row import TargetLine
        >>> row = TargetRow(TargetLine(1, "cup"), 100)
        >>> row.marks[50], row.scores[50] = Mark.MACHINE, 0.25
        >>> columns = Columns.reduce(row, -0.5, 99.5, width=10)
        >>> float(columns.low[5]), Mark(int(columns.marks[5]))
        (0.25, <Mark.MACHINE: 1>)
    """

    low: NDArray[np.float32]
    """Lowest score of a column, NaN without any, shape (columns,)."""
    high: NDArray[np.float32]
    """Highest score of a column, NaN without any, shape (columns,)."""
    marks: NDArray[np.uint16]
    """Every `Mark` that some frame of a column has, shape (columns,)."""
    is_human: NDArray[np.bool_]
    """Columns in the middle of a frame whose box a person drew, shape (columns,)."""

    @classmethod
    def reduce(
        cls,
        row: TargetRow,
        begin: float,
        end: float,
        width: int,
        *,
        part: tuple[int, int] | None = None,
    ) -> Columns:
        """Reduce the frames in view; frame i reaches from i - 0.5 to i + 0.5.

        Args:
            row: the target, of one frame or more.
            begin: frame at the left border.
            end: frame at the right border.
            width: number of columns from border to border.
            part: the first column that is wanted, and one past the last; all if None.
        """
        start, stop_column = part or (0, width)
        per_column = (end - begin) / width
        places = np.arange(start, stop_column + 1)
        edges = np.floor(begin + 0.5 + places * per_column)
        edges = edges.astype(np.intp).clip(0, len(row.marks))
        starts = np.minimum(edges[:-1], len(row.marks) - 1)
        first, stop = int(starts[0]), int(max(edges[-1], starts[-1] + 1))
        scores, marks = row.scores[first:stop], row.marks_with_gaps(first, stop)
        starts -= first
        frames = row.human_frames(int(edges[0]), int(edges[-1]))
        middles = np.floor((frames - begin) / per_column).astype(np.intp) - start
        is_human = np.zeros(len(starts), np.bool_)
        is_human[middles[(middles >= 0) & (middles < len(starts))]] = True
        return cls(
            low=np.fmin.reduceat(scores, starts),
            high=np.fmax.reduceat(scores, starts),
            marks=np.bitwise_or.reduceat(marks, starts),
            is_human=is_human,
        )


def draw_row(columns: Columns, height: int) -> Kinds:
    """Draw a row.

    A tinted ground where there are boxes. On it the score, full up to the lowest of a
    column and paler up to the highest; hatching where the target was lost; a line half
    way up where boxes are interpolated. A full bar for each box that a person drew, a
    line along the foot of each gap, a dashed band along the top of what is occluded,
    dots where the target is out of view, and nothing behind its end.

    Args:
        columns: what it says.
        height: in device pixels.

    Returns:
        The kind of each pixel, the uppermost line first, shape (height, columns).
    """
    marks = columns.marks
    is_gap, is_lost = _have(marks, Mark.GAP), _have(marks, Mark.LOST)
    bars = _widen(columns.is_human)
    grounds = _grounds_of(marks, is_gap, bars)
    is_box = grounds == _BOX
    is_filled = is_box & ~is_lost
    low = np.where(is_filled, _heights(columns.low, height), 0)
    high = np.where(is_filled, _heights(columns.high, height), 0)

    above_foot = np.arange(height - 1, -1, -1, dtype=np.int16)[:, None]  # (height, 1)
    kinds: Kinds = grounds + (above_foot < high) + (above_foot < low)
    _draw_pattern(kinds, is_lost & is_box, _hatch_pixels)
    is_even = _have(marks, Mark.INTERPOLATED) & is_box
    if is_even.any():
        top = (height - _LINE_PX) // 2
        line = kinds[top : top + _LINE_PX]
        # own colour on the ground, the ground's where the score reaches up to it
        line[:] = np.where(is_even, np.where(line == _SCORE, _EDGE, _SCORE), line)
    _draw_pattern(kinds, grounds == _BARE, _dot_pixels)
    is_covered = _have(marks, Mark.OCCLUDED)
    dashes = np.flatnonzero(is_covered) // _DASH_PX % 2 == 0
    kinds[:_BAND_PX, is_covered] = np.where(dashes, np.uint8(_INK), np.uint8(_EDGE))
    kinds[-_GAP_PX:, is_gap & (bars == 0)] = _GAP
    kinds[:, _starts(_have(marks, Mark.ENDED)) & (bars == 0)] = _INK
    return kinds


def row_palette(
    own: Rgb, *, is_selected: bool, colors: TimelineColors
) -> NDArray[np.uint32]:
    """Return the colour of each kind of pixel, as 0xffRRGGBB.

    Args:
        own: colour of the target.
        is_selected: the row stands out.
        colors: of the theme.
    """
    ground = colors.selected_row if is_selected else colors.row
    found = {
        _GROUND: ground,
        _BOX: mix(own, ground, _BOX_TINT),
        _RANGE: mix(own, ground, _RANGE_TINT),
        _SCORE: own,
        _INK: colors.text,
        _EDGE: colors.background,
        _GAP: colors.gap,
        _BARE: colors.background,
        _ENDED: colors.ended,
        _DOT: colors.faint,
    }
    return np.array([pixel_of(found[kind]) for kind in range(len(found))], np.uint32)


def pixel_of(color: Rgb) -> int:
    """Return a colour as Qt keeps it in an image, 0xffRRGGBB."""
    red, green, blue = color
    return 0xFF000000 | red << 16 | green << 8 | blue


def _grounds_of(
    marks: NDArray[np.uint16], is_gap: NDArray[np.bool_], bars: NDArray[np.uint8]
) -> Kinds:
    """Choose the ground of each column; what is rarer comes before what is common."""
    grounds = np.full(len(marks), _GROUND, np.uint8)
    grounds[_have(marks, Mark.ENDED)] = _ENDED
    grounds[(marks & BOXES != 0) & ~is_gap] = _BOX
    grounds[_have(marks, Mark.OUT_OF_VIEW) & ~is_gap] = _BARE
    grounds[bars == 1], grounds[bars == 2] = _EDGE, _INK
    return grounds


def _draw_pattern(
    kinds: Kinds,
    where: NDArray[np.bool_],
    draw: Callable[[NDArray[np.intp], NDArray[np.intp], Kinds], Kinds],
) -> None:
    """Draw a pattern into some columns; the others are not even looked at."""
    x, y = np.flatnonzero(where), np.arange(len(kinds))[:, None]
    if x.size:
        kinds[:, x] = draw(x, y, kinds[:, x])


def _hatch_pixels(x: NDArray[np.intp], y: NDArray[np.intp], ground: Kinds) -> Kinds:
    is_ink = (x - y) % _HATCH_PX < _HATCH_PX // 3
    return np.where(is_ink, np.uint8(_INK), ground)


def _dot_pixels(x: NDArray[np.intp], y: NDArray[np.intp], ground: Kinds) -> Kinds:
    line, column = y // _DOT_PX, x // _DOT_PX
    is_dot = (line % _DOT_EVERY == 1) & (
        (column + line // _DOT_EVERY) % _DOT_EVERY == 0
    )
    return np.where(is_dot, np.uint8(_DOT), ground)


def _have(marks: NDArray[np.uint16], mark: Mark) -> NDArray[np.bool_]:
    return np.asarray(marks & MarkBits(mark) != 0)


def _starts(is_set: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return where runs of set columns begin, but not at the left border."""
    first = np.zeros_like(is_set)
    first[1:] = is_set[1:] & ~is_set[:-1]
    starts = first.copy()
    for shift in range(1, _END_PX):
        starts[shift:] |= first[:-shift]
    return starts


def _heights(scores: NDArray[np.float32], height: int) -> NDArray[np.int16]:
    """Turn scores into pixels above the foot: at least one, and 0 for no score."""
    pixels = np.nan_to_num(np.rint(scores * height).clip(1, height), nan=0)
    heights: NDArray[np.int16] = pixels.astype(np.int16)
    return heights


def _widen(is_set: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return 2 at set columns and their neighbours, 1 beside those, else 0."""
    found = np.zeros(len(is_set) + 2 * _BAR_SPREAD, np.uint8)
    middles = np.flatnonzero(is_set) + _BAR_SPREAD
    for shift in (-_BAR_SPREAD, _BAR_SPREAD):
        found[middles + shift] = 1
    for shift in (-1, 0, 1):
        found[middles + shift] = 2
    return found[_BAR_SPREAD:-_BAR_SPREAD]
