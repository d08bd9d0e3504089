"""The box of what is visible of an object: the label of a pasted target."""

from __future__ import annotations

import torch
from torch import Tensor

from fcot_engine.training.pose import Pose
from fcot_engine.training.shapes import MASK_CELLS, tile_points

__all__ = ["box_of_mask", "box_of_turned_ellipse", "complete_at_border"]

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
    coarse = torch.nn.functional.max_pool2d(mask, MASK_CELLS // _COARSE_CELLS)
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
