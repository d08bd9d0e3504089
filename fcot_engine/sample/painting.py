"""Painting of views and cut-outs into a frame."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fcot_engine.sample.cutouts import CutOut
from fcot_engine.sample.motion import Pose

__all__ = ["cut_view", "paint_"]

FINE = 2
"""Samples a pixel along each side."""


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
    x = left + (torch.arange((right - left) * FINE) + 0.5) / FINE
    y = top + (torch.arange((bottom - top) * FINE) + 0.5) / FINE
    x, y = x - pose.center_xy[0], (y - pose.center_xy[1])[:, None]
    (xx, xy), (yx, yy) = np.linalg.inv(pose.matrix).tolist()
    inside_x = xx * x + (xy * y + cutout.anchor_xy[0])  # (rows, columns)
    inside_y = yx * x + (yy * y + cutout.anchor_xy[1])
    fine = _sample(cutout.rgba, inside_x, inside_y, "zeros")
    painted = F.avg_pool2d(fine[None], FINE)[0]
    part = frame[:, top:bottom, left:right]
    part.mul_(1 - painted[3:]).add_(painted[:3])


def _sample(image: Tensor, x: Tensor, y: Tensor, padding: str) -> Tensor:
    """Read `image`, shape (c, h, w), bilinearly at x and y of shape (m, n)."""
    height, width = image.shape[-2:]
    grid = torch.stack([x * (2 / width) - 1, y * (2 / height) - 1], dim=-1)
    return F.grid_sample(
        image[None], grid[None], "bilinear", padding_mode=padding, align_corners=False
    )[0]
