"""Cutting patches out of images: one, many warped ones, one box at many sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from fcot_engine.errors import check_ndim
from fcot_engine.geometry import BoxXywh, PatchFrame

_MARGIN_PX = 4.0  # patch pixels kept around the patch, so that filters see real pixels
_SHRINK_FROM = 1.15  # below this the bilinear kernel alone does not alias visibly


def cut_patch(image: Tensor, frame: PatchFrame) -> Tensor:
    """Cut one square patch out of an image, exact to a fraction of a pixel.

    When the patch shrinks the image, the region is first brought to the patch's scale
    with an anti-aliasing filter. Outside the image its border is repeated.

    Args:
        image: `(C, H, W)`, uint8 or float.
        frame: where to cut.

    Returns:
        Patch of shape `(1, C, S, S)`, float32, same range of values as `image`.
    """
    check_ndim(image, 3, name="image", layout="C, H, W")
    height, width = image.shape[1:]
    half = (frame.size_px / 2 + _MARGIN_PX) * frame.scale
    left, right = _clip_span(frame.center_xy[0], half, width)
    top, bottom = _clip_span(frame.center_xy[1], half, height)
    region = image[None, :, top:bottom, left:right].float()
    if frame.scale > _SHRINK_FROM:
        shrunk = [max(1, round(n / frame.scale)) for n in region.shape[2:]]
        region = F.interpolate(region, size=shrunk, mode="bilinear", antialias=True)
    steps = torch.arange(frame.size_px, device=image.device, dtype=torch.float64)
    steps = (steps + 0.5 - frame.size_px / 2) * frame.scale
    columns = (steps + (frame.center_xy[0] - left)) * (2 / (right - left)) - 1
    rows = (steps + (frame.center_xy[1] - top)) * (2 / (bottom - top)) - 1
    grid_y, grid_x = torch.meshgrid(rows.float(), columns.float(), indexing="ij")
    return F.grid_sample(
        region,
        torch.stack([grid_x, grid_y], -1)[None],
        mode="bilinear",
        padding_mode="border",
        align_corners=False,
    )


def cut_scales(
    image: Tensor, box_xywh: BoxXywh, factors: Tensor, *, size_px: int
) -> Tensor:
    """Cut a box at several sizes, each brought to the same square.

    When the pieces shrink the image, the region is first brought to their scale with an
    anti-aliasing filter. Outside the image its border is repeated.

    Args:
        image: `(C, H, W)`, uint8 or float.
        box_xywh: what is cut at a factor of 1, in image pixels.
        factors: of both sides of the box, about its middle, `(N,)`.
        size_px: side of the pieces, whatever the box's aspect.

    Returns:
        `(N, C, size_px, size_px)`, float32, same range of values as `image`.
    """
    check_ndim(image, 3, name="image", layout="C, H, W")
    most, limits = float(factors.max()), (image.shape[2], image.shape[1])
    steps = (torch.arange(size_px, dtype=torch.float64) + 0.5) / size_px - 0.5
    spans, shape_wh, places = [], [], []
    for axis, limit in enumerate(limits):
        side = box_xywh[2 + axis]
        center, scale = box_xywh[axis] + side / 2, side / size_px
        low, high = _clip_span(center, side / 2 * most + _MARGIN_PX * scale, limit)
        is_shrunk = scale > _SHRINK_FROM
        shape_wh.append(
            max(1, round((high - low) / scale)) if is_shrunk else high - low
        )
        spans.append(slice(low, high))
        sampled = factors.double()[:, None] * steps * side + (center - low)
        places.append((sampled * (2 / (high - low)) - 1).float())
    region = image[None, :, spans[1], spans[0]].float()
    if shape_wh != [region.shape[3], region.shape[2]]:
        region = F.interpolate(
            region, size=shape_wh[::-1], mode="bilinear", antialias=True
        )
    shape = len(factors), size_px, size_px
    columns, rows = (
        places[0][:, None].expand(shape),
        places[1][:, :, None].expand(shape),
    )
    return F.grid_sample(
        region.expand(len(factors), -1, -1, -1),
        torch.stack([columns, rows], -1).to(image.device),
        mode="bilinear",
        padding_mode="border",
        align_corners=False,
    )


def _clip_span(center: float, half: float, limit: int) -> tuple[int, int]:
    """Whole pixels that cover center +- half, at least one of them in the image."""
    low = min(max(math.floor(center - half), 0), limit - 1)
    return low, max(min(math.ceil(center + half), limit), low + 1)


@dataclass(frozen=True, kw_only=True)
class PatchWarp:
    """How the content of a patch is moved: mirrored, turned, zoomed, then shifted."""

    shift_xy: tuple[float, float] = (0.0, 0.0)
    """Shift of the content to the right and down, in patch pixels."""
    zoom_xy: tuple[float, float] = (1.0, 1.0)
    """Growth of the content along x and y."""
    turn: float = 0.0
    """Clockwise turn on screen, in radians."""
    mirror: bool = False
    """Left and right are exchanged."""

    def apply_to_center_box(
        self, size_wh: tuple[float, float], patch_px: int
    ) -> Tensor:
        """Box, shape `(4,)` xywh, of a target in the middle of the patch, after it.

        The turn does not enter: a box stays as it was drawn (as in the paper's
        augmentation), which is right to first order for small turns.
        """
        w, h = size_wh[0] * self.zoom_xy[0], size_wh[1] * self.zoom_xy[1]
        x = patch_px / 2 + self.shift_xy[0] - w / 2
        y = patch_px / 2 + self.shift_xy[1] - h / 2
        return torch.tensor([x, y, w, h])


def warp_patches(patch: Tensor, warps: Sequence[PatchWarp], *, size_px: int) -> Tensor:
    """Cut `size_px` pieces out of the middle of a larger patch, each with one warp.

    Args:
        patch: `(1, C, B, B)` float, usually twice as large as the pieces.
        warps: one for each piece.
        size_px: side of the pieces.

    Returns:
        `(len(warps), C, size_px, size_px)`, border repeated outside `patch`.
    """
    check_ndim(patch, 4, name="patch", layout="1, C, B, B")
    big = patch.shape[-1]
    theta = torch.stack([_backward_affine(warp, size_px, big) for warp in warps])
    theta = theta.to(patch)
    shape = [len(warps), patch.shape[1], size_px, size_px]
    grid = F.affine_grid(theta, shape, align_corners=False)
    return F.grid_sample(
        patch.expand(len(warps), -1, -1, -1),
        grid,
        mode="bilinear",
        padding_mode="border",
        align_corners=False,
    )


def _backward_affine(warp: PatchWarp, size_px: int, big_px: int) -> Tensor:
    """2x3 matrix from normalised piece coordinates to normalised patch coordinates."""
    cos, sin = math.cos(warp.turn), math.sin(warp.turn)
    zoom_x, zoom_y = warp.zoom_xy
    # content: q -> p = shift + Zoom R Mirror q, so q = Mirror R^-1 Zoom^-1 (p - shift)
    matrix = torch.tensor(
        [[cos / zoom_x, sin / zoom_y], [-sin / zoom_x, cos / zoom_y]],
        dtype=torch.float64,
    )
    if warp.mirror:
        matrix = torch.diag(torch.tensor([-1.0, 1.0], dtype=torch.float64)) @ matrix
    offset = -(matrix @ torch.tensor(warp.shift_xy, dtype=torch.float64))
    return torch.cat(
        [matrix * (size_px / big_px), (offset * (2 / big_px))[:, None]], dim=1
    )
