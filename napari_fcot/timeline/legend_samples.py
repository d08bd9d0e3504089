"""Each mark of the timeline as a small picture, with words."""

from __future__ import annotations

import enum

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, QRect, Qt
from qtpy.QtGui import QColor, QPainter, QPen

from fcot_engine.annotation import PALETTE, Origin, Rows, Span, SpanKind, empty_rows
from napari_fcot.timeline.columns import Columns
from napari_fcot.timeline.row_picture import draw_row
from napari_fcot.timeline.target_line import TargetLine
from napari_fcot.timeline.target_row import TargetRow
from napari_fcot.timeline.time_axis import TimeAxis
from napari_fcot.timeline.timeline_colors import TimelineColors
from napari_fcot.timeline.timeline_painter import draw_stop, image_of

__all__ = ["HEIGHT_PX", "SAMPLE_PX", "Explained", "draw_sample", "sample_of"]

SAMPLE_PX, HEIGHT_PX = 18, 12
_COLOUR = PALETTE[0]


class Explained(enum.Enum):
    """What there is to explain: a word, and a sentence that says more."""

    DRAWN = "drawn by you", "A box that you drew or corrected."
    SCORE = "score", "Tracked: the higher the area, the surer the tracker."
    INTERPOLATED = "interpolated", "Laid evenly between two boxes; nobody looked."
    LOST = "lost", "The tracker did not see it; its last known place."
    GAP = "gap", "No box, but one before and one after."
    OCCLUDED = "occluded", "You said that something hides it."
    OUT_OF_VIEW = "out of view", "You said that it is not in the picture."
    ENDED = "ended", "You said that it ends here."
    CUT = "shot cut", "Another shot begins."
    NEXT = "next", "The frame worth most to look at."
    STOP = "worth a look", "Frames to look at after that."

    @property
    def word(self) -> str:
        """A word or two."""
        return self.value[0]

    @property
    def sentence(self) -> str:
        """What it says about the target."""
        return self.value[1]


def draw_sample(
    painter: QPainter, explained: Explained, rect: QRect, colors: TimelineColors
) -> None:
    """Draw a mark as it looks in the timeline.

    Args:
        painter: where.
        explained: the mark.
        rect: `SAMPLE_PX` x `HEIGHT_PX`.
        colors: of the theme.
    """
    if explained is Explained.CUT:
        painter.save()
        painter.setPen(QPen(QColor(*colors.text), 1.0, Qt.PenStyle.DashLine))
        middle = rect.center().x()
        painter.drawLine(middle, rect.top(), middle, rect.bottom())
        painter.restore()
    elif explained in (Explained.NEXT, Explained.STOP):
        is_next = explained is Explained.NEXT
        top = QPointF(rect.center().x(), rect.top())
        draw_stop(painter, top, colors, is_next=is_next)
    else:
        painter.drawImage(rect.topLeft(), image_of(sample_of(explained, colors)))


def sample_of(explained: Explained, colors: TimelineColors) -> NDArray[np.uint32]:
    """Draw a piece of a row with nothing but one mark; see `draw_row`."""
    row = TargetRow(_line_of(explained), SAMPLE_PX)
    row.load(_rows_of(explained))
    columns = Columns.reduce(row, TimeAxis.showing_all(SAMPLE_PX, SAMPLE_PX))
    return draw_row(
        columns,
        (0, SAMPLE_PX),
        height=HEIGHT_PX,
        own=colors.of_target(_COLOUR),
        is_selected=False,
        colors=colors,
    )


def _line_of(explained: Explained) -> TargetLine:
    kinds = {
        Explained.OCCLUDED: SpanKind.OCCLUDED,
        Explained.OUT_OF_VIEW: SpanKind.OUT_OF_VIEW,
    }
    if explained in kinds:
        return TargetLine(1, "", spans=(Span(0, SAMPLE_PX, kinds[explained]),))
    end_frame = SAMPLE_PX // 2 if explained is Explained.ENDED else None
    return TargetLine(1, "", end_frame=end_frame)


def _rows_of(explained: Explained) -> Rows:
    rows = empty_rows(SAMPLE_PX)
    rows["origin"] = Origin.TRACKED
    has_score = explained in (Explained.SCORE, Explained.OCCLUDED)
    rows["score"] = np.linspace(0.3, 0.9, SAMPLE_PX) if has_score else np.nan
    if explained is Explained.DRAWN:
        rows["origin"][SAMPLE_PX // 2] = Origin.HUMAN
    elif explained is Explained.INTERPOLATED:
        rows["origin"] = Origin.INTERPOLATED
    elif explained is Explained.LOST:
        rows["is_lost"] = 1
    elif explained is Explained.GAP:
        rows[1:-1] = np.zeros((), rows.dtype)
    elif explained is Explained.OUT_OF_VIEW:
        rows[:] = np.zeros((), rows.dtype)
    elif explained is Explained.ENDED:
        rows[SAMPLE_PX // 2 + 1 :] = np.zeros((), rows.dtype)
    return rows
