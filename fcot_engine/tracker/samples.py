"""Training samples made from one box that a person drew (section III-C).

For the classifiers 23 samples as in the paper (shifts, a mirror image, blurs, turns),
or 11 of these kinds, with zooms in place of large turns. For the rectifier the same
ones (paper), or random shifts, zooms, stretches and small turns, each with its own box,
which teach a regressor what a change of size looks like. For boxes that a person
rejected, one sample each (`make_rejected_patches`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from fcot_engine.config import AugmentationConfig
from fcot_engine.geometry import BoxXywh, PatchFrame
from fcot_engine.ops import PatchWarp, cut_patch, warp_patches

_TURNS_DEGREES = (12, -12)
_ZOOMS = ((0.85, 0.85), (1.18, 1.18), (1.0, 1.15))
_BLURS = ((2.0, 0.2), (0.2, 2.0))
_FAR_SIGNS = ((-1, -1), (1, 1))
_PAPER_TURNS_DEGREES = (5, -5, 10, -10, 20, -20, 30, -30, 45, -45, -60, 60)
_PAPER_BLURS = ((2.0, 0.2), (0.2, 2.0), (3.0, 1.0), (1.0, 3.0), (2.0, 2.0))
_PAPER_FAR_SIGNS = ((-1, -1), (-1, 1), (1, -1), (1, 1))
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

    is_paper = config.large_turns
    turns = _PAPER_TURNS_DEGREES if is_paper else _TURNS_DEGREES
    blurs = _PAPER_BLURS if is_paper else _BLURS
    signs = _PAPER_FAR_SIGNS if is_paper else _FAR_SIGNS
    zooms = () if is_paper else _ZOOMS
    warps = [PatchWarp(), PatchWarp(mirror=True)]
    warps += [PatchWarp(shift_xy=(x * far, y * far)) for x, y in signs]
    warps += [PatchWarp(turn=math.radians(a), shift_xy=shift()) for a in turns]
    warps += [PatchWarp(zoom_xy=zoom, shift_xy=shift()) for zoom in zooms]
    blurred = [PatchWarp(shift_xy=shift()) for _ in blurs]
    given = _warp(image, box_xywh, frame, warps + blurred, size_px=frame.size_px)
    for index, (sigma_x, sigma_y) in enumerate(blurs, start=len(warps)):
        given.patches[index] = _blur(given.patches[index], sigma_x, sigma_y)
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
        steps = torch.arange(-reach, reach + 1, device=patch.device)
        kernel = torch.exp(-0.5 * (steps / sigma) ** 2)
        kernel = kernel / kernel.sum()
        shape = [1, 1, 1, 1]
        shape[axis] = len(kernel)
        pad = (reach, reach, 0, 0) if axis == 3 else (0, 0, reach, reach)
        padded = F.pad(patch[None], pad, mode="replicate")
        weight = kernel.view(shape).expand(3, -1, -1, -1)
        patch = F.conv2d(padded, weight, groups=3)[0]
    return patch


def make_rejected_patches(
    image: Tensor,
    box_xywh: BoxXywh,
    not_boxes: Sequence[BoxXywh],
    frame: PatchFrame,
) -> GivenPatches:
    """Cut one patch around each thing that is not the target.

    The classifiers learn from background cells by a hinge: a positive score there
    counts, a negative one does not. In a given sample a look-alike is a few such cells
    among thousands, and outside of the search patch it is not seen at all. So each
    rejected box gives a sample of its own, cut around it at the target's scale. What
    its cells should score follows, as in any sample, from where the target is: nothing,
    or the target's label where it stands near by.

    Args:
        image: `(3, H, W)` RGB, values 0 to 255.
        box_xywh: the target in image pixels.
        not_boxes: boxes around other things, in image pixels; at least one.
        frame: the search patch around the target, for its scale and size.

    Returns:
        The patches with the target's box in each, which may lie outside of it.
    """
    frames = [
        PatchFrame((x + w / 2, y + h / 2), frame.scale, frame.size_px)
        for x, y, w, h in not_boxes
    ]
    patches = torch.cat([cut_patch(image, around) for around in frames]) / 255
    boxes = torch.stack([around.box_to_patch(box_xywh) for around in frames])
    return GivenPatches(patches, boxes.to(patches.device))


def share_out(sizes: Sequence[int], capacity: int) -> list[int]:
    """Say how many samples each human box may keep.

    One each, its unchanged sample, and the rest evenly, with twice as much for the
    first box, the surest one, and for the newest, the latest look of the target. If
    there are more boxes than that, the oldest go, but never the first one.

    Args:
        sizes: samples of each human box, oldest box first.
        capacity: samples that may be kept in all, at least 2.

    Returns:
        Samples to keep of each, never more than it has.

    Example:
        >>> share_out([23, 23, 23, 23, 23], 92)
        [23, 15, 15, 16, 23]
        >>> share_out([1, 1, 1, 1], 3)
        [1, 0, 1, 1]
    """
    newest = len(sizes) - 1
    surplus = max(len(sizes) - capacity, 0)
    kept = [0 if 1 <= box <= surplus else 1 for box in range(len(sizes))]
    open_boxes = [box for box, count in enumerate(kept) if 0 < count < sizes[box]]
    for _ in range(capacity - sum(kept)):
        if not open_boxes:
            break
        favoured = (0, newest)
        box = min(open_boxes, key=lambda b: (kept[b] / (2 if b in favoured else 1), -b))
        kept[box] += 1
        if kept[box] == sizes[box]:
            open_boxes.remove(box)
    return kept


def pick_evenly(count: int, kept: int) -> list[int]:
    """Choose `kept` of `count` numbers, the first one and others at even distances.

    Example:
        >>> pick_evenly(6, 3)
        [0, 2, 4]
    """
    return [step * count // kept for step in range(kept)]
