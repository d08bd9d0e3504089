"""The frame on the screen, as a line over the timeline with its number on top."""

from __future__ import annotations

from qtpy.QtCore import QRectF, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent
from qtpy.QtWidgets import QWidget

from napari_fcot.timeline.timeline_colors import TimelineColors
from napari_fcot.timeline.timeline_layout import TimelineLayout

__all__ = ["CursorOverlay"]

_LINE_PX = 2.0
_PADDING_PX = 5
_RADIUS_PX = 4.0


class CursorOverlay(QWidget):
    """A narrow widget over the rows: to move it, no row is drawn again.

    Args:
        parent: what it lies over.
        colors: of the theme.
    """

    def __init__(self, parent: QWidget, colors: TimelineColors) -> None:
        super().__init__(parent)
        self.colors = colors
        self._text = ""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()

    def show_at(self, frame_index: int, x: float, layout: TimelineLayout) -> None:
        """Stand over a point; hide where that is out of view.

        Args:
            frame_index: the number to show.
            x: middle of the frame, from the left border of the time axis.
            layout: where things are.
        """
        if not 0 <= x <= layout.axis_width:
            self.hide()
            return
        self._text = str(frame_index)
        width = self.fontMetrics().horizontalAdvance(self._text) + 2 * _PADDING_PX
        width += width % 2  # the line is in the middle
        left = round(layout.axis_left + x - width / 2)
        self.setGeometry(left, 0, width, layout.height)
        self.update()
        self.show()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 - Qt's name
        """Draw the number on its ground, and the line below it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = QColor(*self.colors.cursor)
        head = QRectF(0, 1, self.width(), self.fontMetrics().height() + 1)
        painter.fillRect(
            QRectF((self.width() - _LINE_PX) / 2, 0, _LINE_PX, self.height()), ground
        )
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawRoundedRect(head, _RADIUS_PX, _RADIUS_PX)
        painter.setPen(QColor(*self.colors.cursor_text))
        painter.drawText(head, Qt.AlignmentFlag.AlignCenter, self._text)
        painter.end()
