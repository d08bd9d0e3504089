"""Light, colour, noise, blur, compression and borders: what cameras do to frames."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from fcot_engine.training._draws import Draws

_KERNEL_PX = 9
_BLOCK_PX = 8

_Change = Callable[[Tensor, Draws], Tensor]


def tint(colours: Tensor, draw: Draws, *, strength: Tensor) -> Tensor:
    """Give each sequence `(B, F, 3, S, S)` its own gain and offset in each channel.

    Args:
        colours: what to change.
        draw: random numbers.
        strength: standard deviation of the gain, `(B,)` or a scalar.
    """
    b, f = colours.shape[:2]
    strength = strength.expand(b)[:, None, None, None, None]
    gain = draw.normal(1.0, b, 1, 3, 1, 1) * strength
    shift = draw.normal(1.0, b, 1, 3, 1, 1) * strength / 3
    return colours * (1 + gain + draw.normal(0.04, b, f, 1, 1, 1)) + shift


def vary_light(images: Tensor, draw: Draws) -> Tensor:
    """Change contrast, brightness, cast and light direction of `(B, F, 3, S, S)`.

    A sequence has its own look; frames drift a little around it. One sequence in
    eight is gray, one in eight has a shadow across it.
    """
    images = _apply_to_some(images, draw, 0.12, _cast_shadow)
    b, f, _, s, _ = images.shape
    gray = draw.chance(0.12, b).float()[:, None, None, None, None]
    luma = images.mean(2, keepdim=True)
    images = torch.lerp(images, luma.expand_as(images), gray)
    contrast = 1 + draw.normal(0.18, b, 1, 1, 1, 1) + draw.normal(0.05, b, f, 1, 1, 1)
    cast = draw.normal(0.05, b, 1, 3, 1, 1) * (1 - gray)
    light = draw.normal(0.08, b, 1, 1, 1, 1) + draw.normal(0.03, b, f, 1, 1, 1)
    axis = torch.linspace(-1, 1, s, device=images.device)
    slope_x = draw.normal(0.12, b, f, 1, 1, 1) * axis
    slope_y = draw.normal(0.12, b, f, 1, 1, 1) * axis[:, None]
    gain = contrast * (1 + slope_x + slope_y)  # (B, F, 1, S, S)
    return (images - 0.45) * gain + (0.45 + cast + light)


def degrade_frames(frames: Tensor, draw: Draws) -> Tensor:
    """Blur, coarsen, compress and add noise to some of the frames `(N, 3, S, S)`."""
    frames = frames.clamp(0, 1)
    frames = _apply_to_some(frames, draw, 0.15, _lower_resolution_a_little)
    frames = _apply_to_some(frames, draw, 0.12, _blur_by_motion)
    frames = _apply_to_some(frames, draw, 0.08, _blur_by_focus)
    frames = _apply_to_some(frames, draw, 0.25, _add_noise)
    frames = _apply_to_some(frames, draw, 0.15, _compress)
    return frames.clamp(0, 1)


def _apply_to_some(
    frames: Tensor, draw: Draws, share: float, change: _Change
) -> Tensor:
    rows = torch.nonzero(draw.chance(share, frames.shape[0])).flatten()
    if len(rows):
        frames[rows] = change(frames[rows], draw)
    return frames


def lower_resolution(frames: Tensor, draw: Draws, *, low: float, high: float) -> Tensor:
    """Show frames `(N, 3, S, S)` as if stored `low` to `high` times smaller."""
    side = frames.shape[-1]
    small = max(1, int(side / float(draw.uniform(low, high).cpu())))
    shrunk = F.interpolate(frames, (small, small), mode="area")
    return F.interpolate(shrunk, (side, side), mode="bilinear", align_corners=False)


def _lower_resolution_a_little(frames: Tensor, draw: Draws) -> Tensor:
    return lower_resolution(frames, draw, low=1.5, high=3.5)


def _cast_shadow(images: Tensor, draw: Draws) -> Tensor:
    """Darken a band across `(N, F, 3, S, S)` that drifts from frame to frame."""
    n, f, _, s, _ = images.shape
    axis = torch.linspace(-1, 1, s, device=images.device)
    angle = draw.uniform(0.0, 6.283, n)[:, None, None, None]
    across = angle.cos() * axis + angle.sin() * axis[:, None]  # (N, 1, S, S)
    edge = draw.uniform(-0.8, 0.6, n, 1) + draw.normal(0.1, n, f)
    inside = across - edge[..., None, None]  # (N, F, S, S)
    width = draw.log_uniform(0.25, 2.0, n)[:, None, None, None]
    softness = draw.log_uniform(0.01, 0.15, n)[:, None, None, None]
    shade = (torch.minimum(inside, width - inside) / softness).sigmoid()
    depth = draw.uniform(0.3, 0.7, n)[:, None, None, None]
    return images * (1 - depth * shade)[:, :, None]


def _blur_by_motion(frames: Tensor, draw: Draws) -> Tensor:
    """Blur along a line of random direction, 2 to 9 pixels long."""
    n = frames.shape[0]
    angle = draw.uniform(0.0, 3.1416, n)[:, None, None]
    length = draw.uniform(2.0, 9.0, n)[:, None, None]
    axis = _kernel_axis(frames.device)
    along = angle.cos() * axis + angle.sin() * axis[:, None]
    across = angle.cos() * axis[:, None] - angle.sin() * axis
    kernel = (-2 * across**2).exp() * (length / 2 + 0.5 - along.abs()).clamp(0, 1)
    return _convolve_each(frames, kernel)


def _blur_by_focus(frames: Tensor, draw: Draws) -> Tensor:
    """Blur evenly, by a Gaussian of 0.7 to 2.2 pixels."""
    sigma = draw.log_uniform(0.7, 2.2, frames.shape[0])[:, None]
    profile = (-0.5 * (_kernel_axis(frames.device) / sigma) ** 2).exp()  # (N, 9)
    return _convolve_each(frames, profile[:, :, None] * profile[:, None])


def _kernel_axis(device: torch.device) -> Tensor:
    return torch.arange(_KERNEL_PX, device=device) - _KERNEL_PX // 2


def _convolve_each(frames: Tensor, kernels: Tensor) -> Tensor:
    """Filter each frame by its own kernel, `(N, 9, 9)`, brought to a sum of 1."""
    n, c, s, _ = frames.shape
    kernels = kernels / kernels.sum((1, 2), keepdim=True)
    each = kernels[:, None].expand(n, c, -1, -1).reshape(n * c, 1, *kernels.shape[1:])
    margin = (_KERNEL_PX // 2,) * 4
    padded = F.pad(frames, margin, mode="replicate")
    padded = padded.view(1, n * c, *(s + _KERNEL_PX - 1,) * 2)
    return F.conv2d(padded, each, groups=n * c).view_as(frames)


def _add_noise(frames: Tensor, draw: Draws) -> Tensor:
    strength = draw.log_uniform(0.008, 0.06, frames.shape[0])[:, None, None, None]
    return frames + draw.pixel_noise(tuple(frames.shape)) * strength


def _compress(frames: Tensor, draw: Draws) -> Tensor:
    """Round the cosine coefficients of 8 x 8 blocks, as JPEG and video do."""
    n, c, s, _ = frames.shape
    basis = _cosine_basis(frames.device)
    blocks = frames.reshape(n, c, s // _BLOCK_PX, _BLOCK_PX, s // _BLOCK_PX, _BLOCK_PX)
    blocks = blocks.transpose(3, 4)  # (N, C, S/8, S/8, 8, 8)
    freq = torch.arange(_BLOCK_PX, device=frames.device)
    coarseness = 1.0 + (freq[:, None] + freq[None]) * 0.6
    step = draw.log_uniform(0.03, 0.15, n)[:, None, None, None, None, None] * coarseness
    coefficients = basis @ blocks @ basis.T
    blocks = basis.T @ ((coefficients / step).round() * step) @ basis
    return blocks.transpose(3, 4).reshape(n, c, s, s)


def _cosine_basis(device: torch.device) -> Tensor:
    place = torch.arange(_BLOCK_PX, device=device).float()
    angles = (place[None] + 0.5) * place[:, None] * (torch.pi / _BLOCK_PX)
    basis: Tensor = angles.cos() * (2 / _BLOCK_PX) ** 0.5
    basis[0] /= 2**0.5
    return basis


def draw_frames_around(boxes_xyxy: Tensor, draw: Draws) -> Tensor:
    """Draw frames that lie close around targets, as when these nearly fill a video.

    The frames leave 2 to 60 % of the target's size free on each side, drifting a
    little from frame to frame of a sequence.

    Args:
        boxes_xyxy: targets in patch pixels, `(B, F, 4)`.
        draw: random numbers.

    Returns:
        Frames that hold their targets, patch pixels, `(B, F, 4)`.
    """
    b, f = boxes_xyxy.shape[:2]
    size = (boxes_xyxy[..., 2:] - boxes_xyxy[..., :2]).repeat(1, 1, 2)
    share = draw.log_uniform(0.02, 0.6, b, 1, 4) + draw.normal(0.05, b, f, 4)
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
