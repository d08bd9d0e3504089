"""From our image pixels to napari's, to the world and to the canvas.

Ours has the origin at the top left corner of the top left pixel (see
`fcot_engine.geometry`) and writes x before y; napari has it at that pixel's centre and
writes (t, y, x). So the two differ by half a pixel and by the order, here and nowhere
else. Scale, translation, rotation and shear of the video layer are handed to our layers
as one affine matrix: both then share the same pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Layer
from numpy.typing import ArrayLike, NDArray

from fcot_engine.geometry import BoxXywh

if TYPE_CHECKING:
    from napari.components import ViewerModel

HALF_PIXEL = 0.5
"""napari's pixel centres lie on whole numbers, ours half a pixel further."""


def box_to_corners(box_xywh: BoxXywh) -> NDArray[np.float64]:
    """Turn a box into the corners of a napari rectangle.

    Args:
        box_xywh: a box in image pixels, our convention.

    Returns:
        Four corners (y, x) in the video layer's data coordinates, shape (4, 2).

    Example:
        >>> box_to_corners((0, 0, 2, 1)).tolist()
        [[-0.5, -0.5], [-0.5, 1.5], [0.5, 1.5], [0.5, -0.5]]
    """
    x, y, w, h = box_xywh
    corners = np.array([[y, x], [y, x + w], [y + h, x + w], [y + h, x]], np.float64)
    return corners - HALF_PIXEL


def corners_to_box(vertices_yx: NDArray[np.floating]) -> BoxXywh:
    """Return the upright box around a shape, whatever a person turned it into.

    Args:
        vertices_yx: vertices in the video layer's data coordinates, shape (N, 2).

    Returns:
        The box in image pixels, our convention.
    """
    (top, left), (bottom, right) = vertices_yx.min(axis=0), vertices_yx.max(axis=0)
    x, y = float(left) + HALF_PIXEL, float(top) + HALF_PIXEL
    return x, y, float(right - left), float(bottom - top)


def pixel_to_world(layer: Layer) -> NDArray[np.float64]:
    """Return a layer's data-to-world mapping, shape (ndim + 1, ndim + 1)."""
    origin = np.asarray(layer.data_to_world(np.zeros(layer.ndim)))
    matrix = np.eye(layer.ndim + 1)
    matrix[:-1, -1] = origin
    for axis, unit in enumerate(np.eye(layer.ndim)):
        matrix[:-1, axis] = np.asarray(layer.data_to_world(unit)) - origin
    return matrix


def plane_of(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the part of a data-to-world mapping for (y, x), shape (3, 3)."""
    return matrix[-3:, -3:]


def keep_out_of_ranges(layer: Layer, viewer: ViewerModel) -> None:
    """Let a layer that lies on the video move without the viewer's sliders being told.

    Whenever a layer gets other data or another affine, a viewer finds out anew how far
    all layers reach, and reads what they show again: most of what a step costs then.
    A layer of ours reaches no further than the video.

    Args:
        layer: it is in the viewer already.
        viewer: is not told any more.
    """
    for emitter in (layer.events.affine, layer.events.data):
        for callback in emitter.callbacks:
            owner = callback[0]() if isinstance(callback, tuple) else None
            if owner is viewer:
                emitter.disconnect(callback)


@dataclass(frozen=True, eq=False)  # arrays do not compare to one bool
class CanvasPlace:
    """The mapping between image pixels and the canvas.

    Canvas pixels are those of Qt, from the top left corner of the canvas. Image pixels
    follow `fcot_engine.geometry.boxes`.
    """

    matrix: NDArray[np.float64]
    """From (x, y, 1) in image pixels to (x, y, 1) on the canvas, shape (3, 3)."""

    @classmethod
    def of(
        cls, viewer: ViewerModel, video: Layer, canvas_wh: tuple[float, float]
    ) -> CanvasPlace | None:
        """Read off where the viewer shows a video now.

        Args:
            viewer: its camera is the one that looks.
            video: a layer whose last two axes are y and x.
            canvas_wh: size of the canvas.

        Returns:
            None where the viewer shows something else than one plane of y and x: in 3D,
            with other axes on the screen, and in a grid of layers.
        """
        dims = viewer.dims
        if tuple(dims.displayed) != (dims.ndim - 2, dims.ndim - 1):
            return None
        if viewer.canvas.grid.enabled:
            return None
        to_world = plane_of(pixel_to_world(video))  # (y, x, 1), napari's pixels
        camera = viewer.scene.camera
        vertical, horizontal = (str(name) for name in camera.orientation2d)
        zoom_y = camera.zoom * (1 if vertical == "down" else -1)
        zoom_x = camera.zoom * (1 if horizontal == "right" else -1)
        center_y, center_x = camera.center[-2:]
        to_canvas = np.array(
            [
                [0.0, zoom_x, canvas_wh[0] / 2 - zoom_x * center_x],
                [zoom_y, 0.0, canvas_wh[1] / 2 - zoom_y * center_y],
                [0.0, 0.0, 1.0],
            ]
        )
        return cls(to_canvas @ to_world @ _XY_TO_NAPARI)

    def to_canvas(self, points_xy: ArrayLike) -> NDArray[np.float64]:
        """Map points from image pixels to the canvas, shape (*, 2)."""
        return _apply(self.matrix, points_xy)

    def to_image(self, points_xy: ArrayLike) -> NDArray[np.float64]:
        """Map points from the canvas to image pixels, shape (*, 2)."""
        inverse: NDArray[np.float64] = np.linalg.inv(self.matrix).astype(np.float64)
        return _apply(inverse, points_xy)

    @property
    def scale(self) -> float:
        """Canvas pixels an image pixel covers, the mean of both axes."""
        return float(np.sqrt(abs(np.linalg.det(self.matrix[:2, :2]))))


_XY_TO_NAPARI = np.array(
    [[0.0, 1.0, -HALF_PIXEL], [1.0, 0.0, -HALF_PIXEL], [0.0, 0.0, 1.0]]
)
"""From our (x, y, 1) to napari's (y, x, 1)."""


def _apply(matrix: NDArray[np.float64], points_xy: ArrayLike) -> NDArray[np.float64]:
    points = np.asarray(points_xy, np.float64)
    mapped: NDArray[np.float64] = points @ matrix[:2, :2].T + matrix[:2, 2]
    return mapped
