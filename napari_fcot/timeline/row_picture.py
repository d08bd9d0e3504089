"""One row of the timeline as pixels.

Numpy draws all columns at once; a `QPainter` asked for each of them would need more
time than a screen has between two pictures.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_fcot.timeline.columns import Columns, ColumnSpan
from napari_fcot.timeline.target_row import Mark
from napari_fcot.timeline.timeline_colors import Rgb, TimelineColors, mix

__all__ = ["SPREAD_COLUMNS", "draw_row"]

_BAR_SPREAD = 2  # columns at each side of the middle of a bar
SPREAD_COLUMNS = _BAR_SPREAD + 1
"""What a column says may change what is drawn in so many columns beside it: the bar of
a frame may stand one column beside the one that the frame counts for."""
_BOX_TINT, _RANGE_TINT = 0.24, 0.55
_HATCH_PX = 6
_GAP_PX = 3
_GROUND, _BOX, _RANGE, _SCORE, _HATCH, _BAR_EDGE, _BAR, _GAP = range(8)
"""Kinds of pixels; a score is drawn by counting up from `_BOX`."""


def draw_row(
    columns: Columns,
    span: ColumnSpan,
    *,
    height: int,
    track_id: int,
    is_selected: bool,
    colors: TimelineColors,
) -> NDArray[np.uint32]:
    """Draw some columns of a row.

    A tinted ground where there are boxes; on it the score, full up to the lowest of a
    column and paler up to the highest; hatching where the target was lost; a full bar
    for each box that a person drew; a line along the foot of each gap.

    Args:
        columns: the row.
        span: which of them.
        height: of the row in device pixels.
        track_id: for the colour.
        is_selected: the row stands out.
        colors: of the theme.

    Returns:
        Pixels as 0xffRRGGBB, shape (height, span[1] - span[0]).
    """
    begin, stop = span
    marks = columns.marks[begin:stop]
    is_lost = marks & Mark.LOST != 0
    is_gap = columns.is_gap[begin:stop]
    bars = _widen(columns.is_human)[begin:stop]
    kinds = np.where((marks != 0) & ~is_gap, np.uint8(_BOX), np.uint8(_GROUND))
    kinds[bars == 1], kinds[bars == 2] = _BAR_EDGE, _BAR
    is_filled = (kinds == _BOX) & ~is_lost
    low = np.where(is_filled, _heights(columns.low[begin:stop], height), 0)
    high = np.where(is_filled, _heights(columns.high[begin:stop], height), 0)

    above_foot = np.arange(height - 1, -1, -1, dtype=np.int16)[:, None]  # (height, 1)
    places = kinds + (above_foot < high) + (above_foot < low)  # _BOX, _RANGE, _SCORE
    if is_lost.any():
        stripes = (np.arange(begin, stop) + above_foot) % _HATCH_PX < _HATCH_PX // 3
        places[stripes & is_lost & (kinds == _BOX)] = _HATCH
    if is_gap.any():
        places[-_GAP_PX:, is_gap & (bars == 0)] = _GAP
    pixels: NDArray[np.uint32] = _palette(track_id, is_selected, colors)[places]
    return pixels


def _palette(
    track_id: int, is_selected: bool, colors: TimelineColors
) -> NDArray[np.uint32]:
    """Return the colour of each kind of pixel."""
    ground = colors.selected_row if is_selected else colors.row
    own = colors.of_target(track_id)
    palette = np.zeros(_GAP + 1, np.uint32)
    palette[_GROUND] = _pixel(ground)
    palette[_BOX] = _pixel(mix(own, ground, _BOX_TINT))
    palette[_RANGE] = _pixel(mix(own, ground, _RANGE_TINT))
    palette[_SCORE] = _pixel(own)
    palette[_HATCH] = palette[_BAR] = _pixel(colors.text)
    palette[_BAR_EDGE] = _pixel(colors.background)
    palette[_GAP] = _pixel(colors.gap)
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
