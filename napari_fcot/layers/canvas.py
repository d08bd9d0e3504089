"""napari's canvas: a transparent sheet over it, and clicks on it.

A Shapes layer that is rewritten for each frame is costly: the program on the graphics
card is built again each time. A sheet that Qt paints costs next to nothing, see
`scripts/measure_stepping.py`. It shows the boxes while frames go by, and rings around
peaks. Pictures of the whole window have it, those of the canvas alone do not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from napari.layers import Layer
from psygnal import Signal
from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QPainter, QPaintEvent
from qtpy.QtOpenGLWidgets import QOpenGLWidget
from qtpy.QtWidgets import QMainWindow, QWidget

from napari_fcot.layers.painted import PeakRings, ThinBoxes
from napari_fcot.layers.pixel_frame import (
    HALF_PIXEL,
    CanvasPlace,
    pixel_to_world,
    plane_of,
)

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from psygnal import SignalInstance


class VideoSheet:
    """The parts of the sheet over the canvas, and whether they are seen.

    Without a canvas, in 3D and in a grid of layers they are not; what must be seen
    nevertheless has to be a layer then.

    Args:
        viewer: whose camera looks at the video.
    """

    turned = Signal()
    """`is_seen` is different now."""
    grabbed = Signal()
    """A picture of the canvas alone is about to be taken; layers may still change."""

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._video: Layer | None = None
        self._overlay: CanvasOverlay | None = None
        self._is_seen = False
        self.ghosts = ThinBoxes()
        """Boxes from before a correction; lie below."""
        self.boxes = ThinBoxes()
        self.rings = PeakRings()
        """Lie over the boxes."""
        viewer.dims.events.displayed.connect(self._on_view)
        viewer.canvas.grid.events.connect(self._on_view)

    @property
    def is_seen(self) -> bool:
        """Whether what is painted is on the screen, in its place."""
        return self._is_seen

    @property
    def scale(self) -> float:
        """Screen pixels that an image pixel covers; 1 where nothing is seen."""
        place = self._place()
        return 1.0 if place is None else place.scale

    def set_canvas(self, canvas: QWidget | None) -> None:
        """Lie over a canvas from now on, or over none."""
        self._drop_overlay()
        if canvas is not None:
            parts = self.ghosts, self.boxes, self.rings
            self._overlay = CanvasOverlay(self._viewer, canvas, *parts)
            self._overlay.set_video(self._video)
            self._overlay.grabbed.connect(self.grabbed.emit)
        self._on_view()

    def set_video(self, video: Layer | None) -> None:
        """Lie over the pixels of another video, or show nothing."""
        self._video = video
        if self._overlay is not None:
            self._overlay.set_video(video)
        self._on_view()

    def close(self) -> None:
        """Let go of the viewer, for good."""
        self._viewer.dims.events.displayed.disconnect(self._on_view)
        self._viewer.canvas.grid.events.disconnect(self._on_view)
        self._drop_overlay()

    def _drop_overlay(self) -> None:
        overlay, self._overlay = self._overlay, None
        if overlay is not None:
            overlay.close_for_good()

    def _place(self) -> CanvasPlace | None:
        return None if self._overlay is None else self._overlay.place()

    def _on_view(self, event: Any = None) -> None:
        is_seen = self._place() is not None
        if is_seen != self._is_seen:
            self._is_seen = is_seen
            self.turned.emit()


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

    grabbed = Signal()
    """The canvas is drawn, but not for the screen."""

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
        self._is_painting = False
        # vispy's canvas of that widget: it tells of drawing for a picture as well
        self._drawn = getattr(getattr(canvas, "_vispy_canvas", None), "events", None)
        if self._drawn is not None:
            self._drawn.draw.connect(self._on_draw, position="first")
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
        if self._drawn is not None:
            self._drawn.draw.disconnect(self._on_draw)
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
        """Keep the size of the canvas, and note that it is painted on the screen."""
        if event is not None and event.type() == QEvent.Type.Resize:
            self.resize(self._canvas.size())
        elif event is not None and event.type() == QEvent.Type.Paint:
            self._is_painting = True
        return False

    def _on_draw(self, event: Any = None) -> None:
        was_painting, self._is_painting = self._is_painting, False
        if not was_painting:
            self.grabbed.emit()


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


LEFT_BUTTON = 1
MAX_MOVE_PX = 4.0
"""A press that moved further on the screen is a drag."""


class CanvasClicks:
    """Tells of left clicks without a drag, in image pixels of a video.

    Args:
        viewer: its mouse is listened to; layers and camera get their events as before.
    """

    clicked = Signal(float, float, frozenset)
    """x and y in image pixels, names of the modifiers that were held down."""

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._video: Layer | None = None
        viewer.mouse_drag_callbacks.append(self._watch)

    def set_video(self, video: Layer | None) -> None:
        """Count in the pixels of another video; with None there are no clicks."""
        self._video = video

    def close(self) -> None:
        """Let go of the viewer."""
        self._video = None
        if self._watch in self._viewer.mouse_drag_callbacks:
            self._viewer.mouse_drag_callbacks.remove(self._watch)

    def _watch(self, viewer: ViewerModel, event: Any) -> Iterator[None]:
        if self._video is None or event.button != LEFT_BUTTON:
            return
        pressed, modifiers = np.array(event.pos), _names_of(event.modifiers)
        position = tuple(event.position)
        yield
        while event.type == "mouse_move":
            yield
        if np.abs(np.array(event.pos) - pressed).max() <= MAX_MOVE_PX:
            self._tell(position, modifiers)

    def _tell(self, position: tuple[float, ...], modifiers: frozenset[str]) -> None:
        if self._video is None or self._viewer.dims.ndisplay != 2:
            return
        world = np.array([*position[-2:], 1.0])
        y, x, _ = np.linalg.inv(plane_of(pixel_to_world(self._video))) @ world
        self.clicked.emit(float(x) + HALF_PIXEL, float(y) + HALF_PIXEL, modifiers)


def _names_of(modifiers: Any) -> frozenset[str]:
    """Return vispy's keys as the names that napari uses, such as `Control`."""
    return frozenset(str(getattr(key, "name", key)) for key in modifiers)
