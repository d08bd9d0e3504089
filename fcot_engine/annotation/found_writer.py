"""Puts what a run has found into the annotations."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from fcot_engine.annotation.boxes import Box, Frames, Rows, empty_rows
from fcot_engine.annotation.change_report import TargetReport, report_changes
from fcot_engine.annotation.changes import Change, merge_changes
from fcot_engine.annotation.document import Document
from fcot_engine.annotation.edits import put_found

__all__ = ["FoundWriter"]

_MOST_CHANGES = 256  # merging at each frame would take quadratic time


class FoundWriter:
    """One run's edit, part by part, and what it has changed so far.

    Args:
        document: the annotations.
        key: the run, so that its parts become one step of undo.
        text: what the step is called.
        write_every_s: how long parts may stay unwritten.
    """

    def __init__(
        self, document: Document, key: object, *, text: str, write_every_s: float
    ) -> None:
        self._document = document
        self._key = key
        self._text = text
        self._write_every_s = write_every_s
        self._changes: list[Change] = []

    def put(
        self,
        target_id: int,
        boxes: Sequence[Box],
        *,
        allowed: Collection[int] | None = None,
    ) -> None:
        """Put boxes, in the order of their frames.

        Args:
            target_id: whose boxes.
            boxes: what was found.
            allowed: the only frames that may be changed; None for all.
        """
        kept = [box for box in boxes if allowed is None or box.frame_index in allowed]
        if kept:
            makers = self._document.annotations.makers
            rows = np.concatenate([box.to_rows(makers) for box in kept])
            frames = np.array([box.frame_index for box in kept], np.int64)
            self._write(target_id, frames, rows)

    def take_away(
        self,
        target_id: int,
        frames: Sequence[int],
        *,
        allowed: Collection[int] | None = None,
    ) -> None:
        """Take machine boxes away; see `put`."""
        kept = sorted(f for f in frames if allowed is None or f in allowed)
        if kept:
            self._write(target_id, np.array(kept, np.int64), empty_rows(len(kept)))

    def report(self) -> list[TargetReport]:
        """Say which frames changed and by how much."""
        return report_changes(tuple(self._changes))

    def _write(self, target_id: int, frames: Frames, rows: Rows) -> None:
        edit = put_found(
            self._document.annotations,
            {target_id: (frames, rows)},
            kind="run",
            text=self._text,
        )
        self._document.add_found(self._key, edit, write_every_s=self._write_every_s)
        self._changes += edit.changes
        if len(self._changes) > _MOST_CHANGES:
            self._changes = list(merge_changes(tuple(self._changes)))
