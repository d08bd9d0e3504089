"""What is painted over a video: the score map, the boxes and the peaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Layer
from psygnal import Signal
from qtpy.QtWidgets import QWidget

from napari_fcot.layers.canvas_overlay import CanvasOverlay
from napari_fcot.layers.canvas_place import CanvasPlace
from napari_fcot.layers.painted_heatmap import PaintedHeatmap
from napari_fcot.layers.peak_picker import PeakRings
from napari_fcot.layers.thin_boxes import ThinBoxes

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["VideoSheet"]


class VideoSheet:
    """The parts of the sheet over the canvas, and whether they are seen.

    Without a canvas, in 3D and in a grid of layers they are not; what must be seen
    nevertheless has to be a layer then.

    Args:
        viewer: whose camera looks at the video.
    """

    turned = Signal()
    """`is_seen` is different now."""

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._video: Layer | None = None
        self._overlay: CanvasOverlay | None = None
        self._is_seen = False
        self.heatmap = PaintedHeatmap()
        """Lies below the rest."""
        self.boxes = ThinBoxes()
        """Lie over the heatmap."""
        self.rings = PeakRings()
        """Lie over all."""
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
            parts = self.heatmap, self.boxes, self.rings
            self._overlay = CanvasOverlay(self._viewer, canvas, *parts)
            self._overlay.set_video(self._video)
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
