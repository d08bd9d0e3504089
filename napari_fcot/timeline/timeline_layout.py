"""Where the parts of the timeline lie in its window."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["TimelineLayout"]

GUTTER_PX = 112
RULER_PX = 20
ROW_GAP_PX = 3
LEAST_ROW_PX, MOST_ROW_PX = 14, 32
RIGHT_MARGIN_PX = 6


@dataclass(frozen=True, kw_only=True)
class TimelineLayout:
    """Names at the left, a ruler at the top, a row a target; in pixels.

    Example:
        >>> layout = TimelineLayout(width=318, height=100, n_rows=2, scrolled_px=0)
        >>> layout.row_top(1) - layout.row_top(0), layout.row_at(30)
        (35, 0)
    """

    width: int
    height: int
    n_rows: int
    scrolled_px: int
    """How far the rows are scrolled up."""

    @property
    def axis_left(self) -> int:
        """Where time begins."""
        return GUTTER_PX

    @property
    def axis_width(self) -> int:
        """Width of the time axis, 1 or more."""
        return max(1, self.width - GUTTER_PX - RIGHT_MARGIN_PX)

    @property
    def rows_top(self) -> int:
        """Below the ruler."""
        return RULER_PX

    @property
    def row_height(self) -> int:
        """Height of a row, without the gap to the next; rows share what there is."""
        if self.n_rows == 0:
            return MOST_ROW_PX
        share = (self.height - RULER_PX) // self.n_rows - ROW_GAP_PX
        return min(max(share, LEAST_ROW_PX), MOST_ROW_PX)

    @property
    def rows_height(self) -> int:
        """Height of all rows, in view or not."""
        return self.n_rows * (self.row_height + ROW_GAP_PX)

    @property
    def hidden_px(self) -> int:
        """How far the rows can be scrolled."""
        return max(0, self.rows_height - (self.height - RULER_PX))

    def row_top(self, row: int) -> int:
        """Return the upper border of a row."""
        return RULER_PX + row * (self.row_height + ROW_GAP_PX) - self.scrolled_px

    def row_at(self, y: float) -> int | None:
        """Return the row under a point, or None."""
        if y < RULER_PX:
            return None
        row = int(y - RULER_PX + self.scrolled_px) // (self.row_height + ROW_GAP_PX)
        return row if row < self.n_rows else None

    def is_in_ruler(self, y: float) -> bool:
        """Whether a point is in the ruler."""
        return y < RULER_PX
