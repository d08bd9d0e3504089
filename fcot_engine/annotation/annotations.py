"""Everything that is known about a video: targets, their boxes, where they hide."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fcot_engine.annotation.box_rows import Box, Makers
from fcot_engine.annotation.box_table import BoxTable
from fcot_engine.annotation.changes import Change, SetBoxes
from fcot_engine.annotation.edits import By, Edit
from fcot_engine.annotation.spans import Span, find_span
from fcot_engine.annotation.targets import TargetInfo
from fcot_engine.errors import EditError

__all__ = ["AnnotatedTarget", "Annotations"]


@dataclass
class AnnotatedTarget:
    """A target with its boxes."""

    info: TargetInfo
    boxes: BoxTable

    @property
    def target_id(self) -> int:
        """Positive and unique."""
        return self.info.target_id

    def span_at(self, frame_index: int) -> Span | None:
        """Return the span of a frame, or None."""
        return find_span(self.info.spans, frame_index)


class Annotations:
    """The targets of one video by id.

    Nothing but `apply` changes it, and only `History` calls that: there is one way in,
    for people, trackers, undo and the journal alike.
    """

    def __init__(self) -> None:
        self.makers = Makers()
        self.next_id = 1
        """Id of the next new target."""
        self._targets: dict[int, AnnotatedTarget] = {}

    def __len__(self) -> int:
        return len(self._targets)

    def __iter__(self) -> Iterator[AnnotatedTarget]:
        """Targets in the order of their ids."""
        return (self._targets[key] for key in sorted(self._targets))

    def __contains__(self, target_id: object) -> bool:
        return target_id in self._targets

    def __getitem__(self, target_id: int) -> AnnotatedTarget:
        try:
            return self._targets[target_id]
        except KeyError:
            known = ", ".join(str(key) for key in sorted(self._targets)) or "none"
            raise EditError(
                f"There is no target {target_id}; the targets are: {known}."
            ) from None

    def find(self, target_id: int) -> AnnotatedTarget | None:
        """Return a target, or None if there is none of that id."""
        return self._targets.get(target_id)

    def boxes_at(self, frame_index: int) -> dict[int, Box]:
        """Return the boxes of a frame by target id."""
        found = ((target.target_id, target.boxes.get(frame_index)) for target in self)
        return {target_id: box for target_id, box in found if box is not None}

    def count_human_boxes(self) -> int:
        """Number of boxes that a person drew, of all targets."""
        return sum(len(target.boxes.human_frames()) for target in self)

    def apply(self, edit: Edit) -> None:
        """Change the annotations; either all of the edit is done or nothing.

        Raises:
            EditError: the edit does not fit what is there, or a machine's edit would
                change a box that a person drew.
        """
        if edit.by is By.MACHINE:
            _spare_human_boxes(edit)
        done: list[Change] = []
        try:
            for change in edit.changes:
                change.apply(self)
                done.append(change)
        except EditError:
            for change in reversed(done):
                change.inverse().apply(self)
            raise

    def set_info(
        self, target_id: int, before: TargetInfo | None, after: TargetInfo | None
    ) -> None:
        """Add, describe or remove a target; for `SetTarget` alone.

        Raises:
            EditError: the target is described otherwise than `before` says, or goes
                while it still has boxes.
        """
        target = self._targets.get(target_id)
        if (target.info if target else None) != before:
            raise EditError(
                f"Target {target_id} was changed in the meantime. Try again."
            )
        if after is None:
            if target is not None and len(target.boxes):
                raise EditError(
                    f"Target {target_id} still has boxes; remove them first."
                )
            del self._targets[target_id]
        elif target is None:
            self._targets[target_id] = AnnotatedTarget(after, BoxTable(self.makers))
        else:
            target.info = after


def _spare_human_boxes(edit: Edit) -> None:
    for change in edit.changes:
        if isinstance(change, SetBoxes) and change.touches_human:
            raise EditError(
                f"{edit.text}: a box that a person drew must not be changed by a "
                f"machine (target {change.target_id})."
            )
