"""The border of a video's frame inside a patch."""

from __future__ import annotations

import torch
from torch import Tensor

from fcot_engine.training.dice import Dice

__all__ = ["draw_frames_around", "repeat_border"]


def draw_frames_around(boxes_xyxy: Tensor, dice: Dice) -> Tensor:
    """Draw frames that lie close around targets, as when these nearly fill a video.

    The frames leave 2 to 60 % of the target's size free on each side, drifting a
    little from frame to frame of a sequence.

    Args:
        boxes_xyxy: targets in patch pixels, `(B, F, 4)`.
        dice: source of randomness.

    Returns:
        Frames that hold their targets, patch pixels, `(B, F, 4)`.
    """
    b, f = boxes_xyxy.shape[:2]
    size = (boxes_xyxy[..., 2:] - boxes_xyxy[..., :2]).repeat(1, 1, 2)
    share = dice.log_uniform(0.02, 0.6, b, 1, 4) + dice.normal(0.05, b, f, 4)
    sign = torch.tensor([-1.0, -1.0, 1.0, 1.0], device=boxes_xyxy.device)
    return boxes_xyxy + sign * share.clamp(min=0) * size


def repeat_border(images: Tensor, frames_xyxy: Tensor) -> Tensor:
    """Replace what lies outside of frames by their border, as a tracker's patch does.

    Args:
        images: `(B, F, 3, S, S)`.
        frames_xyxy: `(B, F, 4)`, patch pixels; at least a pixel of each is kept.
    """
    side = images.shape[-1]
    first = frames_xyxy[..., :2].floor().clamp(0, side - 1)
    last = (frames_xyxy[..., 2:].ceil() - 1).clamp(0, side - 1)
    last = torch.maximum(first, last)
    places = torch.arange(side, device=images.device)  # (S,)
    held = torch.minimum(torch.maximum(places, first[..., None]), last[..., None])
    columns, rows = held.long().unbind(2)  # (B, F, S) each
    across = columns[:, :, None, None, :].expand_as(images)
    down = rows[:, :, None, :, None].expand_as(images)
    return images.gather(-1, across).gather(-2, down)
