"""The edit of a person who picks another peak of the score map."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from fcot_engine.annotation.changes import SetBoxes, SetTarget
from fcot_engine.annotation.edits import Edit, draw_box
from fcot_engine.annotation.targets import add_rejections, is_same_thing
from fcot_engine.geometry import BoxXywh

if TYPE_CHECKING:
    from fcot_engine.annotation.targets import Annotations

__all__ = ["pick_peak"]


def pick_peak(
    annotations: Annotations,
    target_id: int,
    frame_index: int,
    box_xywh: BoxXywh,
    not_boxes: Iterable[BoxXywh] | None = None,
) -> Edit:
    """Put a box where a person saw the target, and note where it is not.

    Args:
        annotations: what is there now.
        target_id: whose box.
        frame_index: in which frame.
        box_xywh: around the picked peak, image pixels.
        not_boxes: what is not the target; the box that was there if None. What overlaps
            the new box by half is the same thing and is not rejected.

    Returns:
        One edit: the box, drawn by a person, and the rejections.
    """
    target = annotations[target_id]
    if not_boxes is None:
        old = target.boxes.get(frame_index)
        not_boxes = () if old is None else (old.box_xywh,)
    wrong = [other for other in not_boxes if not is_same_thing(other, box_xywh)]
    drawn = draw_box(annotations, target_id, frame_index, box_xywh)
    boxes = [change for change in drawn.changes if isinstance(change, SetBoxes)]
    told = [change.after for change in drawn.changes if isinstance(change, SetTarget)]
    before, after = target.info, told[0] if told and told[0] else target.info
    rejections = add_rejections(after.rejections, frame_index, wrong)
    after = replace(after, rejections=rejections)
    described = [] if after == before else [SetTarget(target_id, before, after)]
    text = f"Box of {before.name} moved to another peak in frame {frame_index}"
    return Edit("pick_peak", text, drawn.by, (*boxes, *described))
