"""A transparent sheet over napari's canvas, drawn anew with each frame.

Layers that are rewritten for each frame are costly: for Shapes and Vectors the program
on the graphics card is built again each time, and a heatmap is drawn over the whole
canvas. A sheet that Qt paints costs next to nothing, see `scripts/measure_stepping.py`.
It shows what need not be edited. Pictures of the whole window have it, those of the
canvas alone do not.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from napari.layers import Layer
from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QPainter, QPaintEvent
from qtpy.QtOpenGLWidgets import QOpenGLWidget
from qtpy.QtWidgets import QMainWindow, QWidget

from napari_fcot.layers.canvas_place import CanvasPlace

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from psygnal import SignalInstance

__all__ = ["CanvasOverlay", "OverlayPart", "find_canvas"]


class OverlayPart(Protocol):
    """Something that is painted on the sheet."""

    @property
    def changed(self) -> SignalInstance:
        """Emitted when it looks different now."""

    def paint(self, painter: QPainter, place: CanvasPlace) -> None:
        """Paint it; `place` says where the video's pixels are."""


class CanvasOverlay(QWidget):
    """The sheet. It follows the camera and the size of the canvas.

    Args:
        viewer: whose camera looks at the video.
        canvas: the widget to lie over, see `find_canvas`; it owns the sheet.
        parts: painted in this order.
    """

    def __init__(
        self, viewer: ViewerModel, canvas: QWidget, *parts: OverlayPart
    ) -> None:
        super().__init__(canvas)
        self.setObjectName("fcot canvas overlay")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._viewer = viewer
        self._canvas = canvas
        self._video: Layer | None = None
        self._parts = parts
        self._is_open = True
        for part in parts:
            part.changed.connect(self._on_change)
        viewer.scene.camera.events.connect(self._on_change)
        viewer.dims.events.displayed.connect(self._on_change)
        viewer.canvas.grid.events.connect(self._on_change)
        canvas.installEventFilter(self)
        self.resize(canvas.size())
        self.show()

    def set_video(self, video: Layer | None) -> None:
        """Lie over the pixels of another video, or show nothing."""
        self._leave_video()
        self._video = video
        if video is not None:
            for name in ("affine", "scale", "translate", "rotate", "shear"):
                getattr(video.events, name).connect(self._on_change)
        self._on_change()

    def place(self) -> CanvasPlace | None:
        """Return where the video's pixels are now, or None where they are not."""
        if self._video is None:
            return None
        try:
            size = float(self.width()), float(self.height())
        except RuntimeError:  # Qt has deleted it with its window
            return None
        return CanvasPlace.of(self._viewer, self._video, size)

    def close_for_good(self) -> None:
        """Let go of the viewer and vanish."""
        if not self._is_open:
            return
        self._is_open = False
        self._leave_video()
        for part in self._parts:
            part.changed.disconnect(self._on_change)
        self._viewer.scene.camera.events.disconnect(self._on_change)
        self._viewer.dims.events.displayed.disconnect(self._on_change)
        self._viewer.canvas.grid.events.disconnect(self._on_change)
        with suppress(RuntimeError):  # Qt may have deleted both with the window
            self._canvas.removeEventFilter(self)
            self.hide()
            self.deleteLater()

    def _leave_video(self) -> None:
        if self._video is not None:
            for name in ("affine", "scale", "translate", "rotate", "shear"):
                getattr(self._video.events, name).disconnect(self._on_change)
        self._video = None

    def _on_change(self, event: Any = None) -> None:
        with suppress(RuntimeError):  # Qt may have deleted it with its window
            self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802
        """Paint all parts over the video."""
        place = self.place()
        if place is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for part in self._parts:
            painter.save()
            part.paint(painter, place)
            painter.restore()
        painter.end()

    def eventFilter(  # noqa: N802
        self, watched: QObject | None, event: QEvent | None
    ) -> bool:
        """Keep the size of the canvas."""
        if event is not None and event.type() == QEvent.Type.Resize:
            self.resize(self._canvas.size())
        return False


def find_canvas(window: QWidget) -> QWidget | None:
    """Return the canvas in napari's window, or None where there is none.

    Args:
        window: that window, or any widget in it, such as our panel once it is docked.
    """
    above: QWidget | None = window
    while above is not None and not isinstance(above, QMainWindow):
        above = above.parentWidget()
    # the centre only: other docks may have canvases of their own
    center = None if above is None else above.centralWidget()
    canvas: QWidget | None = None if center is None else center.findChild(QOpenGLWidget)
    return canvas
