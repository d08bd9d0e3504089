"""The timeline as it was drawn last, mended where something has changed."""

from __future__ import annotations

from qtpy.QtCore import QRect, QSize
from qtpy.QtGui import QFont, QPainter, QPixmap

from napari_fcot.timeline.columns import ColumnSpan
from napari_fcot.timeline.row_picture import SPREAD_COLUMNS
from napari_fcot.timeline.target_row import FrameSpan
from napari_fcot.timeline.timeline_painter import TimelinePainter

__all__ = ["TimelinePicture"]


class TimelinePicture:
    """A pixmap of all rows: repaints copy it, and a changed box costs a few columns."""

    def __init__(self) -> None:
        self._pixmap: QPixmap | None = None
        self._changed: dict[int, FrameSpan] = {}

    def forget(self) -> None:
        """Draw everything anew when it is next asked for."""
        self._pixmap = None
        self._changed.clear()

    def note(self, track_id: int, frames: FrameSpan) -> None:
        """Remember that some frames of a target have changed."""
        first, last = self._changed.get(track_id, frames)
        self._changed[track_id] = min(first, frames[0]), max(last, frames[1])

    def drawn_by(self, drawing: TimelinePainter, *, font: QFont) -> QPixmap:
        """Return the picture, drawn first if there is none of this size."""
        density = drawing.density
        size = QSize(
            round(drawing.layout.width * density),
            round(drawing.layout.height * density),
        )
        if self._pixmap is None or self._pixmap.size() != size:
            self.forget()
            self._pixmap = QPixmap(size)
            self._pixmap.setDevicePixelRatio(density)
            painter = QPainter(self._pixmap)
            painter.setFont(font)
            drawing.draw_all(painter)
            painter.end()
        return self._pixmap

    def draw_changed(self, drawing: TimelinePainter) -> list[QRect]:
        """Draw what has changed; return the places that must go to the screen."""
        if self._pixmap is None:
            self._changed.clear()
            return []
        rects = []
        painter = QPainter(self._pixmap)
        for place, row in enumerate(drawing.model.rows):
            frames = self._changed.pop(row.track_id, None)
            columns = drawing.model.columns(row.track_id, drawing.axis, drawing.density)
            found = None if frames is None else columns.columns_of(frames)
            if found is not None:
                span = _with_neighbours(found, len(columns))
                drawing.draw_columns(painter, place, row, span)
                rects.append(drawing.rect_of(place, span))
        painter.end()
        self._changed.clear()
        return rects


def _with_neighbours(span: ColumnSpan, count: int) -> ColumnSpan:
    """Columns that bars reach into are drawn anew as well."""
    return max(span[0] - SPREAD_COLUMNS, 0), min(span[1] + SPREAD_COLUMNS, count)
