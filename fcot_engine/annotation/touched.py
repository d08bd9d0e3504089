"""Which frames an edit touches, so that views repaint those alone."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from fcot_engine.annotation.boxes import differ
from fcot_engine.annotation.changes import Change, Edit, SetBoxes, SetTarget
from fcot_engine.annotation.targets import Rejection, Span, TargetInfo

__all__ = ["touched_frames"]


def touched_frames(edit: Edit) -> dict[int, tuple[int, int]]:
    """Say in which frames an edit, its undo or its redo changes boxes or marks.

    Args:
        edit: such as `Editor.undo` returns.

    Returns:
        First and last frame by target id, both included. A target of
        `Edit.target_ids` that is missing here changed in its description alone (name,
        class, colour, attributes, end) or came or went without boxes.
    """
    touched: dict[int, tuple[int, int]] = {}
    for change in edit.changes:
        frames = list(_frames_of(change))
        if frames and isinstance(change, SetBoxes | SetTarget):
            known = touched.get(change.target_id, (frames[0], frames[0]))
            touched[change.target_id] = min(known[0], *frames), max(known[1], *frames)
    return touched


def _frames_of(change: Change) -> Iterable[int]:
    """Yield some frames that a change touches, the outermost ones among them."""
    if isinstance(change, SetBoxes):
        places = np.flatnonzero(differ(change.before, change.after))
        if len(places):
            yield int(change.frames[places[0]])
            yield int(change.frames[places[-1]])
    elif isinstance(change, SetTarget):
        for span in _spans(change.before) ^ _spans(change.after):
            yield span.first
            yield span.last
        for one in _rejections(change.before) ^ _rejections(change.after):
            yield one.frame_index


def _spans(info: TargetInfo | None) -> set[Span]:
    return set() if info is None else set(info.spans)


def _rejections(info: TargetInfo | None) -> set[Rejection]:
    return set() if info is None else set(info.rejections)
