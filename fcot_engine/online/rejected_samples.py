"""Training samples made from places that a person said are not the target.

The classifiers learn from background cells by a hinge: a positive score there counts,
a negative one does not. In a given sample a look-alike is a few such cells among
thousands, and outside of the search patch it is not seen at all. So each rejected place
gives a sample of its own, cut around it at the target's scale. What its cells should
score follows, as in any sample, from where the target is: nothing, or the target's
label where it stands near by.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from fcot_engine.geometry import BoxXywh, PatchFrame
from fcot_engine.online.given_samples import GivenPatches
from fcot_engine.ops import cut_patch

__all__ = ["make_rejected_patches"]


def make_rejected_patches(
    image: Tensor,
    box_xywh: BoxXywh,
    not_boxes: Sequence[BoxXywh],
    frame: PatchFrame,
) -> GivenPatches:
    """Cut one patch around each place that is not the target.

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
    patches = torch.cat([cut_patch(image, place) for place in frames]) / 255
    boxes = torch.stack([place.box_to_patch(box_xywh) for place in frames])
    return GivenPatches(patches, boxes.to(patches.device))
