"""Edits that mend who is who: split, merge, swap."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from fcot_engine.annotation.boxes import Frames, are_human
from fcot_engine.annotation.changes import SetBoxes, SetNextId, SetTarget
from fcot_engine.annotation.edits import By, Edit
from fcot_engine.annotation.targets import (
    Rejections,
    Span,
    Spans,
    add_rejections,
    add_span,
    colour_of,
    rejected_at,
    take_out_frames,
    take_out_rejections,
)
from fcot_engine.errors import EditError

if TYPE_CHECKING:
    from fcot_engine.annotation.targets import AnnotatedTarget, Annotations

__all__ = ["merge_targets", "split_target", "swap_targets"]

_FAR = 2**40  # behind the end of any video


def split_target(annotations: Annotations, target_id: int, frame_index: int) -> Edit:
    """Make a new target of all boxes and marks from a frame on.

    Raises:
        EditError: there is nothing on one of the two sides.
    """
    target = annotations[target_id]
    info, new_id = target.info, annotations.next_id
    frames = target.boxes.frames()
    moved = frames[frames >= frame_index]
    if not len(moved) or len(moved) == len(frames):
        raise EditError(
            f"Nothing to split: {info.name} has no boxes on one side of frame "
            f"{frame_index}. Choose a frame between two of its boxes."
        )
    rows = target.boxes.take(moved)
    spans_before, spans_behind = _cut_spans(info.spans, frame_index)
    wrong_before, wrong_behind = _cut_rejections(info.rejections, frame_index)
    left = replace(
        info,
        spans=spans_before,
        end_frame=frame_index - 1,
        rejections=wrong_before,
    )
    right = replace(
        info,
        target_id=new_id,
        name=f"{info.class_name} {new_id}",
        colour=colour_of(new_id),
        spans=spans_behind,
        rejections=wrong_behind,
    )
    return Edit(
        "split_target",
        f"{info.name} split at frame {frame_index}",
        By.HUMAN,
        (
            SetBoxes(target_id, moved, rows, np.zeros_like(rows)),
            SetTarget(target_id, info, left),
            SetNextId(new_id, new_id + 1),
            SetTarget(new_id, None, right),
            SetBoxes(new_id, moved, np.zeros_like(rows), rows),
        ),
    )


def merge_targets(annotations: Annotations, target_id: int, other_id: int) -> Edit:
    """Give all boxes and marks of another target to this one; the other goes.

    Where both have a box, one that a person drew is kept, else the one with the higher
    score.

    Raises:
        EditError: the two are the same, or a person drew different boxes for both in
            the same frame.
    """
    if target_id == other_id:
        raise EditError(f"Target {target_id} cannot be merged with itself.")
    target, other = annotations[target_id], annotations[other_id]
    frames = other.boxes.frames()
    mine, theirs = target.boxes.take(frames), other.boxes.take(frames)
    _refuse_two_drawn(target, other, frames)
    keeps_mine = are_human(mine) | (
        ~are_human(theirs) & (mine["origin"] > 0) & (mine["score"] >= theirs["score"])
    )
    merged = np.where(keeps_mine, mine, theirs)
    spans = target.info.spans
    for span in other.info.spans:
        spans = _add_where_free(spans, span)
    spans = _free_of(spans, frames, target)
    ends = (target.info.end_frame, other.info.end_frame)
    end_frame = None if None in ends else max(end for end in ends if end is not None)
    rejections = target.info.rejections
    for frame in dict.fromkeys(r.frame_index for r in other.info.rejections):
        theirs_here = rejected_at(other.info.rejections, frame)
        rejections = add_rejections(rejections, frame, theirs_here)
    info = replace(target.info, spans=spans, end_frame=end_frame, rejections=rejections)
    return Edit(
        "merge_targets",
        f"{other.info.name} merged into {target.info.name}",
        By.HUMAN,
        (
            SetBoxes(other_id, frames, theirs, np.zeros_like(theirs)),
            SetTarget(other_id, other.info, None),
            SetBoxes(target_id, frames, mine, merged),
            SetTarget(target_id, target.info, info),
        ),
    )


def swap_targets(
    annotations: Annotations, target_id: int, other_id: int, frame_index: int
) -> Edit:
    """Exchange the boxes and marks of two targets from a frame on.

    Raises:
        EditError: the two are the same, or neither has a box from there on.
    """
    if target_id == other_id:
        raise EditError(f"Target {target_id} cannot be swapped with itself.")
    target, other = annotations[target_id], annotations[other_id]
    frames = np.union1d(target.boxes.frames(), other.boxes.frames())
    frames = frames[frames >= frame_index]
    if not len(frames):
        raise EditError(
            f"Nothing to swap: neither target has a box from frame {frame_index} on."
        )
    mine, theirs = target.boxes.take(frames), other.boxes.take(frames)
    my_before, my_behind = _cut_spans(target.info.spans, frame_index)
    their_before, their_behind = _cut_spans(other.info.spans, frame_index)
    my_wrong, my_wrong_behind = _cut_rejections(target.info.rejections, frame_index)
    their_wrong, their_wrong_behind = _cut_rejections(
        other.info.rejections, frame_index
    )
    my_end, their_end = target.info.end_frame, other.info.end_frame
    # an end before the frame ends the first part only, so it stays where it is
    if all(end is None or end >= frame_index for end in (my_end, their_end)):
        my_end, their_end = their_end, my_end
    else:
        my_end = their_end = None
    return Edit(
        "swap_targets",
        f"{target.info.name} and {other.info.name} swapped from frame {frame_index} on",
        By.HUMAN,
        (
            SetBoxes(target_id, frames, mine, theirs),
            SetBoxes(other_id, frames, theirs, mine),
            SetTarget(
                target_id,
                target.info,
                replace(
                    target.info,
                    spans=(*my_before, *their_behind),
                    end_frame=my_end,
                    rejections=(*my_wrong, *their_wrong_behind),
                ),
            ),
            SetTarget(
                other_id,
                other.info,
                replace(
                    other.info,
                    spans=(*their_before, *my_behind),
                    end_frame=their_end,
                    rejections=(*their_wrong, *my_wrong_behind),
                ),
            ),
        ),
    )


def _cut_rejections(
    rejections: Rejections, frame_index: int
) -> tuple[Rejections, Rejections]:
    """Return the rejections before a frame and from it on."""
    before = take_out_rejections(rejections, frame_index, _FAR)
    behind = take_out_rejections(rejections, 0, frame_index - 1)
    return before, behind


def _cut_spans(spans: Spans, frame_index: int) -> tuple[Spans, Spans]:
    """Return the parts of spans before a frame and from it on."""
    before = take_out_frames(spans, frame_index, _FAR)
    behind = take_out_frames(spans, 0, frame_index - 1) if frame_index else spans
    return before, behind


def _refuse_two_drawn(
    target: AnnotatedTarget, other: AnnotatedTarget, frames: Frames
) -> None:
    mine, theirs = target.boxes.take(frames), other.boxes.take(frames)
    both = are_human(mine) & are_human(theirs)
    both &= (mine["box"] != theirs["box"]).any(axis=1)
    if both.any():
        frame = int(frames[both][0])
        raise EditError(
            f"{target.info.name} and {other.info.name} were both drawn in frame "
            f"{frame}, so they are two objects there. Delete one of the boxes, or "
            "split the targets first."
        )


def _add_where_free(spans: Spans, new: Span) -> Spans:
    """Add a span below others."""
    under: Spans = (new,)
    for span in spans:
        under = add_span(under, span)
    return under


def _free_of(spans: Spans, frames: Frames, target: AnnotatedTarget) -> Spans:
    """Take spans out of the frames that have boxes after all."""
    with_box: Frames = np.union1d(frames, target.boxes.frames())
    for span in spans:
        if span.kind.value != "out_of_view":
            continue
        for frame in with_box[(with_box >= span.first) & (with_box <= span.last)]:
            spans = take_out_frames(spans, int(frame), int(frame))
    return spans
