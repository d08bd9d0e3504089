"""Shows a target large, and the view from before again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Layer

from fcot_engine.geometry import BoxXywh
from napari_fcot.layers.pixel_frame import box_to_corners, pixel_to_world, plane_of

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from qtpy.QtWidgets import QWidget

ROOM = 3.0
"""Of the view over the box, so that one sees what is around it."""
_USUAL_CANVAS_WH = (600, 500)


class TargetZoom:
    """Moves the viewer's camera to a box and back.

    Args:
        viewer: whose camera it is.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._before: tuple[tuple[float, ...], float] | None = None

    @property
    def is_near(self) -> bool:
        """Whether the view from before is remembered."""
        return self._before is not None

    def toggle(
        self, video: Layer, box_xywh: BoxXywh | None, canvas: QWidget | None
    ) -> bool:
        """Zoom to a box, or back if that was done before.

        Args:
            video: the layer whose pixels the box counts in.
            box_xywh: image pixels, or None if there is no box.
            canvas: where the viewer draws, for its size.

        Returns:
            Whether the view was changed.
        """
        camera = self._viewer.scene.camera
        if self._before is not None:
            (camera.center, camera.zoom), self._before = self._before, None
            return True
        if box_xywh is None:
            return False
        self._before = tuple(camera.center), float(camera.zoom)
        corners = box_to_corners(box_xywh)
        plane = plane_of(pixel_to_world(video))
        world = corners @ plane[:2, :2].T + plane[:2, 2]
        top_left, bottom_right = world.min(axis=0), world.max(axis=0)
        size = _USUAL_CANVAS_WH
        if canvas is not None and canvas.width() > 1:
            size = canvas.width(), canvas.height()
        room_wh = ROOM * np.maximum((bottom_right - top_left)[::-1], 1e-9)
        y, x = (top_left + bottom_right) / 2
        camera.center = (0.0, float(y), float(x))
        camera.zoom = float(np.min(np.asarray(size) / room_wh))
        return True

    def forget(self) -> None:
        """Know no view from before, such as for another video."""
        self._before = None
