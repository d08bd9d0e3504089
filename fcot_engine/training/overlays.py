"""Objects pasted on a background: targets, look-alikes and occluders."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from fcot_engine.training.appearance import tint
from fcot_engine.training.dice import Dice
from fcot_engine.training.layers import PhotoBatch, look_up, patch_grid
from fcot_engine.training.photo_pool import PhotoPool
from fcot_engine.training.pose import Pose
from fcot_engine.training.shapes import MASK_CELLS, TILE_REACH, draw_shapes
from fcot_engine.training.target_choice import Choice
from fcot_engine.training.visible_box import box_of_mask

__all__ = [
    "Overlay",
    "draw_distractors",
    "draw_layers",
    "draw_occluders",
    "draw_targets",
]

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
    dice: Dice,
    *,
    cutout_share: float,
) -> Overlay:
    """Draw the targets of the sequences at `rows`."""
    masks = draw_shapes(len(rows), dice)
    box = choice.box_xywh.to(rows.device)[rows]
    source, pose = photos.select(rows), pose[rows]
    cut = dice.chance(cutout_share if len(pool.cutouts) else 0.0, len(rows))
    some = torch.nonzero(cut).flatten()
    if len(some):
        which = dice.below(torch.full_like(some, len(pool.cutouts)))
        rgba = pool.cutouts[which.to(pool.cutouts.device)].to(rows.device).float() / 255
        _replace_by_cutouts(source.images, source.sizes_wh, some, rgba)
        source.scale[some] = 1.0
        box = box.index_copy(0, some, _whole(rgba, len(some)))
        masks = masks.index_copy(0, some, _cutout_masks(rgba))
        pose = _reshape_to_square(pose, some)
    return _draw(source, box, pose, masks, side, dice, strength=masks.new_tensor(_TINT))


def draw_distractors(
    choice: Choice,
    photos: PhotoBatch,
    target: Pose,
    rows: Tensor,
    side: int,
    dice: Dice,
) -> Overlay:
    """Draw second objects: the target again, or another object of its photo."""
    n = len(rows)
    again = dice.chance(0.6, n)[:, None]
    box = choice.box_xywh.to(rows.device)[rows]
    other = choice.other_xywh.to(rows.device)[rows]
    box = torch.where(again, box, other)
    near = target[rows]
    f = near.angle.shape[1]
    size = near.half_px.abs().prod(-1).sqrt() * dice.normal(0.2, n, 1).exp()
    ratio = (box[:, 2] / box[:, 3]).clamp(0.25, 4.0).sqrt()[:, None]
    mirror = 1 - 2 * dice.chance(0.5, n, 1).float()
    half = torch.stack([size * ratio * mirror, size / ratio], -1)
    turn = near.angle.mean(1, keepdim=True) + dice.normal(0.25, n, 1)
    pose = Pose.rigid(
        _free_places(near, half, side, dice), half, turn + dice.normal(0.08, n, f)
    )
    recoloured = torch.where(dice.chance(0.4, n), 0.2, 0.04)
    return _draw(
        photos.select(rows),
        box,
        pose,
        draw_shapes(n, dice),
        side,
        dice,
        strength=recoloured,
    )


def draw_layers(
    choice: Choice,
    photos: PhotoBatch,
    shift: Tensor,
    rows: Tensor,
    side: int,
    dice: Dice,
) -> Overlay:
    """Draw large pieces of other photos that move by `shift`, `(B, F, 2)`."""
    n, f = len(rows), shift.shape[1]
    box = choice.box_xywh.to(rows.device).roll(-1, 0)[rows]
    half = dice.uniform(0.2, 0.55, n, 1, 2) * side
    start = dice.uniform(0.0, 1.0, n, 1, 2) * side
    turn = dice.uniform(0.0, 6.283, n, 1) + dice.normal(0.03, n, f)
    pose = Pose.rigid(start + shift[rows], half.expand(n, f, 2), turn)
    strength = half.new_tensor(_TINT)
    source = photos.roll(-1).select(rows)
    return _draw(source, box, pose, draw_shapes(n, dice), side, dice, strength=strength)


def draw_occluders(
    choice: Choice,
    photos: PhotoBatch,
    target: Pose,
    rows: Tensor,
    side: int,
    dice: Dice,
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
        [dice.log_uniform(0.3, 1.1, n, 1), dice.log_uniform(0.3, 1.1, n, 1)], -1
    )
    direction = dice.uniform(0.0, 6.283, n, 1) + dice.normal(0.6, n, f)
    away = torch.stack([direction.cos(), direction.sin()], -1)
    distance = dice.uniform(0.4, 1.5, n, f)[..., None]
    center = target.center_px + away * distance * target.half_px.abs()
    reach = target.half_px.norm(dim=-1, keepdim=True)
    half = torch.where(whole[..., None], _COVER * reach, half)
    center = torch.where(whole[..., None], target.center_px, center)
    pose = Pose.rigid(center, half, dice.uniform(0.0, 6.283, n, 1).expand(n, f))
    strength = half.new_tensor(_TINT)
    return _draw(source, box, pose, draw_shapes(n, dice), side, dice, strength=strength)


def _draw(
    photos: PhotoBatch,
    box_xywh: Tensor,
    pose: Pose,
    masks: Tensor,
    side: int,
    dice: Dice,
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
    colours = tint(colours, dice, strength=strength)
    return Overlay(colours.clamp(0, 1), alpha, masks, pose)


def _free_places(target: Pose, half: Tensor, side: int, dice: Dice) -> Tensor:
    """Places `(B, F, 2)` beside the target: the freest of a few."""
    b, f = target.angle.shape
    places = dice.uniform(0.08 * side, 0.92 * side, b, f, _PLACES, 2)
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
    return Pose(
        pose.center_px,
        pose.half_px.index_copy(0, rows, half),
        pose.angle,
        pose.tilt,
        pose.bend,
        pose.bend_phase,
    )
