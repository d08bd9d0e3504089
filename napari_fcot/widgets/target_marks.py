"""Small pictures of a target's state: an eye, a padlock, a swatch of colour.

They are drawn, not loaded, so that they take any theme's colour at any scale.
"""

from __future__ import annotations

from qtpy.QtCore import QPointF, QRect, QRectF, Qt
from qtpy.QtGui import QColor, QPainter, QPainterPath, QPen

__all__ = ["paint_eye", "paint_lock", "paint_swatch"]

_FAINT = 0.4
"""Opacity of what is not so: an eye that is shut, a lock that is open."""


def paint_eye(painter: QPainter, cell: QRect, ink: QColor, *, is_open: bool) -> None:
    """Draw an open eye, or one that is struck out, in the middle of a cell."""
    centre = QRectF(cell).center()
    left, right = centre - QPointF(7, 0), centre + QPointF(7, 0)
    lids = QPainterPath(left)
    lids.quadTo(centre - QPointF(0, 8), right)
    lids.quadTo(centre + QPointF(0, 8), left)
    with _Brush(painter, ink, faint=not is_open):
        painter.drawPath(lids)
        if is_open:
            painter.setBrush(ink)
            painter.drawEllipse(centre, 1.8, 1.8)
        else:
            painter.drawLine(centre + QPointF(-5, 5), centre + QPointF(5, -5))


def paint_lock(painter: QPainter, cell: QRect, ink: QColor, *, is_locked: bool) -> None:
    """Draw a closed padlock, or a faint open one, in the middle of a cell."""
    centre = QRectF(cell).center()
    body = QRectF(centre.x() - 4.5, centre.y() - 1, 9, 6.5)
    bow = QPainterPath(QPointF(body.left() + 1.5, body.top()))
    top = body.top() - 5
    bow.lineTo(body.left() + 1.5, top + 2.5)
    bow.arcTo(QRectF(body.left() + 1.5, top, 6, 5), 180, -180)
    if is_locked:
        bow.lineTo(body.right() - 1.5, body.top())
    with _Brush(painter, ink, faint=not is_locked):
        painter.drawPath(bow)
        if is_locked:
            painter.setBrush(ink)
        painter.drawRoundedRect(body, 1.2, 1.2)


def paint_swatch(
    painter: QPainter, cell: QRect, colour: QColor, border: QColor
) -> None:
    """Draw a square of a target's colour in the middle of a cell."""
    square = QRectF(0, 0, 12, 12)
    square.moveCenter(QRectF(cell).center())
    with _Brush(painter, border, faint=True):
        painter.setOpacity(1.0)
        painter.setBrush(colour)
        painter.drawRoundedRect(square, 2, 2)


class _Brush:
    """Sets a painter up for one picture, and leaves it as it was."""

    def __init__(self, painter: QPainter, ink: QColor, *, faint: bool) -> None:
        self._painter, self._ink, self._is_faint = painter, ink, faint

    def __enter__(self) -> None:
        painter = self._painter
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setOpacity(_FAINT if self._is_faint else 1.0)
        painter.setPen(QPen(self._ink, 1.3))
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def __exit__(self, *raised: object) -> None:
        self._painter.restore()
