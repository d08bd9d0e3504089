"""The score map of the frame on the screen, painted on the canvas overlay.

It costs much less to draw than an Image layer over the video, since it covers only the
place where the tracker searched.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from napari.utils.colormaps import Colormap
from numpy.typing import NDArray
from psygnal import Signal
from qtpy.QtCore import QRectF
from qtpy.QtGui import QImage, QPainter, QTransform

from napari_fcot.layers.canvas_place import CanvasPlace
from napari_fcot.tracking import CompactScoreMap

__all__ = ["PaintedHeatmap"]

MAX_OPACITY = 1.0
# From nothing over blue to yellow and red: what scores 0 leaves the video as it is.
_COLORS = ([0, 0.2, 1, 0], [0, 0.4, 1, 0.35], [1, 0.9, 0, 0.55], [1, 0, 0, 0.75])
_COLOR_PLACES = (0.0, 0.2, 0.5, 1.0)


class PaintedHeatmap:
    """Paints one score map on a `CanvasOverlay`."""

    changed = Signal()

    def __init__(self) -> None:
        self._map: CompactScoreMap | None = None
        self._frame_wh: tuple[float, float] | None = None
        self._opacity = MAX_OPACITY

    @property
    def score_map(self) -> CompactScoreMap | None:
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
        score_map: CompactScoreMap | None,
        *,
        frame_wh: tuple[float, float] | None = None,
    ) -> None:
        """Show a map, such as `store.get(frame_index, kind)`; None shows nothing.

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
        pixels = _colours()[self._map.values].tobytes()  # Qt reads from it, so keep it
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
