"""Everything that was done, to take it back and to repeat it.

`History` is the one place where annotations change. It knows four verbs: `do`,
`extend`, `undo` and `redo`; the journal holds the same four, so reading a journal does
exactly what was done when it was written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from fcot_engine.annotation.changes import merge_changes
from fcot_engine.annotation.edits import Edit
from fcot_engine.annotation.targets import Annotations
from fcot_engine.errors import EditError

__all__ = ["History", "HistoryEntry", "StoredEdit"]


class StoredEdit:
    """An edit of an earlier day: read when somebody takes it back.

    Args:
        payload: the edit as it stands in the journal.
        decode: makes the edit of it.
    """

    def __init__(self, payload: bytes, decode: Callable[[bytes], Edit]) -> None:
        self.payload = payload
        self._decode = decode

    @property
    def n_bytes(self) -> int:
        """Size in memory, about."""
        return len(self.payload)

    def read(self) -> Edit:
        """Return the edit.

        Raises:
            ProjectError: it cannot be read.
        """
        return self._decode(self.payload)


HistoryEntry = Edit | StoredEdit

_MOST_CHANGES = 256  # merging at each frame would take quadratic time


class History:
    """Annotations and the edits that can be taken back and repeated.

    Args:
        annotations: belong to this object from now on.
        past: edits that the annotations already contain, the oldest first.
        future: edits that were taken back, the next to repeat last.
        limit_bytes: the oldest edits are forgotten beyond this size.
    """

    def __init__(
        self,
        annotations: Annotations,
        *,
        past: Iterable[HistoryEntry] = (),
        future: Iterable[HistoryEntry] = (),
        limit_bytes: int = 256 * 2**20,
    ) -> None:
        self.annotations = annotations
        self._past = list(past)
        self._future = list(future)
        self._limit_bytes = limit_bytes
        self._past_bytes = sum(entry.n_bytes for entry in self._past)

    def __len__(self) -> int:
        """Number of edits that can be taken back."""
        return len(self._past)

    @property
    def n_bytes(self) -> int:
        """Size of the edits that can be taken back, about."""
        return self._past_bytes

    @property
    def can_undo(self) -> bool:
        """Whether there is something to take back."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """Whether there is something to repeat."""
        return bool(self._future)

    @property
    def last(self) -> Edit | None:
        """The edit that `undo` would take back, or None."""
        return _read(self._past, -1) if self._past else None

    @property
    def next(self) -> Edit | None:
        """The edit that `redo` would repeat, or None."""
        return _read(self._future, -1) if self._future else None

    def do(self, edit: Edit) -> None:
        """Carry an edit out; what was taken back before can no longer be repeated.

        Raises:
            EditError: it does not fit; then nothing is changed.
        """
        self.annotations.apply(edit)
        self._past.append(edit)
        self._past_bytes += edit.n_bytes
        self._future.clear()
        while self._past_bytes > self._limit_bytes and len(self._past) > 1:
            self._past_bytes -= self._past.pop(0).n_bytes

    def extend(self, more: Edit) -> None:
        """Carry out more of the last edit: both are taken back in one step.

        Raises:
            EditError: nothing was done that could be extended, or `more` does not fit;
                then nothing is changed.
        """
        if not self._past or self._future:
            raise EditError("There is no edit to go on with; begin a new one.")
        last = _read(self._past, -1)
        self.annotations.apply(more)
        changes = (*last.changes, *more.changes)
        if len(changes) > _MOST_CHANGES:
            changes = merge_changes(changes)
        self._past[-1] = replace(last, changes=changes)
        self._past_bytes += more.n_bytes

    def undo(self) -> Edit:
        """Take the last edit back and return it.

        Raises:
            EditError: there is nothing to take back.
        """
        if not self._past:
            raise EditError("There is nothing to undo.")
        edit = _read(self._past, -1)
        self.annotations.apply(edit.inverse())
        self._past_bytes -= self._past.pop().n_bytes
        self._future.append(edit)
        return edit

    def redo(self) -> Edit:
        """Repeat the edit that was taken back last, and return it.

        Raises:
            EditError: there is nothing to repeat.
        """
        if not self._future:
            raise EditError("There is nothing to redo.")
        edit = _read(self._future, -1)
        self.annotations.apply(edit)
        self._future.pop()
        self._past.append(edit)
        self._past_bytes += edit.n_bytes
        return edit

    @property
    def past(self) -> tuple[HistoryEntry, ...]:
        """What can be taken back, the oldest first."""
        return tuple(self._past)

    @property
    def future(self) -> tuple[HistoryEntry, ...]:
        """What can be repeated, the next one last."""
        return tuple(self._future)


def _read(entries: list[HistoryEntry], place: int) -> Edit:
    """Return an entry as an edit."""
    entry = entries[place]
    return entry.read() if isinstance(entry, StoredEdit) else entry
