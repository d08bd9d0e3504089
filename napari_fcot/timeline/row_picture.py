"""One row of the timeline as pixels.

Numpy draws all columns at once; a `QPainter` asked for each of them would need more
time than a screen has between two pictures.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from napari_fcot.timeline.columns import Columns, ColumnSpan
from napari_fcot.timeline.marks import BOXES, Mark, MarkBits
from napari_fcot.timeline.timeline_colors import Rgb, TimelineColors, mix

__all__ = ["SPREAD_COLUMNS", "draw_row"]

_BAR_SPREAD = 2  # columns at each side of the middle of a bar
SPREAD_COLUMNS = _BAR_SPREAD + 1
"""What a column says may change what is drawn in so many columns beside it: the bar of
a frame may stand one column beside the one that the frame counts for."""
_BOX_TINT, _RANGE_TINT = 0.24, 0.55
_HATCH_PX = 6
_DOT_PX, _DOT_EVERY = 2, 3
_GAP_PX = 3
_LINE_PX = 3
_BAND_PX, _DASH_PX = 4, 3
_END_PX = _BAR_SPREAD  # no wider, see SPREAD_COLUMNS
_Kinds = NDArray[np.uint8]
_GROUND, _BOX, _RANGE, _SCORE, _INK, _EDGE, _GAP, _BARE, _ENDED, _DOT = range(10)
"""Kinds of pixels; a score is drawn by counting up from `_BOX`."""


def draw_row(
    columns: Columns,
    span: ColumnSpan,
    *,
    height: int,
    own: Rgb,
    is_selected: bool,
    colors: TimelineColors,
) -> NDArray[np.uint32]:
    """Draw some columns of a row.

    A tinted ground where there are boxes. On it the score, full up to the lowest of a
    column and paler up to the highest; hatching where the target was lost; a line half
    way up where boxes are interpolated. A full bar for each box that a person drew, a
    line along the foot of each gap, a dashed band along the top of what is occluded,
    dots where the target is out of view, and nothing behind its end.

    Args:
        columns: the row.
        span: which of them.
        height: of the row in device pixels.
        own: colour of the target.
        is_selected: the row stands out.
        colors: of the theme.

    Returns:
        Pixels as 0xffRRGGBB, shape (height, span[1] - span[0]).
    """
    begin, stop = span
    marks = columns.marks[begin:stop]
    is_gap = columns.is_gap[begin:stop]
    before = max(0, begin - _BAR_SPREAD)  # what reaches into the span from its left
    bars = _widen(columns.is_human[before : stop + _BAR_SPREAD])
    bars = bars[begin - before :][: stop - begin]
    kinds = _kinds_of(marks, is_gap, bars)
    is_lost = _have(marks, Mark.LOST)
    is_filled = (kinds == _BOX) & ~is_lost
    low = np.where(is_filled, _heights(columns.low[begin:stop], height), 0)
    high = np.where(is_filled, _heights(columns.high[begin:stop], height), 0)

    above_foot = np.arange(height - 1, -1, -1, dtype=np.int16)[:, None]  # (height, 1)
    places: _Kinds = kinds + (above_foot < high) + (above_foot < low)
    _draw_pattern(places, is_lost & (kinds == _BOX), begin, _hatch_pixels)
    _draw_what_was_said(places, marks, kinds, begin)
    if is_gap.any():
        places[-_GAP_PX:, is_gap & (bars == 0)] = _GAP
    is_end = _starts(_have(columns.marks[before:stop], Mark.ENDED))[begin - before :]
    if is_end.any():
        places[:, is_end & (bars == 0)] = _INK
    pixels: NDArray[np.uint32] = _palette(own, is_selected, colors)[places]
    return pixels


def _kinds_of(
    marks: NDArray[np.uint16], is_gap: NDArray[np.bool_], bars: NDArray[np.uint8]
) -> _Kinds:
    """Choose the ground of each column; what is rarer comes before what is common."""
    kinds = np.full(len(marks), _GROUND, np.uint8)
    kinds[_have(marks, Mark.ENDED)] = _ENDED
    kinds[(marks & BOXES != 0) & ~is_gap] = _BOX
    kinds[_have(marks, Mark.OUT_OF_VIEW) & ~is_gap] = _BARE
    kinds[bars == 1], kinds[bars == 2] = _EDGE, _INK
    return kinds


def _draw_what_was_said(
    places: _Kinds, marks: NDArray[np.uint16], kinds: _Kinds, begin: int
) -> None:
    """Draw interpolated, out of view and occluded into `places`, (height, n)."""
    is_even = _have(marks, Mark.INTERPOLATED) & (kinds == _BOX)
    if is_even.any():
        top = (len(places) - _LINE_PX) // 2
        line = places[top : top + _LINE_PX]
        # own colour on the ground, the ground's where the score reaches up to it
        line[:] = np.where(is_even, np.where(line == _SCORE, _EDGE, _SCORE), line)
    _draw_pattern(places, kinds == _BARE, begin, _dot_pixels)
    is_covered = _have(marks, Mark.OCCLUDED)
    if is_covered.any():
        x = begin + np.flatnonzero(is_covered)
        dashes = np.where(x // _DASH_PX % 2 == 0, np.uint8(_INK), np.uint8(_EDGE))
        places[:_BAND_PX, is_covered] = dashes


def _draw_pattern(
    places: _Kinds,
    where: NDArray[np.bool_],
    begin: int,
    draw: Callable[[NDArray[np.intp], NDArray[np.intp], _Kinds], _Kinds],
) -> None:
    """Draw a pattern into some columns; the others are not even looked at."""
    found = np.flatnonzero(where)
    if found.size:
        y = np.arange(len(places))[:, None]
        places[:, found] = draw(begin + found, y, places[:, found])


def _hatch_pixels(x: NDArray[np.intp], y: NDArray[np.intp], ground: _Kinds) -> _Kinds:
    is_ink = (x - y) % _HATCH_PX < _HATCH_PX // 3
    return np.where(is_ink, np.uint8(_INK), ground)


def _dot_pixels(x: NDArray[np.intp], y: NDArray[np.intp], ground: _Kinds) -> _Kinds:
    line, column = y // _DOT_PX, x // _DOT_PX
    is_dot = (line % _DOT_EVERY == 1) & (
        (column + line // _DOT_EVERY) % _DOT_EVERY == 0
    )
    return np.where(is_dot, np.uint8(_DOT), ground)


def _have(marks: NDArray[np.uint16], mark: Mark) -> NDArray[np.bool_]:
    return np.asarray(marks & MarkBits(mark) != 0)


def _starts(is_set: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return where stretches of set columns begin, but not at the left border."""
    starts = np.zeros_like(is_set)
    starts[1:] = is_set[1:] & ~is_set[:-1]
    wide = starts.copy()
    for shift in range(1, _END_PX):
        wide[shift:] |= starts[:-shift]
    return wide


