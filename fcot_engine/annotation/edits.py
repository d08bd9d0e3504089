"""Making edits: what a person or a tracker does to annotations in one step.

The functions here make an `Edit` out of what is wanted and what is there now; they
change nothing. `Document` carries edits out, takes them back and repeats them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from fcot_engine.annotation.boxes import (
    Box,
    Frames,
    Origin,
    Rows,
    are_human,
    empty_rows,
)
from fcot_engine.annotation.changes import (
    By,
    Change,
    Edit,
    SetBoxes,
    SetNextId,
    SetTarget,
)
from fcot_engine.annotation.targets import (
    AttributeValue,
    Rejections,
    Span,
    SpanKind,
    Spans,
    TargetInfo,
    add_rejections,
    add_span,
    colour_of,
    is_same_thing,
    name_of,
    rejected_at,
    take_out_frames,
    take_out_rejections,
)
from fcot_engine.errors import EditError
from fcot_engine.geometry import BoxXywh

if TYPE_CHECKING:
    from fcot_engine.annotation.targets import AnnotatedTarget, Annotations


def add_target(
    annotations: Annotations,
    *,
    name: str | None = None,
    class_name: str = "object",
    colour: str | None = None,
    attributes: Mapping[str, AttributeValue] | None = None,
) -> Edit:
    """Make a target without boxes, with the next free id.

    Raises:
        EditError: a name is empty, or the colour is not written as #rrggbb.
    """
    target_id = annotations.next_id
    info = TargetInfo(
        target_id,
        name=name_of(target_id, class_name) if name is None else name,
        class_name=class_name,
        colour=colour or colour_of(target_id),
        attributes=dict(attributes or {}),
    )
    return _human(
        "add_target",
        f"New target {info.name}",
        SetNextId(target_id, target_id + 1),
        SetTarget(target_id, None, info),
    )


def remove_target(annotations: Annotations, target_id: int) -> Edit:
    """Take a target away with all of its boxes."""
    target = annotations[target_id]
    return _human(
        "remove_target",
        f"{target.info.name} removed",
        _set_rows(target, target.boxes.frames(), None),
        SetTarget(target_id, target.info, None),
    )


def describe_target(
    annotations: Annotations,
    target_id: int,
    *,
    name: str | None = None,
    class_name: str | None = None,
    colour: str | None = None,
    attributes: Mapping[str, AttributeValue] | None = None,
) -> Edit:
    """Give a target another name, class, colour or attributes; None leaves one as is.

    Raises:
        EditError: a name is empty, or the colour is not written as #rrggbb.
    """
    old = annotations[target_id].info
    new = replace(
        old,
        name=old.name if name is None else name,
        class_name=old.class_name if class_name is None else class_name,
        colour=old.colour if colour is None else colour,
        attributes=old.attributes if attributes is None else dict(attributes),
    )
    text = f"{old.name} renamed to {new.name}"
    if old.name == new.name:
        text = f"{old.name} described anew"
    return _human("describe_target", text, SetTarget(target_id, old, new))


def join_edits(parts: Iterable[Edit], text: str) -> Edit:
    """Make one edit of several that are independent of each other.

    Args:
        parts: of different targets, one or more, of one kind; made of the annotations
            as they are now.
        text: for people.
    """
    parts = list(parts)
    return _human(parts[0].kind, text, *(c for part in parts for c in part.changes))


def draw_box(
    annotations: Annotations, target_id: int, frame_index: int, box_xywh: BoxXywh
) -> Edit:
    """Put a box that a person drew.

    In place of a machine's box it is a correction. What was said before about the frame
    no longer holds: it is in view, the target has not ended before it, and this place
    is not rejected.
    """
    target = annotations[target_id]
    old = target.boxes.get(frame_index)
    is_correction = old is not None and old.origin is not Origin.HUMAN
    box = Box(
        frame_index, box_xywh, Origin.CORRECTED if is_correction else Origin.HUMAN
    )
    info = target.info
    span = target.span_at(frame_index)
    if span is not None and span.kind is SpanKind.OUT_OF_VIEW:
        cut = take_out_frames(info.spans, frame_index, frame_index)
        info = replace(info, spans=cut)
    if info.end_frame is not None and info.end_frame < frame_index:
        info = replace(info, end_frame=None)
    info = _without_rejections(info, frame_index, frame_index, unlike=box_xywh)
    rows = box.to_rows(annotations.makers)
    verb = "corrected" if is_correction else "drawn"
    return _human(
        "draw_box",
        f"Box of {info.name} {verb} in frame {frame_index}",
        _set_rows(target, np.array([frame_index]), rows),
        SetTarget(target_id, target.info, info),
    )


def delete_box(annotations: Annotations, target_id: int, frame_index: int) -> Edit:
    """Take one box away; the target stays, whatever boxes are left.

    Raises:
        EditError: there is no box in that frame.
    """
    target = annotations[target_id]
    if frame_index not in target.boxes:
        raise EditError(
            f"{target.info.name} has no box in frame {frame_index} to delete."
        )
    return _human(
        "delete_box",
        f"Box of {target.info.name} deleted in frame {frame_index}",
        _set_rows(target, np.array([frame_index]), None),
        SetTarget(
            target_id,
            target.info,
            _without_rejections(target.info, frame_index, frame_index),
        ),
    )


def delete_machine_boxes(
    annotations: Annotations, target_id: int, first: int, last: int
) -> Edit:
    """Take away what machines put into frames `first` to `last`."""
    target = annotations[target_id]
    inside = _between(target.boxes.frames(), first, last)
    inside = inside[~are_human(target.boxes.take(inside))]
    return _human(
        "delete_machine_boxes",
        f"Tracked boxes of {target.info.name} deleted in frames {first} to {last}",
        _set_rows(target, inside, None),
    )


def mark_span(
    annotations: Annotations, target_id: int, first: int, last: int, kind: SpanKind
) -> Edit:
    """Say that a target is out of view or occluded in frames `first` to `last`.

    Out of view there is nothing to draw a box around: boxes in there are taken away,
    drawn ones as well, and undo brings them back.

    Raises:
        EditError: `first` is negative or lies behind `last`.
    """
    target = annotations[target_id]
    _check_range(first, last)
    marked = replace(
        target.info, spans=add_span(target.info.spans, Span(first, last, kind))
    )
    changes: list[Change] = []
    if kind is SpanKind.OUT_OF_VIEW:
        covered = _between(target.boxes.frames(), first, last)
        changes.append(_set_rows(target, covered, None))
        marked = _without_rejections(marked, first, last)
    words = kind.value.replace("_", " ")
    return _human(
        "mark_span",
        f"{target.info.name} {words} in frames {first} to {last}",
        *changes,
        SetTarget(target_id, target.info, marked),
    )


def clear_span(annotations: Annotations, target_id: int, first: int, last: int) -> Edit:
    """Take marks away from frames `first` to `last`.

    Raises:
        EditError: `first` is negative or lies behind `last`.
    """
    info = annotations[target_id].info
    _check_range(first, last)
    cleared = replace(info, spans=take_out_frames(info.spans, first, last))
    return _human(
        "clear_span",
        f"Marks of {info.name} cleared in frames {first} to {last}",
        SetTarget(target_id, info, cleared),
    )


def end_target(annotations: Annotations, target_id: int, last_frame: int) -> Edit:
    """Say that a target is last seen in a frame: boxes and marks behind it go.

    Raises:
        EditError: the frame is negative.
    """
    target = annotations[target_id]
    _check_range(0, last_frame)
    frames = target.boxes.frames()
    ended = replace(
        target.info,
        end_frame=last_frame,
        spans=take_out_frames(target.info.spans, last_frame + 1, _FAR),
    )
    ended = _without_rejections(ended, last_frame + 1, _FAR)
    return _human(
        "end_target",
        f"{target.info.name} ends with frame {last_frame}",
        _set_rows(target, frames[frames > last_frame], None),
        SetTarget(target_id, target.info, ended),
    )


def put_found(
    annotations: Annotations,
    found: Mapping[int, tuple[Frames, Rows]],
    *,
    kind: str,
    text: str,
    only_gaps: bool = False,
) -> Edit:
    """Put what a machine found, wherever that is allowed.

    A box that a person drew stays, and so do frames that a person said the target is
    not in.

    Args:
        annotations: what is there now.
        found: frames, ascending, and rows by target id; rows of zeros take boxes away.
        kind: see `Edit`.
        text: see `Edit`.
        only_gaps: leave machine boxes that are there as they are, too.
    """
    changes: list[Change] = []
    for target_id, (frames, rows) in found.items():
        target = annotations[target_id]
        before = target.boxes.take(frames)
        allowed = ~are_human(before)
        if only_gaps:
            allowed &= before["origin"] == Origin.NONE
        for span in target.info.spans:
            if span.kind is SpanKind.OUT_OF_VIEW:
                allowed &= (frames < span.first) | (frames > span.last)
        if target.info.end_frame is not None:
            allowed &= frames <= target.info.end_frame
        if allowed.any():
            changes.append(
                SetBoxes(target_id, frames[allowed], before[allowed], rows[allowed])
            )
    return Edit(kind, text, By.MACHINE, tuple(changes))


def interpolate(
    annotations: Annotations, target_id: int, first: int, last: int
) -> Edit:
    """Lay boxes evenly between those of two frames; drawn boxes between them stay.

    Raises:
        EditError: one of the frames has no box, or nothing lies between them.
    """
    target = annotations[target_id]
    start, end = target.boxes.get(first), target.boxes.get(last)
    if start is None or end is None or last - first < 2:
        raise EditError(
            "Interpolation needs a box in two frames that are not neighbours, got "
            f"frames {first} and {last} of {target.info.name}. Draw the missing box."
        )
    frames = np.arange(first + 1, last)
    share = ((frames - first) / (last - first))[:, None]
    rows = empty_rows(len(frames))
    rows["origin"] = Origin.INTERPOLATED
    rows["box"] = (1 - share) * np.array(start.box_xywh) + share * np.array(
        end.box_xywh
    )
    rows["score"] = 0.5  # nobody looked at the frames
    rows["look_alike"] = rows["disagreement"] = np.nan
    return put_found(
        annotations,
        {target_id: (frames, rows)},
        kind="interpolate",
        text=f"{target.info.name} interpolated from frame {first} to {last}",
    )


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


# --- who is who ----------------------------------------------------------------


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


# --- helpers -------------------------------------------------------------------

_FAR = 2**40  # behind the end of any video


def _human(kind: str, text: str, *changes: Change) -> Edit:
    real = tuple(change for change in changes if _does_something(change))
    return Edit(kind, text, By.HUMAN, real)


def _without_rejections(
    info: TargetInfo, first: int, last: int, *, unlike: BoxXywh | None = None
) -> TargetInfo:
    """Take rejections out of frames; with `unlike`, those around the same thing."""
    kept = tuple(
        one
        for one in info.rejections
        if not first <= one.frame_index <= last
        or (unlike is not None and not is_same_thing(one.box_xywh, unlike))
    )
    return replace(info, rejections=kept)


def _does_something(change: Change) -> bool:
    if isinstance(change, SetBoxes):
        return len(change.frames) > 0
    return change.before != change.after


def _set_rows(target: AnnotatedTarget, frames: Frames, rows: Rows | None) -> SetBoxes:
    """Make the change that writes rows into frames; None takes boxes away."""
    after = empty_rows(len(frames)) if rows is None else rows
    return SetBoxes(target.target_id, frames, target.boxes.take(frames), after)


def _between(frames: Frames, first: int, last: int) -> Frames:
    return frames[(frames >= first) & (frames <= last)]


def _check_range(first: int, last: int) -> None:
    if not 0 <= first <= last:
        raise EditError(
            f"Frames must run from a first one, 0 or more, to a last one not before "
            f"it; got {first} to {last}."
        )
