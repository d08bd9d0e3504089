"""Paths of boxes as arrays, and how they differ."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Boxes", "center_shift_px", "paired_iou"]

Boxes = NDArray[np.float64]
"""x, y, width, height in image pixels, shape (n, 4)."""


def paired_iou(a_xywh: Boxes, b_xywh: Boxes) -> NDArray[np.float64]:
    """Intersection over union of paired boxes.

    Args:
        a_xywh: shape `(*, 4)`, image pixels.
        b_xywh: same shape.

    Returns:
        IoU in [0, 1], shape `(*)`; NaN where a box has one.

    Example:
        >>> paired_iou(np.array([0.0, 0, 2, 2]), np.array([1.0, 0, 2, 2])).round(3)
        np.float64(0.333)
    """
    top_left = np.maximum(a_xywh[..., :2], b_xywh[..., :2])
    bottom_right = np.minimum(
        a_xywh[..., :2] + a_xywh[..., 2:], b_xywh[..., :2] + b_xywh[..., 2:]
    )
    inter = np.maximum(bottom_right - top_left, 0).prod(axis=-1)
    union = a_xywh[..., 2:].prod(axis=-1) + b_xywh[..., 2:].prod(axis=-1) - inter
    return np.asarray(inter / np.maximum(union, 1e-7))[()]


def center_shift_px(a_xywh: Boxes, b_xywh: Boxes) -> NDArray[np.float64]:
    """Distance of the centres of paired boxes in pixels, `(*, 4)` to `(*)`."""
    shift = (a_xywh[..., :2] + a_xywh[..., 2:] / 2) - (
        b_xywh[..., :2] + b_xywh[..., 2:] / 2
    )
    return np.asarray(np.hypot(shift[..., 0], shift[..., 1]))[()]
