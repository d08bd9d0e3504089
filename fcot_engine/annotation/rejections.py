"""Places that a person said are not the target.

A rejection belongs to a box that a person drew in the same frame: the trackers learn
the two together, so it goes where that box goes and ends with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from fcot_engine.annotation.box_paths import paired_iou
from fcot_engine.geometry import BoxXywh

__all__ = [
    "Rejection",
    "Rejections",
    "add_rejections",
    "is_same_thing",
    "rejected_at",
    "take_out_rejections",
]

_SAME_THING_IOU = 0.5  # the tracker, too, takes less for a mistake
_MOST_IN_A_FRAME = 4


@dataclass(frozen=True, order=True)
class Rejection:
    """One place in one frame."""

    frame_index: int
    """0-based."""
    box_xywh: BoxXywh
    """Around what is not the target, image pixels."""


Rejections = tuple[Rejection, ...]
"""Those of one target, ordered by frame, in each frame the oldest first."""


def is_same_thing(a_xywh: BoxXywh, b_xywh: BoxXywh) -> bool:
    """Whether two boxes overlap so much that they are around the same thing."""
    return bool(paired_iou(np.array(a_xywh), np.array(b_xywh)) >= _SAME_THING_IOU)


def add_rejections(
    rejections: Rejections, frame_index: int, not_boxes: Iterable[BoxXywh]
) -> Rejections:
    """Add places of a frame; the newest few of it are kept, none of them twice."""
    kept = list(rejected_at(rejections, frame_index))
    for new in not_boxes:
        kept = [old for old in kept if not is_same_thing(old, new)] + [new]
    here = [Rejection(frame_index, box) for box in kept[-_MOST_IN_A_FRAME:]]
    others = take_out_rejections(rejections, frame_index, frame_index)
    return tuple(sorted((*others, *here), key=lambda one: one.frame_index))


def take_out_rejections(rejections: Rejections, first: int, last: int) -> Rejections:
    """Leave out those of frames `first` to `last`."""
    return tuple(one for one in rejections if not first <= one.frame_index <= last)


def rejected_at(rejections: Rejections, frame_index: int) -> tuple[BoxXywh, ...]:
    """Return the places of one frame."""
    return tuple(one.box_xywh for one in rejections if one.frame_index == frame_index)
