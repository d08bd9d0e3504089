"""What is painted over the canvas: thin boxes, and rings around peaks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from psygnal import Signal
from qtpy.QtCore import QPointF, Qt
from qtpy.QtGui import QColor, QPainter, QPen, QPolygonF

from fcot_engine.annotation import ScorePeak
from fcot_engine.geometry import BoxXywh
from napari_fcot.layers.box_layer import TEXT_SIZE, ShownBox
from napari_fcot.layers.pixel_frame import CanvasPlace

LINE_PX = 3.0
SELECTED_LINE_PX = 5.0
"""Wide enough to be seen below the line that napari draws on a selected shape."""
_LOST_ALPHA = 200
_SHADOW = QColor(0, 0, 0, 110)
_SHADOW_PX = 1.5
"""How much wider the dark line below is, so that a box is seen on any picture."""
RING_PX = 9.0
"""Radius of the ring of the first peak on the screen; lower ones are smaller."""
_MIN_RING_PX = 5.0
_RING = QColor(255, 255, 255)
_RING_SHADOW = QColor(0, 0, 0, 170)


class ThinBoxes:
    """Paints boxes on a `CanvasOverlay`, and knows which one is at a place."""

    changed = Signal()

    def __init__(self) -> None:
        self._boxes: tuple[ShownBox, ...] = ()
        self._is_painted = True
        self._is_visible = True

    @property
    def boxes(self) -> tuple[ShownBox, ...]:
        """What is there, painted or not; later ones lie over earlier ones."""
        return self._boxes

    @property
    def is_visible(self) -> bool:
        """Whether boxes are shown at all."""
        return self._is_visible

    def set_visible(self, visible: bool) -> None:
        """Show or hide all boxes."""
        if visible != self._is_visible:
            self._is_visible = visible
            self.changed.emit()

    def show(self, boxes: Sequence[ShownBox], *, is_painted: bool = True) -> None:
        """Show these boxes and no others.

        Args:
            boxes: what is there; later ones lie over earlier ones.
            is_painted: False where they are there as shapes of a layer.
        """
        boxes = tuple(boxes)
        if boxes != self._boxes or is_painted != self._is_painted:
            is_seen = is_painted or self._is_painted
            self._boxes, self._is_painted = boxes, is_painted
            if is_seen:
                self.changed.emit()

    @property
    def painted(self) -> tuple[ShownBox, ...]:
        """What is painted, the selected box last."""
        if not self._is_visible or not self._is_painted:
            return ()
        return tuple(sorted(self._boxes, key=lambda box: box.is_selected))

    def box_at(
        self, point_xy: tuple[float, float], *, reach_px: float = 0.0
    ) -> ShownBox | None:
        """Return the box that a click means, or None.

        Of several boxes around a place it is the smallest one, since the larger ones
        can be clicked on elsewhere.

        Args:
            point_xy: the click in image pixels.
            reach_px: how far outside of a box it may be, in image pixels.
        """
        x, y = point_xy
        hit = [
            box
            for box in self._boxes
            if self._is_visible
            and -reach_px <= x - box.box_xywh[0] <= box.box_xywh[2] + reach_px
            and -reach_px <= y - box.box_xywh[1] <= box.box_xywh[3] + reach_px
        ]
        return min(hit, key=_area, default=None)

    def paint(self, painter: QPainter, place: CanvasPlace) -> None:
        """Paint all boxes and their names, the selected one last."""
        font = painter.font()
        font.setPointSizeF(TEXT_SIZE)
        painter.setFont(font)
        for box in self.painted:
            corners = place.to_canvas(_corners_of(box.box_xywh))
            outline = QPolygonF([QPointF(x, y) for x, y in corners.tolist()])
            for pen in _pens_of(box):
                painter.setPen(pen)
                painter.drawPolygon(outline)
            x, y = corners[0].tolist()
            painter.drawText(QPointF(x, y - 2), box.name)


def _pens_of(box: ShownBox) -> tuple[QPen, QPen]:
    """Return the pen of the dark line below and that of the coloured one."""
    width = SELECTED_LINE_PX if box.is_selected else LINE_PX
    colour = QColor(box.colour)
    shadow, line = QPen(_SHADOW, width + _SHADOW_PX), QPen(colour, width)
    if box.is_lost:
        colour.setAlpha(_LOST_ALPHA)
        line.setColor(colour)
        for pen in (shadow, line):
            # dashes count in line widths; this way both lie on each other
            pen.setDashPattern([9 / pen.widthF(), 5 / pen.widthF()])
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    for pen in (shadow, line):
        pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    return shadow, line


def _corners_of(box_xywh: BoxXywh) -> np.ndarray:
    x, y, w, h = box_xywh
    return np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]])


def _area(box: ShownBox) -> float:
    return box.box_xywh[2] * box.box_xywh[3]


class PeakRings:
    """Paints rings on a `CanvasOverlay`; the first peak, the chosen one, is dashed."""

    changed = Signal()

    def __init__(self) -> None:
        self._peaks: tuple[ScorePeak, ...] = ()

    @property
    def peaks(self) -> tuple[ScorePeak, ...]:
        """What is shown, the highest first."""
        return self._peaks

    def show(self, peaks: Sequence[ScorePeak]) -> None:
        """Show these peaks and no others."""
        peaks = tuple(peaks)
        if peaks != self._peaks:
            self._peaks = peaks
            self.changed.emit()

    def paint(self, painter: QPainter, place: CanvasPlace) -> None:
        """Paint a ring around each peak, of the same size at any zoom."""
        for number, peak in enumerate(self._peaks):
            x, y = place.to_canvas((peak.x, peak.y)).tolist()
            radius = max(RING_PX * peak.ratio, _MIN_RING_PX)
            for colour, width in ((_RING_SHADOW, 4.0), (_RING, 2.0)):
                pen = QPen(colour, width)
                if number == 0:
                    pen.setStyle(Qt.PenStyle.DotLine)
                painter.setPen(pen)
                painter.drawEllipse(QPointF(x, y), radius, radius)
            painter.setPen(QPen(_RING, 1.0))
            painter.drawPoint(QPointF(x, y))
