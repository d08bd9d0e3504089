"""Frames of the work list that a person has looked at and left as they were."""

from __future__ import annotations

import numpy as np

from fcot_engine.annotation.box_paths import paired_iou
from fcot_engine.annotation.boxes import Box
from fcot_engine.annotation.targets import Annotations

__all__ = ["PassedOver"]

_LIKE_IOU = 0.8  # of a box that counts as the one that was passed over


class PassedOver:
    """Remembers frames with their boxes: another box there is worth a new look."""

    def __init__(self) -> None:
        self._boxes: dict[tuple[int, int], Box | None] = {}

    def add(self, target_id: int, frame_index: int, box: Box | None) -> None:
        """Note that a frame was left as it was."""
        self._boxes[target_id, frame_index] = box

    def frames(self, annotations: Annotations) -> dict[int, set[int]]:
        """Return the frames whose boxes are still about the same, by target id."""
        still: dict[int, set[int]] = {}
        for (target_id, frame_index), box in self._boxes.items():
            target = annotations.find(target_id)
            if target is not None and _is_like(target.boxes.get(frame_index), box):
                still.setdefault(target_id, set()).add(frame_index)
        return still


def _is_like(now: Box | None, then: Box | None) -> bool:
    if now is None or then is None:
        return now is then
    return bool(paired_iou(np.array(now.box_xywh), np.array(then.box_xywh)) > _LIKE_IOU)
