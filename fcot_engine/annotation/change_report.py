"""Which frames changed, and by how much: for a report, and for views that repaint."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fcot_engine.annotation.box_paths import center_shift_px, paired_iou
from fcot_engine.annotation.boxes import Frames, differ
from fcot_engine.annotation.changes import (
    Change,
    Edit,
    SetBoxes,
    SetTarget,
    merge_changes,
)
from fcot_engine.annotation.targets import Rejection, Span, TargetInfo

__all__ = ["TargetReport", "report_changes", "touched_frames"]


@dataclass(frozen=True, eq=False)  # arrays do not compare to one bool
class TargetReport:
    """Frames of one target whose boxes are others than before."""

    target_id: int
    moved: Frames
    """Frames that had a box and have another one, ascending, shape (n,)."""
    shift_px: NDArray[np.float64]
    """How far the centre moved in each of them, in pixels, shape (n,)."""
    iou: NDArray[np.float64]
    """IoU of the old and the new box in each of them, shape (n,)."""
    added: Frames
    """Frames that had no box, ascending."""
    removed: Frames
    """Frames that have none any more, ascending."""

    @property
    def text(self) -> str:
        """One line for people.

        Example: "frames 212 to 260 changed by 14.2 px on average, 30 px at most".
        """
        parts = []
        if len(self.moved):
            parts.append(
                f"{_stretch(self.moved)} changed by {self.shift_px.mean():.1f} px on "
                f"average, {self.shift_px.max():.0f} px at most"
            )
        if len(self.added):
            parts.append(f"{_stretch(self.added)} new")
        if len(self.removed):
            parts.append(f"{_stretch(self.removed)} without a box now")
        return "; ".join(parts) or "nothing changed"


def report_changes(
    changes: tuple[Change, ...], *, least_shift_px: float = 0.5
) -> list[TargetReport]:
    """Say which frames changed and by how much, by target.

    Args:
        changes: of one or more edits, in the order in which they were made.
        least_shift_px: a box counts as moved if its centre or one of its sides changed
            by so many pixels.
    """
    reports = []
    for change in merge_changes(changes):
        if not isinstance(change, SetBoxes):
            continue
        was, there = change.before["origin"] > 0, change.after["origin"] > 0
        old, new = change.before["box"], change.after["box"]
        far = np.abs(np.asarray(new) - np.asarray(old)).max(axis=1) >= least_shift_px
        moved = was & there & far
        report = TargetReport(
            change.target_id,
            moved=change.frames[moved],
            shift_px=np.atleast_1d(center_shift_px(old[moved], new[moved])),
            iou=np.atleast_1d(paired_iou(old[moved], new[moved])),
            added=change.frames[~was & there],
            removed=change.frames[was & ~there],
        )
        if len(report.moved) or len(report.added) or len(report.removed):
            reports.append(report)
    return reports


def _stretch(frames: Frames) -> str:
    if len(frames) == 1:
        return f"frame {frames[0]}"
    holes = len(frames) < frames[-1] - frames[0] + 1
    count = f" ({len(frames)} of them)" if holes else ""
    return f"frames {frames[0]} to {frames[-1]}{count}"


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
