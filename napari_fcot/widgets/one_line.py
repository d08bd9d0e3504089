"""A line of text that changes often, without moving what stands around it."""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QPainter, QPaintEvent
from qtpy.QtWidgets import QSizePolicy, QWidget

__all__ = ["OneLine"]

_PADDING_PX = 4


class OneLine(QWidget):
    """Shows one line, shortened where there is no room for it.

    A label asks the whole panel to be laid out anew with each other text; this one is
    as high as a line and as wide as it is given, whatever it shows.

    Args:
        parent: the widget it is in.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def text(self) -> str:
        """What it shows."""
        return self._text

    def setText(self, text: str) -> None:  # noqa: N802 - as a label calls it
        """Show another text."""
        if text != self._text:
            self._text = text
            self.setToolTip(text)
            self.setAccessibleName(text)
            self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """One line high."""
        return QSize(0, self.fontMetrics().height() + _PADDING_PX)

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 - Qt's name
        """Draw the text in the colour of the theme."""
        painter = QPainter(self)
        painter.setPen(self.palette().windowText().color())
        shown = self.fontMetrics().elidedText(
            self._text, Qt.TextElideMode.ElideRight, self.width()
        )
        place = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(self.rect(), int(place), shown)
        painter.end()