def _palette(own: Rgb, is_selected: bool, colors: TimelineColors) -> NDArray[np.uint32]:
    """Return the colour of each kind of pixel."""
    ground = colors.selected_row if is_selected else colors.row
    palette = np.zeros(_DOT + 1, np.uint32)
    palette[_GROUND] = _pixel(ground)
    palette[_BOX] = _pixel(mix(own, ground, _BOX_TINT))
    palette[_RANGE] = _pixel(mix(own, ground, _RANGE_TINT))
    palette[_SCORE] = _pixel(own)
    palette[_INK] = _pixel(colors.text)
    palette[_EDGE] = palette[_BARE] = _pixel(colors.background)
    palette[_GAP] = _pixel(colors.gap)
    palette[_ENDED] = _pixel(colors.ended)
    palette[_DOT] = _pixel(colors.faint)
    return palette


def _heights(scores: NDArray[np.float32], height: int) -> NDArray[np.int16]:
    """Turn scores into pixels above the foot: at least one, and 0 for no score."""
    has_score = ~np.isnan(scores)
    heights = np.zeros(len(scores), np.int16)
    heights[has_score] = np.rint(scores[has_score] * height).clip(1, height)
    return heights


def _widen(is_set: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return 2 at set columns and their neighbours, 1 beside those, else 0."""
    found = np.zeros(len(is_set) + 2 * _BAR_SPREAD, np.uint8)
    places = np.flatnonzero(is_set) + _BAR_SPREAD
    for shift in (-_BAR_SPREAD, _BAR_SPREAD):
        found[places + shift] = 1
    for shift in (-1, 0, 1):
        found[places + shift] = 2
    return found[_BAR_SPREAD:-_BAR_SPREAD]


def _pixel(color: Rgb) -> int:
    red, green, blue = color
    return 0xFF000000 | red << 16 | green << 8 | blue
