"""Smooth paths through given points, and the pose of a cut-out in a frame."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Pose", "smooth_closed", "smooth_path"]


@dataclass(frozen=True)
class Pose:
    """Where and how a cut-out lies in a frame.

    A point q of the cut-out (its own pixels, origin at its anchor) lies at
    `center + scale * R(angle) @ q` in the frame.
    """

    center_xy: tuple[float, float]
    """Place of the anchor in image pixels."""
    scale: float
    """Image pixels per pixel of the cut-out."""
    angle_deg: float
    """Turn, clockwise on the screen since y points down."""

    @property
    def matrix(self) -> NDArray[np.float64]:
        """`scale * R(angle)`, shape (2, 2)."""
        angle = math.radians(self.angle_deg)
        cos, sin = math.cos(angle), math.sin(angle)
        return self.scale * np.array([[cos, -sin], [sin, cos]])

    def to_image(self, points_xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Bring points of the cut-out, shape (n, 2), into image pixels."""
        return np.asarray(points_xy @ self.matrix.T + np.asarray(self.center_xy))


def smooth_path(
    times: Sequence[float] | NDArray[np.float64],
    values: Sequence[Sequence[float]] | NDArray[np.float64],
    at: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Interpolate by cubic Hermite pieces whose slopes are central differences.

    Args:
        times: rising times of the k keys.
        values: one row a key, shape (k, n).
        at: the times asked for, shape (m,); outside of the keys the end value is kept.

    Returns:
        Values without jumps in position or speed, shape (m, n).

    Example:
        >>> smooth_path([0, 2], [[0.0], [4.0]], np.array([1.0]))
        array([[2.]])
    """
    t, v = np.asarray(times, dtype=np.float64), np.asarray(values, dtype=np.float64)
    slopes = np.gradient(v, t, axis=0)  # (k, n)
    clipped = np.clip(at, t[0], t[-1])
    left = np.clip(np.searchsorted(t, clipped, side="right") - 1, 0, len(t) - 2)
    step = (t[left + 1] - t[left])[:, None]
    u = ((clipped - t[left])[:, None]) / step  # 0..1 within the piece
    start = (1 + 2 * u) * (1 - u) ** 2 * v[left] + u * (1 - u) ** 2 * step * slopes[
        left
    ]
    end = u**2 * (3 - 2 * u) * v[left + 1] - u**2 * (1 - u) * step * slopes[left + 1]
    return np.asarray(start + end)


def smooth_closed(
    corners_xy: Sequence[tuple[float, float]], points_a_corner: int = 6
) -> NDArray[np.float64]:
    """Turn the corners of a polygon, in order, into a smooth closed outline.

    Returns:
        Points of the outline, shape (corners * points_a_corner, 2); it goes through
        every corner.
    """
    corners = np.asarray(corners_xy, dtype=np.float64)
    count = len(corners)
    wrapped = np.concatenate([corners[-2:], corners, corners[:3]])
    times = np.arange(-2, count + 3, dtype=np.float64)
    at = np.arange(count * points_a_corner) / points_a_corner
    return smooth_path(times, wrapped, at)
