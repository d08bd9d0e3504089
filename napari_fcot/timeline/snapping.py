"""Which frame a person means who clicks on a pixel that stands for many."""

from __future__ import annotations

import numpy as np

from napari_fcot.timeline.marks import Mark
from napari_fcot.timeline.target_row import FrameSpan, TargetRow
from napari_fcot.timeline.time_axis import TimeAxis
from napari_fcot.timeline.timeline_model import StopMark

__all__ = ["frame_meant"]

REACH_PX = 4.0
"""A click so near to a stop or a human box means it."""


def frame_meant(
    axis: TimeAxis,
    x: float,
    row: TargetRow | None = None,
    stops: tuple[StopMark, ...] = (),
) -> int:
    """Return the frame that a click is about.

    Zoomed in it is the frame clicked on. Where a pixel stands for several frames it is
    the nearest stop or human box within reach, else a frame that was lost, else the one
    with the lowest score: what the pixel was painted for.

    Args:
        axis: what is in view.
        x: pixels from the axis' left border.
        row: the target whose row was clicked, None for the ruler.
        stops: those of the target, or of no target.
    """
    clicked = axis.frame_at(x)
    if axis.pixels_per_frame >= 1:
        return clicked
    reach = axis.frame_at(x - REACH_PX), axis.frame_at(x + REACH_PX)
    for candidates in (_stops_in(stops, reach), _humans_in(row, reach)):
        if candidates:
            return min(candidates, key=lambda frame: abs(frame - clicked))
    if row is None:
        return clicked
    column = axis.frame_at(np.floor(x)), axis.frame_at(np.floor(x) + 1) - 1
    return _most_telling(row, column, clicked)


def _stops_in(stops: tuple[StopMark, ...], span: FrameSpan) -> list[int]:
    frames = (stop.frame_index for stop in stops)
    return [frame for frame in frames if span[0] <= frame <= span[1]]


def _humans_in(row: TargetRow | None, span: FrameSpan) -> list[int]:
    return [] if row is None else row.human_frames(*span).tolist()


def _most_telling(row: TargetRow, span: FrameSpan, clicked: int) -> int:
    first, last = span
    if last < first:
        return clicked
    marks, scores = row.marks[first : last + 1], row.scores[first : last + 1]
    is_lost = marks & Mark.LOST != 0
    if is_lost.any():
        return first + int(is_lost.argmax())
    if np.isnan(scores).all():
        return clicked
    return first + int(np.nanargmin(scores))
