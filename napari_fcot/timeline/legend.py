"""What the marks of the timeline mean."""

from __future__ import annotations

from qtpy.QtCore import QPoint, QRect, QSize, Qt
from qtpy.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPixmap
from qtpy.QtWidgets import QFrame, QGridLayout, QLabel, QSizePolicy, QWidget

from napari_fcot.timeline.legend_samples import (
    HEIGHT_PX,
    SAMPLE_PX,
    Explained,
    draw_sample,
)
from napari_fcot.timeline.marks import Mark
from napari_fcot.timeline.timeline_colors import TimelineColors
from napari_fcot.timeline.timeline_model import TimelineModel

__all__ = ["Legend", "LegendTable", "list_explained"]

_SPACE_PX = 4
_APART_PX = 12
_RARE = {
    Explained.INTERPOLATED: Mark.INTERPOLATED,
    Explained.OCCLUDED: Mark.OCCLUDED,
    Explained.OUT_OF_VIEW: Mark.OUT_OF_VIEW,
    Explained.ENDED: Mark.ENDED,
}
_COMMON = (Explained.DRAWN, Explained.SCORE, Explained.LOST, Explained.GAP)


class Legend(QWidget):
    """Each mark as it is drawn in a row, with a word; rare ones only where they are.

    Where there is no room for all, the last ones are left out. A click opens the
    whole list.

    Args:
        model: tells which marks there are.
        colors: of the theme.
    """

    def __init__(self, model: TimelineModel, colors: TimelineColors) -> None:
        super().__init__()
        self._model = model
        self._colors = colors
        self._entries = list_explained(model)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setToolTip("Click to see what all marks mean")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        model.layout_changed.connect(self.refresh)
        model.row_changed.connect(self._on_row)
        model.frames_changed.connect(self._on_frames)

    @property
    def words(self) -> list[str]:
        """What is explained, from left to right."""
        return [entry.word for entry in self._entries]

    def refresh(self) -> None:
        """Explain the marks that there are now."""
        entries = list_explained(self._model)
        if entries != self._entries:
            self._entries = entries
            self.updateGeometry()
            self.update()

    def show_colors(self, colors: TimelineColors) -> None:
        """Take another theme's colours."""
        self._colors = colors
        self.update()

    def open_table(self) -> LegendTable:
        """Show what all marks mean until a key or a click ends it."""
        table = LegendTable(self._colors, self)
        table.adjustSize()
        corner = self.mapToGlobal(QPoint(self.width() - table.width(), 0))
        table.move(corner - QPoint(0, table.height()))
        table.show()
        return table

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Ask for one line."""
        width = sum(self._width_of(entry) for entry in self._entries)
        return QSize(width, self.fontMetrics().height() + 2)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Do with less: what does not fit is left out."""
        return QSize(0, self.sizeHint().height())

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        """Open the whole list."""
        self.open_table()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 - Qt's name
        """Draw samples and words side by side."""
        painter = QPainter(self)
        painter.setPen(QColor(*self._colors.text))
        x, top = 0, (self.height() - HEIGHT_PX) // 2
        for entry in self._entries:
            width = self._width_of(entry)
            if x + width - _APART_PX > self.width():
                painter.drawText(x, self.fontMetrics().ascent() + 1, "…")
                break
            draw_sample(
                painter, entry, QRect(x, top, SAMPLE_PX, HEIGHT_PX), self._colors
            )
            left = x + SAMPLE_PX + _SPACE_PX
            painter.drawText(
                QRect(left, 0, x + width - left, self.height()),
                Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft,
                entry.word,
            )
            x += width
        painter.end()

    def _width_of(self, entry: Explained) -> int:
        words = self.fontMetrics().horizontalAdvance(entry.word)
        return SAMPLE_PX + _SPACE_PX + words + _APART_PX

    def _on_row(self, track_id: int) -> None:
        self.refresh()

    def _on_frames(self, track_id: int, first: int, last: int) -> None:
        # while tracking this comes for each box: look no further than these frames
        row = self._model.row(track_id)
        shown = {_RARE[entry] for entry in self._entries if entry in _RARE}
        missing = [mark for mark in _RARE.values() if mark not in shown]
        if row is not None and any(row.has_any(mark, first, last) for mark in missing):
            self.refresh()


class LegendTable(QFrame):
    """All marks with a sentence each, in a window of its own that a click closes.

    Args:
        colors: of the theme.
        parent: the widget it belongs to.
    """

    def __init__(self, colors: TimelineColors, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        grid = QGridLayout(self)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(4)
        for place, entry in enumerate(Explained):
            picture = QLabel()
            picture.setPixmap(_picture_of(entry, colors))
            for column, widget in enumerate(
                (picture, QLabel(f"<b>{entry.word}</b>"), QLabel(entry.sentence))
            ):
                grid.addWidget(widget, place, column)


def list_explained(model: TimelineModel) -> list[Explained]:
    """Return the marks that a model has, and those that everyone must know."""
    marks = model.all_marks
    found = {*_COMMON, *(entry for entry, mark in _RARE.items() if marks & mark)}
    if model.cuts:
        found.add(Explained.CUT)
    if model.stops:
        found.add(Explained.NEXT)
    if len(model.stops) > 1:
        found.add(Explained.STOP)
    return [entry for entry in Explained if entry in found]


def _picture_of(entry: Explained, colors: TimelineColors) -> QPixmap:
    pixmap = QPixmap(SAMPLE_PX, HEIGHT_PX + 2)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    draw_sample(painter, entry, QRect(0, 1, SAMPLE_PX, HEIGHT_PX), colors)
    painter.end()
    return pixmap
