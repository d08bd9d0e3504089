"""From thousands of frames to the pixel columns of one row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_fcot.timeline.marks import EXPLAINED, MarkBits
from napari_fcot.timeline.target_row import FrameSpan, TargetRow
from napari_fcot.timeline.time_axis import TimeAxis

__all__ = ["Columns"]

ColumnSpan = tuple[int, int]
"""First column, and one past the last."""


@dataclass(eq=False)
class Columns:
    """What each pixel column says of one target; nothing rare is lost by zooming out.

    Example:
        >>> from fcot_engine.annotation.boxes import Box, Makers, Origin
        >>> from napari_fcot.timeline.target_line import TargetLine
        >>> box = Box(50, (1.0, 2.0, 3.0, 4.0), Origin.TRACKED, score=0.25)
        >>> row = TargetRow(TargetLine(1, "cup"), 100)
        >>> row.put(50, box.to_rows(Makers()))
        (50, 50)
        >>> columns = Columns.reduce(row, TimeAxis.showing_all(100, width=10))
        >>> float(columns.low[5]), bool(columns.lacks_box[5])
        (0.25, True)
    """

    axis: TimeAxis
    density: float
    """Columns a pixel of the axis."""
    edges: NDArray[np.intp]
    """See `TimeAxis.edges`."""
    low: NDArray[np.float32]
    """Lowest score of a column, NaN without any, shape (columns,)."""
    high: NDArray[np.float32]
    """Highest score of a column, NaN without any, shape (columns,)."""
    marks: NDArray[np.uint16]
    """Every `Mark` that some frame of a column has, shape (columns,)."""
    lacks_box: NDArray[np.bool_]
    """Whether some frame of a column has no box and nobody said that the target is
    out of view or has ended, shape (columns,)."""
    is_gap: NDArray[np.bool_]
    """`lacks_box`, with a box before and one after, shape (columns,)."""
    is_human: NDArray[np.bool_]
    """Columns in the middle of a frame whose box a person drew, shape (columns,)."""

    @classmethod
    def reduce(cls, row: TargetRow, axis: TimeAxis, density: float = 1.0) -> Columns:
        """Reduce all frames in view."""
        edges = axis.edges(density)
        count = len(edges) - 1
        columns = cls(
            axis,
            density,
            edges,
            low=np.empty(count, np.float32),
            high=np.empty(count, np.float32),
            marks=np.empty(count, MarkBits),
            lacks_box=np.empty(count, np.bool_),
            is_gap=np.empty(count, np.bool_),
            is_human=np.empty(count, np.bool_),
        )
        columns._fill(row, (0, count))
        return columns

    def __len__(self) -> int:
        return len(self.low)

    def update(self, row: TargetRow, frames: FrameSpan) -> ColumnSpan | None:
        """Reduce only the columns of some frames again; None if none is in view.

        Args:
            row: the target as it is now.
            frames: all that look different, as `TargetRow.put` returns them.
        """
        span = self.columns_of(frames)
        if span is not None:
            self._fill(row, span)
        return span

    def columns_of(self, frames: FrameSpan) -> ColumnSpan | None:
        """Return the columns that show any of these frames, or None."""
        first, last = frames
        starts = self.edges[:-1]
        if last < starts[0] or first >= max(self.edges[-1], starts[-1] + 1):
            return None
        stop = int(np.searchsorted(starts, last, side="right"))
        holds_first = int(np.searchsorted(starts, first, side="right")) - 1
        begin = int(np.searchsorted(starts, starts[max(holds_first, 0)], side="left"))
        return begin, max(stop, begin + 1)

    def _fill(self, row: TargetRow, span: ColumnSpan) -> None:
        begin, stop = span
        starts = self.edges[begin:stop]
        end = max(int(self.edges[stop]), int(starts[-1]) + 1)
        scores, marks = row.scores[:end], row.marks[:end]
        self.low[begin:stop] = np.fmin.reduceat(scores, starts)
        self.high[begin:stop] = np.fmax.reduceat(scores, starts)
        self.marks[begin:stop] = np.bitwise_or.reduceat(marks, starts)
        self.lacks_box[begin:stop] = np.minimum.reduceat(marks & EXPLAINED, starts) == 0
        self._find_gaps(row, span)
        self._find_humans(row, span)

    def _find_gaps(self, row: TargetRow, span: ColumnSpan) -> None:
        begin, stop = span
        if row.extent is None:
            self.is_gap[begin:stop] = False
            return
        first, last = row.extent
        starts = self.edges[begin:stop]
        stops = np.maximum(self.edges[begin + 1 : stop + 1], starts + 1)
        is_between = (stops - 1 >= first) & (starts <= last)
        self.is_gap[begin:stop] = self.lacks_box[begin:stop] & is_between
        # at its two ends a target may begin or end within a column: no gap there
        for frame in row.extent:
            inside = self.columns_of((frame, frame)) or (0, 0)
            for column in range(max(inside[0], begin), min(inside[1], stop)):
                place = column - begin
                lo, hi = max(starts[place], first), min(stops[place], last + 1)
                marks = row.marks[lo:hi]
                self.is_gap[column] = bool((marks & EXPLAINED == 0).any())

    def _find_humans(self, row: TargetRow, span: ColumnSpan) -> None:
        # the middle of a frame may lie one column beside the column that it counts for
        begin, stop = max(span[0] - 1, 0), min(span[1] + 1, len(self))
        first, last = (
            self.edges[max(begin - 1, 0)],
            self.edges[min(stop + 1, len(self))],
        )
        frames = row.human_frames(int(first), int(last))
        middles = (frames + 0.5 - self.axis.start) * (len(self) / self.axis.span)
        places = np.floor(middles).astype(np.intp)
        self.is_human[begin:stop] = False
        self.is_human[places[(places >= begin) & (places < stop)]] = True
