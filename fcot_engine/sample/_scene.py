"""What the sample is composed of: views of photographs, cut-outs, and their paths.

The photographs come inside scikit-image.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.interpolate import CubicHermiteSpline
from torch import Tensor
from torch.nn import functional as F

from fcot_engine.errors import FcotError

_FINE = 2
"""Samples a pixel along each side, where something is painted."""
_MARGIN_PX = 3
"""Empty border around a cut-out, so that its soft edge is not cut."""
_SUPERSAMPLING = 4
_SHADOW_STRENGTH = 0.4
_COFFEE_CORNERS_XY = [
    (180, 70), (186, 55), (200, 40), (220, 28), (250, 20), (285, 17.5), (320, 20),
    (355, 32), (380, 46), (396, 63), (403, 68), (412, 66), (421, 70), (424, 78),
    (420, 95), (418, 104), (430, 113), (450, 138), (466, 165), (476, 195),
    (479.5, 225), (476, 255), (466, 285), (450, 310), (430, 332), (405, 351),
    (375, 368), (345, 380), (310, 387), (280, 388.5), (250, 386), (220, 379),
    (190, 367), (160, 350), (130, 325), (105, 293), (88, 258), (79, 225),
    (77.5, 200), (80, 180), (89, 155), (102, 131), (121, 108), (144, 88), (165, 77),
]  # fmt: skip
"""The saucer, the cup and the spoon's handle in the coffee photograph (600 x 400)."""


# --- cut-outs --------------------------------------------------------------------


@dataclass(frozen=True, eq=False)  # tensors do not compare to one bool
class CutOut:
    """A part of a photograph with a soft mask."""

    rgba: Tensor
    """Colours times mask, and the mask, in [0, 1]; float32, shape (4, h, w)."""
    anchor_xy: tuple[float, float]
    """The point that a pose places, in pixels of `rgba`."""
    outline_xy: NDArray[np.float64]
    """Outline of the mask around the anchor, in pixels of `rgba`, shape (n, 2)."""

    def tinted(self, gains_rgb: tuple[float, float, float]) -> CutOut:
        """Return it in slightly other colours."""
        gains = self.rgba.new_tensor([*gains_rgb, 1.0])[:, None, None]
        limit = self.rgba[3:].expand_as(self.rgba)  # colours stay below the mask
        return CutOut(
            torch.minimum(self.rgba * gains, limit), self.anchor_xy, self.outline_xy
        )

    def shadow(self) -> CutOut:
        """Return its soft shadow: black, blurred, half transparent."""
        mask = self.rgba[3:][None]
        for _ in range(3):  # three box filters are nearly a Gaussian
            mask = F.avg_pool2d(mask, 9, stride=1, padding=4)
        black = torch.zeros_like(self.rgba[:3])
        rgba = torch.cat([black, _SHADOW_STRENGTH * mask[0]])
        return CutOut(rgba, self.anchor_xy, self.outline_xy)


def load_photo(name: str) -> Tensor:
    """Read a photograph out of the installed scikit-image.

    Args:
        name: a function of `skimage.data` whose file comes inside the wheel.

    Returns:
        float32 in [0, 1], shape (3, height, width).

    Raises:
        FcotError: scikit-image is not installed.
    """
    try:
        from skimage import data
    except ImportError as error:
        raise FcotError(
            "The sample video is composed from photographs inside scikit-image, which "
            "is not installed. Install it: pip install scikit-image."
        ) from error
    photo = getattr(data, name)()
    photo = np.asarray(photo[0] if isinstance(photo, tuple) else photo)
    if photo.ndim == 2:
        photo = np.repeat(photo[..., None], 3, axis=-1)
    return torch.from_numpy(photo.copy()).permute(2, 0, 1).float() / 255


def cut_coffee(width_px: int = 180) -> CutOut:
    """Cut the cup of coffee with its saucer and spoon, `width_px` wide."""
    outline = smooth_closed(_COFFEE_CORNERS_XY)
    return _cut(load_photo("coffee"), outline, width_px / np.ptp(outline[:, 0]))


