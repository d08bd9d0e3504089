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

SPREAD_COLUMNS = 2
"""A column may change what is drawn in this many columns beside it."""
_BOX_TINT, _RANGE_TINT = 0.24, 0.55
_HATCH_PX = 6
_GAP_PX = 3


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
    ground = colors.selected_row if is_selected else colors.row
    own = colors.of_target(track_id)
    marks = columns.marks[begin:stop]
    is_lost = marks & Mark.LOST != 0
    low = _heights(columns.low[begin:stop], height)
    high = _heights(columns.high[begin:stop], height)
    above_foot = np.arange(height - 1, -1, -1)[:, None]  # (height, 1)

    picture = np.full((height, stop - begin), _pixel(ground), np.uint32)
    picture[:, marks != 0] = _pixel(mix(own, ground, _BOX_TINT))
    is_seen = ~is_lost
    picture[(above_foot < high) & is_seen] = _pixel(mix(own, ground, _RANGE_TINT))
    picture[(above_foot < low) & is_seen] = _pixel(own)
    if is_lost.any():
        stripes = (np.arange(begin, stop) + above_foot) % _HATCH_PX < _HATCH_PX // 3
        picture[stripes & is_lost] = _pixel(colors.text)
    is_gap = columns.is_gap[begin:stop]
    if is_gap.any():
        picture[:, is_gap] = _pixel(ground)
        picture[-_GAP_PX:, is_gap] = _pixel(colors.gap)
    bars = _widen(columns.is_human)[begin:stop]
    picture[:, bars > 0] = _pixel(colors.background)
    picture[:, bars > 1] = _pixel(colors.text)
    return picture


def _heights(scores: NDArray[np.float32], height: int) -> NDArray[np.intp]:
    """Turn scores into pixels above the foot; at least one for a score of 0."""
    filled = np.where(np.isnan(scores), 0.0, np.clip(scores, 0.0, 1.0))
    pixels = np.rint(filled * height).astype(np.intp)
    return np.where(np.isnan(scores), 0, np.maximum(pixels, 1))


def _widen(is_set: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return 2 at set columns and their neighbours, 1 beside those, else 0."""
    found = np.zeros(len(is_set) + 2 * SPREAD_COLUMNS, np.uint8)
    places = np.flatnonzero(is_set) + SPREAD_COLUMNS
    for shift in (-2, 2):
        found[places + shift] = 1
    for shift in (-1, 0, 1):
        found[places + shift] = 2
    return found[SPREAD_COLUMNS:-SPREAD_COLUMNS]


def _pixel(color: Rgb) -> int:
    red, green, blue = color
    return 0xFF000000 | red << 16 | green << 8 | blue
