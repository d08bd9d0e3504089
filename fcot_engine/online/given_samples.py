"""Training samples made from one box that a person drew (section III-C).

For the classifiers 23 samples: shifts, a mirror image, blurs and turns as in the paper,
or with zooms in place of the largest turns. For the rectifier the same ones (paper), or
random shifts, zooms, stretches and small turns, each with its own box, which teach a
regressor what a change of size looks like.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from fcot_engine.config import AugmentationConfig
from fcot_engine.geometry import BoxXywh, PatchFrame
from fcot_engine.ops import PatchWarp, cut_patch, warp_patches

__all__ = ["GivenPatches", "make_box_patches", "make_class_patches"]

_TURNS_DEGREES = (5, -5, 10, -10, 20, -20)
_LARGE_TURNS_DEGREES = (30, -30, 45, -45, -60, 60)
_ZOOMS = ((0.9, 0.9), (1.1, 1.1), (0.8, 0.8), (1.25, 1.25), (1.0, 1.15), (1.15, 1.0))
_BLURS = ((2.0, 0.2), (0.2, 2.0), (3.0, 1.0), (1.0, 3.0), (2.0, 2.0))
_FAR_SHIFT = 60 / 288  # of the patch's side


@dataclass(frozen=True, eq=False)
class GivenPatches:
    """Patches with the target's box in each."""

    patches: Tensor
    """`(N, 3, S, S)` RGB in [0, 1]."""
    boxes_xywh: Tensor
    """`(N, 4)` in patch pixels, on the same device."""


def make_class_patches(
    image: Tensor,
    box_xywh: BoxXywh,
    frame: PatchFrame,
    config: AugmentationConfig,
    *,
    generator: torch.Generator,
) -> GivenPatches:
    """Make the classifiers' samples; the first one is the unchanged patch.

    Args:
        image: `(3, H, W)` RGB, values 0 to 255.
        box_xywh: the target in image pixels, in the middle of `frame`.
        frame: the search patch around it.
        config: how far samples are shifted.
        generator: CPU generator for the shifts.
    """
    far = _FAR_SHIFT * frame.size_px

    def shift() -> tuple[float, float]:
        x, y = (torch.rand(2, generator=generator) * 2 - 1).tolist()
        return x * config.class_shift, y * config.class_shift

    warps = [PatchWarp(), PatchWarp(mirror=True)]
    warps += [PatchWarp(shift_xy=(x, y)) for x in (-far, far) for y in (-far, far)]
    turns: tuple[int, ...] = _TURNS_DEGREES
    zooms: tuple[tuple[float, float], ...] = _ZOOMS
    if config.large_turns:
        turns, zooms = turns + _LARGE_TURNS_DEGREES, ()
    warps += [PatchWarp(turn=math.radians(a), shift_xy=shift()) for a in turns]
    warps += [PatchWarp(zoom_xy=zoom, shift_xy=shift()) for zoom in zooms]
    blurred = [PatchWarp(shift_xy=shift()) for _ in _BLURS]
    given = _warp(image, box_xywh, frame, warps + blurred, size_px=frame.size_px)
    for place, (sigma_x, sigma_y) in enumerate(_BLURS, start=len(warps)):
        given.patches[place] = _blur(given.patches[place], sigma_x, sigma_y)
    return given


def make_box_patches(
    image: Tensor,
    box_xywh: BoxXywh,
    frame: PatchFrame,
    config: AugmentationConfig,
    *,
    generator: torch.Generator,
    is_correction: bool = False,
) -> GivenPatches:
    """Make the rectifier's samples; the first one is the unchanged patch."""

    def spread(limit: float) -> float:
        return float(torch.rand((), generator=generator) * 2 - 1) * limit

    warps = [PatchWarp()]
    count = config.correction_box_samples if is_correction else config.box_samples
    for _ in range(count):
        zoom, stretch = math.exp(spread(config.box_zoom)), spread(config.box_stretch)
        warps.append(
            PatchWarp(
                shift_xy=(spread(config.box_shift), spread(config.box_shift)),
                zoom_xy=(zoom * math.exp(stretch), zoom * math.exp(-stretch)),
                turn=float(torch.randn((), generator=generator)) * config.box_turn,
            )
        )
    return _warp(image, box_xywh, frame, warps, size_px=config.box_patch_size)


def _warp(
    image: Tensor,
    box_xywh: BoxXywh,
    frame: PatchFrame,
    warps: list[PatchWarp],
    *,
    size_px: int,
) -> GivenPatches:
    wide = PatchFrame(frame.center_xy, frame.scale, 2 * size_px)
    patch = cut_patch(image, wide) / 255
    size_wh = (box_xywh[2] / frame.scale, box_xywh[3] / frame.scale)
    boxes = torch.stack([warp.apply_to_center_box(size_wh, size_px) for warp in warps])
    patches = warp_patches(patch, warps, size_px=size_px)
    return GivenPatches(patches, boxes.to(patches.device))


def _blur(patch: Tensor, sigma_x: float, sigma_y: float) -> Tensor:
    """Gaussian blur of one `(3, S, S)` patch, border repeated."""
    for sigma, axis in ((sigma_x, 3), (sigma_y, 2)):
        reach = math.ceil(2 * sigma)
        place = torch.arange(-reach, reach + 1, device=patch.device)
        kernel = torch.exp(-0.5 * (place / sigma) ** 2)
        kernel = kernel / kernel.sum()
        shape = [1, 1, 1, 1]
        shape[axis] = len(kernel)
        pad = (reach, reach, 0, 0) if axis == 3 else (0, 0, reach, reach)
        padded = F.pad(patch[None], pad, mode="replicate")
        weight = kernel.view(shape).expand(3, -1, -1, -1)
        patch = F.conv2d(padded, weight, groups=3)[0]
    return patch
