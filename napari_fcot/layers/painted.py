"""What is painted over the canvas: thin boxes, the score map, rings around peaks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from napari.utils.colormaps import Colormap
from numpy.typing import NDArray
from psygnal import Signal
from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QImage, QPainter, QPen, QPolygonF, QTransform

from fcot_engine.annotation import ScorePeak
from fcot_engine.geometry import BoxXywh
from fcot_engine.tracker import ScoreMap
from napari_fcot.layers.box_layer import ShownBox
from napari_fcot.layers.pixel_frame import CanvasPlace

LINE_PX = 2.0
SELECTED_LINE_PX = 3.5
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
        self._left_out: int | None = None
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

    def show(self, boxes: Sequence[ShownBox], *, left_out: int | None = None) -> None:
        """Show these boxes and no others.

        Args:
            boxes: what is there; later ones lie over earlier ones.
            left_out: a target whose box is there, but not painted, since it is a shape
                with handles now.
        """
        boxes = tuple(boxes)
        if boxes != self._boxes or left_out != self._left_out:
            self._boxes, self._left_out = boxes, left_out
            self.changed.emit()

    @property
    def painted(self) -> tuple[ShownBox, ...]:
        """What is painted, the selected box last."""
        if not self._is_visible:
            return ()
        boxes = [box for box in self._boxes if box.target_id != self._left_out]
        return tuple(sorted(boxes, key=lambda box: box.is_selected))

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
        """Paint all boxes, the selected one last."""
        for box in self.painted:
            corners = place.to_canvas(_corners_of(box.box_xywh))
            outline = QPolygonF([QPointF(x, y) for x, y in corners.tolist()])
            for pen in _pens_of(box):
                painter.setPen(pen)
                painter.drawPolygon(outline)


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


MAX_OPACITY = 1.0
# From nothing over blue to yellow and red: what scores 0 leaves the video as it is.
_COLORS = ([0, 0.2, 1, 0], [0, 0.4, 1, 0.35], [1, 0.9, 0, 0.55], [1, 0, 0, 0.75])
_COLOR_PLACES = (0.0, 0.2, 0.5, 1.0)


class PaintedHeatmap:
    """Paints one score map on a `CanvasOverlay`."""

    changed = Signal()

    def __init__(self) -> None:
        self._map: ScoreMap | None = None
        self._frame_wh: tuple[float, float] | None = None
        self._opacity = MAX_OPACITY

    @property
    def score_map(self) -> ScoreMap | None:
        """What is shown."""
        return self._map

    @property
    def opacity(self) -> float:
        """0 to 1; its colours let the video through by themselves."""
        return self._opacity

    def set_opacity(self, opacity: float) -> None:
        """Let more or less of the video through."""
        opacity = min(max(opacity, 0.0), MAX_OPACITY)
        if opacity != self._opacity:
            self._opacity = opacity
            self.changed.emit()

    def show(
        self,
        score_map: ScoreMap | None,
        *,
        frame_wh: tuple[float, float] | None = None,
    ) -> None:
        """Show a map, None shows nothing.

        Args:
            score_map: where the tracker searched.
            frame_wh: size of the frame in pixels; what lies outside is cut off.
        """
        if score_map is not self._map or frame_wh != self._frame_wh:
            self._map, self._frame_wh = score_map, frame_wh
            self.changed.emit()

    def paint(self, painter: QPainter, place: CanvasPlace) -> None:
        """Paint the map over the pixels that it scores."""
        if self._map is None or not self._opacity:
            return
        rows, columns = self._map.values.shape
        scores = np.nan_to_num(self._map.values.astype(np.float32), nan=0.0)
        shades = np.rint(scores.clip(0.0, 1.0) * 255).astype(np.uint8)
        pixels = _colours()[shades].tobytes()  # Qt reads from it, so keep it
        picture = QImage(
            pixels,
            columns,
            rows,
            4 * columns,
            QImage.Format.Format_RGBA8888_Premultiplied,
        )
        x, y = self._map.to_image(-0.5, -0.5)  # corner of cell (0, 0)
        painter.setTransform(_as_transform(place.matrix))
        if self._frame_wh is not None:
            painter.setClipRect(QRectF(0, 0, *self._frame_wh))
        painter.setOpacity(self._opacity)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        size = self._map.cell_px
        painter.drawImage(QRectF(x, y, columns * size, rows * size), picture)


@lru_cache(maxsize=1)
def _colours() -> NDArray[np.uint8]:
    """Return the colour of each score, RGBA times its opacity, shape (256, 4)."""
    colormap = Colormap(_COLORS, controls=_COLOR_PLACES, name="FCOT score")
    rgba = np.asarray(colormap.map(np.linspace(0, 1, 256)), np.float64)
    rgba[:, :3] *= rgba[:, 3:]
    return np.rint(rgba * 255).astype(np.uint8)


def _as_transform(matrix: NDArray[np.float64]) -> QTransform:
    (a, b, x), (c, d, y), _ = matrix.tolist()
    return QTransform(a, c, b, d, x, y)


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
