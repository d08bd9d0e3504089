"""Looking photos and masks up through a smooth mapping, for whole batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from fcot_engine.training.photo_pool import PhotoPool

__all__ = [
    "BORDER_MODES",
    "REFLECT",
    "PhotoBatch",
    "gather_photos",
    "look_up",
    "patch_grid",
]

_NODE_PX = 8  # mappings are smooth: every eighth pixel is computed, the rest between
BORDER_MODES = 3
"""Ways to fill what lies outside a photo: 0 repeat, 1 reflect, 2 one colour."""
REFLECT = 1
"""The way that mirrors the photo at its border."""


@dataclass(frozen=True, eq=False)
class PhotoBatch:
    """One photo for each sequence, at a resolution that suits its use.

    Attributes:
        images: `(B, 3, P, P)` in [0, 1]; the border is repeated beyond the photo.
        sizes_wh: size of each photo in pixels of `images`, `(B, 2)`.
        scale: pixels of `images` for one pixel of the full photo, `(B,)`.
    """

    images: Tensor
    sizes_wh: Tensor
    scale: Tensor

    def roll(self, shift: int) -> PhotoBatch:
        """The same photos handed to other sequences."""
        return PhotoBatch(
            self.images.roll(shift, 0),
            self.sizes_wh.roll(shift, 0),
            self.scale.roll(shift, 0),
        )

    def select(self, index: Tensor) -> PhotoBatch:
        """The photos of the sequences at `index`."""
        return PhotoBatch(self.images[index], self.sizes_wh[index], self.scale[index])


def gather_photos(
    pool: PhotoPool, photo: Tensor, shrink: Tensor, device: torch.device
) -> PhotoBatch:
    """Take photos at the resolution nearest to how they will be shown.

    Args:
        pool: the photos.
        photo: which photos, `(B,)`.
        shrink: photo pixels for one patch pixel, `(B,)`; from 2 on the half
            resolution is taken, from 4 on the quarter.
        device: where the batch is composed.
    """
    level = shrink.clamp(min=1).log2().floor().long()
    level = level.clamp(max=len(pool.levels) - 1)
    side = int(pool.levels[0].shape[-1])
    images = pool.levels[0].new_empty(photo.shape[0], 3, side, side)
    home = images.device
    for k, stored in enumerate(pool.levels):
        rows = torch.nonzero(level == k).flatten().to(home)
        if len(rows):
            images[rows] = _repeat_border(stored[photo.to(home)[rows]], side)
    scale = 0.5 ** level.to(device).float()
    sizes_wh = pool.sizes_wh.to(device)[photo.to(device)] * scale[:, None]
    return PhotoBatch(images.to(device).float().div_(255), sizes_wh, scale)


def patch_grid(
    mapping: Callable[[Tensor], Tensor], side: int, device: torch.device
) -> Tensor:
    """Evaluate a smooth mapping at all pixel centres of a patch.

    Args:
        mapping: turns patch points `(N, 2)` into source points `(*, N, 2)`.
        side: side of the patch, in pixels.
        device: where to compute.

    Returns:
        Source points, `(*, side, side, 2)`; exact every few pixels, linear between.
    """
    n = side // _NODE_PX + 1
    axis = torch.linspace(0.5, side - 0.5, n, device=device)
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    nodes = mapping(torch.stack([x, y], -1).view(-1, 2))  # (*, n * n, 2)
    planes = nodes.view(*nodes.shape[:-2], n, n, 2).movedim(-1, -3)  # (*, 2, n, n)
    weights = _interpolation_weights(n, side, device)
    dense: Tensor = weights @ planes @ weights.T
    return dense.movedim(-3, -1)


def _interpolation_weights(n: int, side: int, device: torch.device) -> Tensor:
    """Linear interpolation of `n` nodes at `side` evenly spaced places, `(side, n)`."""
    place = torch.linspace(0, n - 1, side, device=device)
    return (1 - (place[:, None] - torch.arange(n, device=device)).abs()).clamp(min=0)


def _repeat_border(images: Tensor, side: int) -> Tensor:
    """Repeat the last row and column until the images have that side."""
    rest = side - images.shape[-1]
    if not rest:
        return images
    images = torch.cat([images, images[..., -1:].expand(-1, -1, -1, rest)], -1)
    return torch.cat([images, images[..., -1:, :].expand(-1, -1, rest, -1)], -2)


def look_up(photos: PhotoBatch, points_px: Tensor, border: Tensor | None) -> Tensor:
    """Sample photos at points, filling what lies outside.

    Args:
        photos: one photo for each sequence.
        points_px: points in pixels of `photos.images`, `(B, F, S, S, 2)`.
        border: how to fill, one of `BORDER_MODES` for each sequence, `(B,)`; None to
            repeat the border everywhere.

    Returns:
        Colours, `(B, F, 3, S, S)`.
    """
    b, f, s = points_px.shape[:3]
    if border is not None:
        points_px = _reflect(points_px, photos.sizes_wh, border == REFLECT)
    side = photos.images.shape[-1]
    grid = (points_px * (2 / side) - 1).reshape(b, f * s, s, 2)
    colours = F.grid_sample(  # photos repeat their border, so the mode is "border"
        photos.images, grid, "bilinear", "border", align_corners=False
    )
    colours = colours.view(b, 3, f, s, s).transpose(1, 2).contiguous()
    if border is not None:
        _fill_outside_(colours, points_px, photos.sizes_wh, border == 2)
    return colours


def _reflect(points_px: Tensor, sizes_wh: Tensor, chosen: Tensor) -> Tensor:
    rows = torch.nonzero(chosen).flatten()
    limit = sizes_wh[rows, None, None, None]
    folded = limit - (limit - points_px[rows].remainder(2 * limit)).abs()
    return points_px.index_copy(0, rows, folded)


def _fill_outside_(
    colours: Tensor, points_px: Tensor, sizes_wh: Tensor, chosen: Tensor
) -> None:
    rows = torch.nonzero(chosen).flatten()
    points, limit = points_px[rows], sizes_wh[rows, None, None, None]
    outside = ((points < 0) | (points > limit)).any(-1)[:, :, None]
    own = colours[rows]
    mean = own.mean(dim=(1, 3, 4), keepdim=True)
    colours[rows] = torch.where(outside, mean, own)
