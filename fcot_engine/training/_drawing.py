"""Drawing photos and objects into patches, and the boxes of what is seen of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from fcot_engine.training._appearance import tint
from fcot_engine.training._draws import Draws
from fcot_engine.training._motion import TILE_REACH, Pose
from fcot_engine.training.photos import Choice, PhotoPool

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


MASK_CELLS = 64
"""Side of a mask, in cells: about one cell for a pixel of a usual target."""


def tile_points(cells: int, device: torch.device) -> Tensor:
    """Tile coordinates of the cells of a mask, `(cells, cells, 2)`."""
    steps = (torch.arange(cells, device=device) + 0.5) / cells
    axis = (steps * 2 - 1) * TILE_REACH
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    return torch.stack([x, y], -1)


def draw_shapes(n: int, draw: Draws) -> Tensor:
    """Draw `n` random soft shapes that fill their box: `(n, 1, 64, 64)` in [0, 1].

    A shape is a superellipse, from an ellipse to nearly the whole box, whose radius
    waves along the outline.
    """
    points = tile_points(MASK_CELLS, draw.device)[None]  # (1, C, C, 2)
    x, y = points.unbind(-1)
    power = draw.log_uniform(1.8, 10.0, n)[:, None, None]
    radius = ((x.abs() ** power) + (y.abs() ** power)).clamp(min=1e-9) ** (1 / power)
    outline = torch.atan2(y, x)
    wavy = draw.chance(0.6, n).float()[:, None, None]
    limit = torch.ones_like(radius)
    for order in (2, 3, 5):
        amplitude = draw.normal(0.22 / order, n)[:, None, None]
        phase = draw.uniform(0.0, 6.283, n)[:, None, None]
        limit = limit + wavy * amplitude * (torch.cos(order * outline + phase) - 1) / 2
    limit = limit.clamp(0.45, 1.05)
    feather = draw.log_uniform(0.03, 0.12, n)[:, None, None]
    return ((limit - radius) / feather + 0.5).clamp(0, 1)[:, None]


_COARSE_CELLS = 16


def box_of_mask(alpha: Tensor) -> Tensor:
    """Tight box around a soft mask, its edges where alpha crosses one half.

    Args:
        alpha: masks, `(*, H, W)` in [0, 1].

    Returns:
        Corner boxes in pixels, `(*, 4)`; zeros where alpha never reaches one half.
    """
    left, right = _span(alpha.amax(-2))
    top, bottom = _span(alpha.amax(-1))
    return torch.stack([left, top, right, bottom], -1)


def complete_at_border(box_xyxy: Tensor, mask: Tensor, pose: Pose, side: int) -> Tensor:
    """Extend boxes whose object goes on beyond the border of the patch.

    A tracker's patch is cut from a larger frame, so its border hides nothing: the
    label is the object's own extent there.

    Args:
        box_xyxy: boxes of the mask inside the patch, `(B, F, 4)`.
        mask: the object's mask in its tile, `(B, 1, C, C)`.
        pose: how it lies in the frames, `(B, F)`.
        side: side of the patch in pixels.
    """
    coarse = F.max_pool2d(mask, MASK_CELLS // _COARSE_CELLS)
    points = tile_points(_COARSE_CELLS, mask.device).view(-1, 2)
    placed = pose.to_patch(points)  # (B, F, N, 2)
    solid = (coarse > 0.5).flatten(1)[:, None, :, None]  # (B, 1, N, 1)
    low = placed.masked_fill(~solid, float("inf")).amin(-2)
    high = placed.masked_fill(~solid, float("-inf")).amax(-2)
    start, end = box_xyxy[..., :2], box_xyxy[..., 2:]
    start = torch.where(start <= 0.5, torch.minimum(low, start), start)
    end = torch.where(end >= side - 0.5, torch.maximum(high, end), end)
    return torch.cat([start, end], -1)


def box_of_turned_ellipse(pose: Pose, roundness: float = 1.5) -> Tensor:
    """Box of an object that filled its tile before it was turned a little.

    The true outline is unknown; it lies between the inscribed ellipse (roundness 2)
    and the whole tile (roundness 1). Without a turn all agree.

    Returns:
        Corner boxes in patch pixels, `(*, 4)`.
    """
    cos, sin = pose.angle.cos().abs(), pose.angle.sin().abs()
    w, h = pose.half_px.abs().unbind(-1)
    half_w = ((w * cos) ** roundness + (h * sin) ** roundness) ** (1 / roundness)
    half_h = ((w * sin) ** roundness + (h * cos) ** roundness) ** (1 / roundness)
    half = torch.stack([half_w, half_h], -1)
    return torch.cat([pose.center_px - half, pose.center_px + half], -1)


def _span(profile: Tensor) -> tuple[Tensor, Tensor]:
    """First and last place where a profile `(*, N)` crosses one half."""
    length = profile.shape[-1]
    forward = _first_crossing(profile)
    backward = length - _first_crossing(profile.flip(-1))
    found = (profile > 0.5).any(-1)
    return forward * found, backward * found


def _first_crossing(profile: Tensor) -> Tensor:
    index = (profile > 0.5).to(torch.uint8).argmax(-1, keepdim=True)
    here = profile.gather(-1, index)
    before = profile.gather(-1, (index - 1).clamp(min=0))
    rise = (here - before).clamp(min=1e-6)
    place = index - 0.5 + (0.5 - before).clamp(min=0) / rise
    return torch.where(index == 0, torch.zeros_like(place), place)[..., 0]


_TINT = 0.06
_COVER = 1.5  # half a covering object over half the target's diagonal
_PLACES = 6  # a distractor takes the first of so many places that is free


@dataclass(frozen=True, eq=False)
class Overlay:
    """Objects drawn in all frames of some sequences.

    Attributes:
        colours: `(B, F, 3, S, S)`.
        alpha: how much they cover, `(B, F, 1, S, S)` in [0, 1].
        mask: their masks in their tiles, `(B, 1, C, C)`.
        pose: how they lie in the frames, `(B, F)`.
    """

    colours: Tensor
    alpha: Tensor
    mask: Tensor
    pose: Pose

    def paint(self, images: Tensor, *, visible: Tensor | None = None) -> Tensor:
        """Draw over images, in the frames that are `visible`, `(B, F)`."""
        alpha = self.alpha
        if visible is not None:
            alpha = alpha * visible[:, :, None, None, None]
        return torch.lerp(images, self.colours, alpha)

    def clear_of(self, boxes_xyxy: Tensor, side: int) -> Tensor:
        """In which frames `(B, F)` nothing is drawn inside the boxes `(B, F, 4)`."""
        own = box_of_mask(self.alpha[:, :, 0])
        low = torch.maximum(own[..., :2], boxes_xyxy[..., :2])
        high = torch.minimum(own[..., 2:], boxes_xyxy[..., 2:])
        return ((high - low) <= 1.0).any(-1)


def draw_targets(
    choice: Choice,
    photos: PhotoBatch,
    pool: PhotoPool,
    pose: Pose,
    rows: Tensor,
    side: int,
    draw: Draws,
    *,
    cutout_share: float,
) -> Overlay:
    """Draw the targets of the sequences at `rows`."""
    masks = draw_shapes(len(rows), draw)
    box = choice.box_xywh.to(rows.device)[rows]
    source, pose = photos.select(rows), pose[rows]
    cut = draw.chance(cutout_share if len(pool.cutouts) else 0.0, len(rows))
    some = torch.nonzero(cut).flatten()
    if len(some):
        which = draw.below(torch.full_like(some, len(pool.cutouts)))
        rgba = pool.cutouts[which.to(pool.cutouts.device)].to(rows.device).float() / 255
        _replace_by_cutouts(source.images, source.sizes_wh, some, rgba)
        source.scale[some] = 1.0
        box = box.index_copy(0, some, _whole(rgba, len(some)))
        masks = masks.index_copy(0, some, _cutout_masks(rgba))
        pose = _reshape_to_square(pose, some)
    return _draw(source, box, pose, masks, side, draw, strength=masks.new_tensor(_TINT))


def draw_distractors(
    choice: Choice,
    photos: PhotoBatch,
    target: Pose,
    rows: Tensor,
    side: int,
    draw: Draws,
) -> Overlay:
    """Draw second objects: the target again, or another object of its photo."""
    n = len(rows)
    again = draw.chance(0.6, n)[:, None]
    box = choice.box_xywh.to(rows.device)[rows]
    other = choice.other_xywh.to(rows.device)[rows]
    box = torch.where(again, box, other)
    near = target[rows]
    f = near.angle.shape[1]
    size = near.half_px.abs().prod(-1).sqrt() * draw.normal(0.2, n, 1).exp()
    ratio = (box[:, 2] / box[:, 3]).clamp(0.25, 4.0).sqrt()[:, None]
    mirror = 1 - 2 * draw.chance(0.5, n, 1).float()
    half = torch.stack([size * ratio * mirror, size / ratio], -1)
    turn = near.angle.mean(1, keepdim=True) + draw.normal(0.25, n, 1)
    pose = Pose.rigid(
        _free_places(near, half, side, draw), half, turn + draw.normal(0.08, n, f)
    )
    recoloured = torch.where(draw.chance(0.4, n), 0.2, 0.04)
    return _draw(
        photos.select(rows),
        box,
        pose,
        draw_shapes(n, draw),
        side,
        draw,
        strength=recoloured,
    )


def draw_layers(
    choice: Choice,
    photos: PhotoBatch,
    shift: Tensor,
    rows: Tensor,
    side: int,
    draw: Draws,
) -> Overlay:
    """Draw large pieces of other photos that move by `shift`, `(B, F, 2)`."""
    n, f = len(rows), shift.shape[1]
    box = choice.box_xywh.to(rows.device).roll(-1, 0)[rows]
    half = draw.uniform(0.2, 0.55, n, 1, 2) * side
    start = draw.uniform(0.0, 1.0, n, 1, 2) * side
    turn = draw.uniform(0.0, 6.283, n, 1) + draw.normal(0.03, n, f)
    pose = Pose.rigid(start + shift[rows], half.expand(n, f, 2), turn)
    strength = half.new_tensor(_TINT)
    source = photos.roll(-1).select(rows)
    return _draw(source, box, pose, draw_shapes(n, draw), side, draw, strength=strength)


def draw_occluders(
    choice: Choice,
    photos: PhotoBatch,
    target: Pose,
    rows: Tensor,
    side: int,
    draw: Draws,
    *,
    whole: Tensor,
) -> Overlay:
    """Draw objects of other photos over the targets in some frames.

    In the frames of `whole`, `(B, F)`, they cover the targets, in others a part.
    """
    n, f = target.angle.shape
    source = photos.roll(1).select(rows)
    box = choice.box_xywh.to(rows.device).roll(1, 0)[rows]
    half = target.half_px.abs().mean(-1, keepdim=True) * torch.stack(
        [draw.log_uniform(0.3, 1.1, n, 1), draw.log_uniform(0.3, 1.1, n, 1)], -1
    )
    direction = draw.uniform(0.0, 6.283, n, 1) + draw.normal(0.6, n, f)
    away = torch.stack([direction.cos(), direction.sin()], -1)
    distance = draw.uniform(0.4, 1.5, n, f)[..., None]
    center = target.center_px + away * distance * target.half_px.abs()
    reach = target.half_px.norm(dim=-1, keepdim=True)
    half = torch.where(whole[..., None], _COVER * reach, half)
    center = torch.where(whole[..., None], target.center_px, center)
    pose = Pose.rigid(center, half, draw.uniform(0.0, 6.283, n, 1).expand(n, f))
    strength = half.new_tensor(_TINT)
    return _draw(source, box, pose, draw_shapes(n, draw), side, draw, strength=strength)


def _draw(
    photos: PhotoBatch,
    box_xywh: Tensor,
    pose: Pose,
    masks: Tensor,
    side: int,
    draw: Draws,
    *,
    strength: Tensor,
) -> Overlay:
    b, f = pose.angle.shape
    tile = patch_grid(pose.to_tile, side, masks.device)  # (B, F, S, S, 2)
    half = box_xywh[:, 2:] / 2
    center = box_xywh[:, :2] + half
    scale = photos.scale[:, None]
    start = (center * scale)[:, None, None, None]
    colours = look_up(photos, start + tile * (half * scale)[:, None, None, None], None)
    grid = (tile / TILE_REACH).reshape(b, f * side, side, 2)
    alpha = F.grid_sample(masks, grid, mode="bilinear", align_corners=False)
    alpha = alpha.view(b, f, 1, side, side)
    colours = tint(colours, draw, strength=strength)
    return Overlay(colours.clamp(0, 1), alpha, masks, pose)


def _free_places(target: Pose, half: Tensor, side: int, draw: Draws) -> Tensor:
    """Places `(B, F, 2)` beside the target: the freest of a few."""
    b, f = target.angle.shape
    places = draw.uniform(0.08 * side, 0.92 * side, b, f, _PLACES, 2)
    need = target.half_px.abs().amax(-1) + half.abs().amax(-1)
    gap = (places - target.center_px[:, :, None]).norm(dim=-1) / need[..., None]
    best = gap.clamp(max=1.1).argmax(-1)[..., None, None].expand(b, f, 1, 2)
    return places.gather(2, best)[:, :, 0]


def _replace_by_cutouts(
    images: Tensor, sizes_wh: Tensor, rows: Tensor, rgba: Tensor
) -> None:
    side = rgba.shape[-1]
    images[rows, :, :side, :side] = rgba[:, :3]
    sizes_wh[rows] = float(side)


def _whole(rgba: Tensor, n: int) -> Tensor:
    side = float(rgba.shape[-1])
    return rgba.new_tensor([0.0, 0.0, side, side]).expand(n, 4)


def _cutout_masks(rgba: Tensor) -> Tensor:
    """Alpha as masks: the picture fills the tile, beyond it nothing is drawn."""
    cells = round(MASK_CELLS / TILE_REACH / 2) * 2
    small = F.interpolate(rgba[:, 3:], (cells, cells), mode="area")
    return F.pad(small, ((MASK_CELLS - cells) // 2,) * 4)


def _reshape_to_square(pose: Pose, rows: Tensor) -> Pose:
    """Give the poses at `rows` equal sides of the same area: cut-outs are square."""
    size = pose.half_px[rows].abs().prod(-1, keepdim=True).sqrt()
    half = size * pose.half_px[rows].sign()
    return replace(pose, half_px=pose.half_px.index_copy(0, rows, half))
