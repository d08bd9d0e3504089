"""Edits and the three smallest changes they are made of; each knows its inverse.

A change says what was there before and what is there after: its inverse is the same
change with the two exchanged, and a change that no longer fits what is there is refused
before anything is written.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fcot_engine.annotation.boxes import (
    Frames,
    Rows,
    are_human,
    center_shift_px,
    differ,
    paired_iou,
)
from fcot_engine.annotation.targets import Rejection, Span, TargetInfo
from fcot_engine.errors import EditError

if TYPE_CHECKING:
    from fcot_engine.annotation.targets import Annotations


@dataclass(frozen=True, eq=False)  # arrays do not compare to one bool
class SetBoxes:
    """Other rows for some frames of one target."""

    target_id: int
    frames: Frames
    """Ascending, none twice, shape (n,)."""
    before: Rows
    """Shape (n,); rows of zeros where there was no box."""
    after: Rows
    """Shape (n,); rows of zeros where there will be none."""

    def inverse(self) -> SetBoxes:
        """Return the change that takes this one back."""
        return SetBoxes(self.target_id, self.frames, self.after, self.before)

    def apply(self, annotations: Annotations) -> None:
        """Write the rows.

        Raises:
            EditError: other boxes are there than `before` says.
        """
        table = annotations[self.target_id].boxes
        if differ(table.take(self.frames), self.before).any():
            raise EditError(
                f"The boxes of target {self.target_id} were changed by something else "
                "in the meantime. Try again."
            )
        table.put(self.frames, self.after)

    @property
    def touches_human(self) -> bool:
        """Whether a box that a person drew is changed or taken away."""
        return bool(
            (are_human(self.before) & differ(self.before, self.after)).any()
            or (are_human(self.after) & differ(self.before, self.after)).any()
        )


@dataclass(frozen=True)
class SetTarget:
    """A target that comes (before is None), goes (after is None) or is described."""

    target_id: int
    before: TargetInfo | None
    after: TargetInfo | None

    def inverse(self) -> SetTarget:
        """Return the change that takes this one back."""
        return SetTarget(self.target_id, self.after, self.before)

    def apply(self, annotations: Annotations) -> None:
        """Write the description.

        Raises:
            EditError: the target is described otherwise than `before` says, or goes
                while it still has boxes.
        """
        annotations.set_info(self.target_id, self.before, self.after)


@dataclass(frozen=True)
class SetNextId:
    """Another id for the next new target, so that ids are never given twice."""

    before: int
    after: int

    def inverse(self) -> SetNextId:
        """Return the change that takes this one back."""
        return SetNextId(self.after, self.before)

    def apply(self, annotations: Annotations) -> None:
        """Write the number.

        Raises:
            EditError: another number is there than `before` says.
        """
        if annotations.next_id != self.before:
            raise EditError("A target was added in the meantime. Try again.")
        annotations.next_id = self.after


Change = SetBoxes | SetTarget | SetNextId


class By(enum.Enum):
    """Who makes an edit."""

    HUMAN = "human"
    MACHINE = "machine"


TEACH_KIND = "teach"
"""Kind of the edit of a run that a drawn box has begun."""


def is_lesson(first: Edit, second: Edit) -> bool:
    """Whether the second of two edits is what the first, a drawn box, has taught.

    For a person both are one step.
    """
    return second.kind == TEACH_KIND and first.kind in ("draw_box", "pick_peak")


@dataclass(frozen=True, eq=False)  # changes hold arrays
class Edit:
    """One step that can be taken back."""

    kind: str
    """For programs, such as `draw_box`."""
    text: str
    """For people, such as "Box of target 1 in frame 7"."""
    by: By
    changes: tuple[Change, ...]

    def inverse(self) -> Edit:
        """Return the edit that takes this one back."""
        taken_back = tuple(change.inverse() for change in reversed(self.changes))
        return replace(self, changes=taken_back)

    def check_spares_people(self) -> None:
        """Make sure that a machine changes no box that a person drew.

        Raises:
            EditError: it would.
        """
        if self.by is By.HUMAN:
            return
        for change in self.changes:
            if isinstance(change, SetBoxes) and change.touches_human:
                raise EditError(
                    f"{self.text}: a box that a person drew must not be changed by a "
                    f"machine (target {change.target_id})."
                )

    @property
    def target_ids(self) -> set[int]:
        """The targets that are changed."""
        return {
            change.target_id
            for change in self.changes
            if not isinstance(change, SetNextId)
        }


def merge_changes(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """Make one of several `SetBoxes` of the same target; others stop the merging.

    Applying the result does the same as applying `changes` one after the other.
    """
    merged: list[Change] = []
    waiting: dict[int, list[SetBoxes]] = {}
    for change in changes:
        if isinstance(change, SetBoxes):
            waiting.setdefault(change.target_id, []).append(change)
        else:
            merged += [_merge_boxes(group) for group in waiting.values()]
            waiting.clear()
            merged.append(change)
    merged += [_merge_boxes(group) for group in waiting.values()]
    return tuple(merged)


def _merge_boxes(group: list[SetBoxes]) -> SetBoxes:
    if len(group) == 1:
        return group[0]
    all_frames = np.concatenate([change.frames for change in group])
    before = np.concatenate([change.before for change in group])
    after = np.concatenate([change.after for change in group])
    frames, first = np.unique(all_frames, return_index=True)
    last = len(all_frames) - 1 - np.unique(all_frames[::-1], return_index=True)[1]
    return SetBoxes(group[0].target_id, frames, before[first], after[last])


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
    old_xywh: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 4)))
    """The boxes from before in the frames that moved, shape (n, 4)."""

    @property
    def largest_frame(self) -> int | None:
        """The frame whose box moved furthest, or None if none did."""
        return int(self.moved[self.shift_px.argmax()]) if len(self.moved) else None

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
            old_xywh=np.asarray(old[moved], np.float64).reshape(-1, 4),
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