def cut_post(width_px: int, height_px: int) -> CutOut:
    """Make a round post of bricks, darker at its sides."""
    brick = F.avg_pool2d(load_photo("brick"), 3)  # (3, 170, 170)
    tiles = -(-height_px // brick.shape[1])
    wall = brick.repeat(1, tiles, 1)[:, :height_px, :width_px]
    across = torch.linspace(-1, 1, width_px)
    shade = (1 - 0.75 * across.abs() ** 3) * (1 - 0.15 * across)
    colour = wall.new_tensor([0.95, 0.75, 0.62])[:, None, None]
    rgb = (wall * colour * shade).clamp(0, 1)
    rgba = F.pad(torch.cat([rgb, torch.ones_like(rgb[:1])]), (_MARGIN_PX,) * 4)
    x, y = width_px / 2, height_px / 2
    outline = np.array([(-x, -y), (x, -y), (x, y), (-x, y)])
    return CutOut(rgba, (x + _MARGIN_PX, y + _MARGIN_PX), outline)


def _cut(photo: Tensor, outline_xy: NDArray[np.float64], scale: float) -> CutOut:
    """Cut along an outline, given in the photo's pixels, and resize by `scale`."""
    height, width = photo.shape[-2:]
    mask = _fill(outline_xy, width=width, height=height)
    size = (round(height * scale), round(width * scale))
    small = F.interpolate(
        torch.cat([photo * mask, mask])[None],
        size=size,
        mode="bilinear",
        antialias=True,
    )[0]
    ratio = np.array([size[1] / width, size[0] / height])
    outline = outline_xy * ratio
    first = np.floor(outline.min(0)).astype(int) - _MARGIN_PX
    last = np.ceil(outline.max(0)).astype(int) + _MARGIN_PX
    left, top = (int(v) for v in np.maximum(first, 0))
    right, bottom = (int(v) for v in last)
    center = (outline.min(0) + outline.max(0)) / 2
    anchor = (float(center[0] - left), float(center[1] - top))
    return CutOut(small[:, top:bottom, left:right], anchor, outline - center)


def _fill(outline_xy: NDArray[np.float64], *, width: int, height: int) -> Tensor:
    """Fill an outline with 1, its edge pixels in part; shape (1, height, width)."""
    from PIL import Image, ImageDraw

    fine = _SUPERSAMPLING
    canvas = Image.new("L", (width * fine, height * fine))
    corners = [tuple(corner) for corner in (outline_xy * fine - 0.5).tolist()]
    ImageDraw.Draw(canvas).polygon(corners, fill=1)
    filled = torch.from_numpy(np.asarray(canvas).copy()).float()
    return F.avg_pool2d(filled[None], fine)


# --- paths -----------------------------------------------------------------------


@dataclass(frozen=True)
class Pose:
    """Where and how a cut-out lies in a frame.

    A point q of the cut-out (its own pixels, origin at its anchor) lies at
    `center + scale * R(angle) @ q` in the frame.
    """

    center_xy: tuple[float, float]
    """Where the anchor lies, image pixels."""
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
    spline = CubicHermiteSpline(t, v, np.gradient(v, t, axis=0))
    return np.asarray(spline(np.clip(at, t[0], t[-1])))


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


# --- painting --------------------------------------------------------------------


def cut_view(
    photo: Tensor, *, left: float, top: float, zoom: float, width: int, height: int
) -> Tensor:
    """Look at a part of a photo, as a moving camera does.

    Args:
        photo: shape (c, h, w).
        left: left border of the part, in pixels of the photo; fractions count.
        top: top border of the part.
        zoom: frame pixels per pixel of the photo.
        width: width of the frame in pixels.
        height: height of the frame in pixels.

    Returns:
        Shape (c, height, width).
    """
    x = left + (torch.arange(width) + 0.5) / zoom
    y = top + (torch.arange(height) + 0.5) / zoom
    return _sample(photo, x.expand(height, -1), y[:, None].expand(-1, width), "border")


def paint_(frame: Tensor, cutout: CutOut, pose: Pose) -> None:
    """Lay a cut-out over a frame, in place.

    Args:
        frame: float in [0, 1], shape (3, height, width).
        cutout: what to paint; parts outside of the frame are left out.
        pose: where to paint it.
    """
    height, width = cutout.rgba.shape[-2:]
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], dtype=float)
    placed = pose.to_image(corners - np.asarray(cutout.anchor_xy))
    limit = np.array([frame.shape[-1], frame.shape[-2]])
    left, top = np.clip(np.floor(placed.min(0)), 0, limit).astype(int).tolist()
    right, bottom = np.clip(np.ceil(placed.max(0)), 0, limit).astype(int).tolist()
    if right <= left or bottom <= top:
        return
    x = left + (torch.arange((right - left) * _FINE) + 0.5) / _FINE
    y = top + (torch.arange((bottom - top) * _FINE) + 0.5) / _FINE
    x, y = x - pose.center_xy[0], (y - pose.center_xy[1])[:, None]
    (xx, xy), (yx, yy) = np.linalg.inv(pose.matrix).tolist()
    inside_x = xx * x + (xy * y + cutout.anchor_xy[0])  # (rows, columns)
    inside_y = yx * x + (yy * y + cutout.anchor_xy[1])
    fine = _sample(cutout.rgba, inside_x, inside_y, "zeros")
    painted = F.avg_pool2d(fine[None], _FINE)[0]
    part = frame[:, top:bottom, left:right]
    part.mul_(1 - painted[3:]).add_(painted[:3])


def _sample(image: Tensor, x: Tensor, y: Tensor, padding: str) -> Tensor:
    """Read `image`, shape (c, h, w), bilinearly at x and y of shape (m, n)."""
    height, width = image.shape[-2:]
    grid = torch.stack([x * (2 / width) - 1, y * (2 / height) - 1], dim=-1)
    return F.grid_sample(
        image[None], grid[None], "bilinear", padding_mode=padding, align_corners=False
    )[0]
