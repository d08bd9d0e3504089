"""Edits and the three smallest changes they are made of; each knows its inverse.

A change says what was there before and what is there
after: its inverse is the same change with the two exchanged, and a change that no
longer fits what is there is refused before anything is written.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from fcot_engine.annotation.boxes import Frames, Rows, are_human, differ
from fcot_engine.annotation.targets import TargetInfo
from fcot_engine.errors import EditError

if TYPE_CHECKING:
    from fcot_engine.annotation.targets import Annotations

__all__ = [
    "By",
    "Change",
    "Edit",
    "SetBoxes",
    "SetNextId",
    "SetTarget",
    "merge_changes",
]


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
