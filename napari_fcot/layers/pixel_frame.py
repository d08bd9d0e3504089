"""From our image pixels to napari's, and to a layer's place in the world.

Ours has the origin at the top left corner of the top left pixel (see
`fcot_engine.geometry.boxes`) and writes x before y; napari has it at that pixel's
centre and writes (t, y, x). So the two differ by half a pixel and by the order, here
and nowhere else. Scale, translation, rotation and shear of the video layer are handed
to our layers as one affine matrix: both then share the same pixels.
"""

from __future__ import annotations

import numpy as np
from napari.layers import Layer
from numpy.typing import NDArray

from fcot_engine.geometry import BoxXywh

__all__ = [
    "HALF_PIXEL",
    "box_to_corners",
    "corners_to_box",
    "pixel_to_world",
    "plane_of",
]

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
