"""The annotations at work: one lock, undo, and a project that follows."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from fcot_engine.annotation.changes import Change, Edit, merge_changes
from fcot_engine.annotation.project import Project
from fcot_engine.annotation.targets import Annotations
from fcot_engine.errors import EditError


class Document:
    """Carries edits out and writes them down; any thread may call it.

    Edits of a person are on the disk when the call returns. What a run finds is one
    edit that grows; it is written down every now and then, before any other edit, and
    when the run ends. Another edit in between closes it: what the run finds later is a
    new step on top, so that undo always goes back in the order of time.

    Args:
        project: where edits are written down; None keeps them in memory alone.
        clock: seconds on a steady clock.
    """

    def __init__(
        self,
        project: Project | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.project = project or Project.in_memory()
        self.lock = threading.RLock()
        self._clock = clock
        self._open_key: object | None = None
        self._waiting: list[Change] = []
        self._waiting_is_more = False
        self._waiting_edit: Edit | None = None
        self._written_at_s = clock()
        self._is_closed = False
        self.last_edit: Edit | None = None
        """What a person did, took back or repeated last, for views to follow."""

    @property
    def annotations(self) -> Annotations:
        """All targets and boxes; hold `lock` while reading more than one thing."""
        return self.project.annotations

    @property
    def project_path(self) -> Path | None:
        """Where the project lies, or will lie after the first edit."""
        return self.project.path

    @property
    def can_undo(self) -> bool:
        """Whether there is something to take back."""
        return self._waiting_edit is not None or self.project.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether there is something to repeat."""
        return self._waiting_edit is None and self.project.can_redo

    @property
    def last(self) -> Edit | None:
        """The edit that `undo` would take back, or None.

        Raises:
            ProjectError: it cannot be read.
        """
        with self.lock:
            self.flush()
            stored = self.project.last()
            return None if stored is None else stored.edit

    @property
    def next(self) -> Edit | None:
        """The edit that `redo` would repeat, or None.

        Raises:
            ProjectError: it cannot be read.
        """
        with self.lock:
            self.flush()
            stored = self.project.next()
            return None if stored is None else stored.edit

    def do(self, edit: Edit) -> None:
        """Carry out an edit of a person.

        Raises:
            EditError: it does not fit.
            ProjectError: it cannot be saved. In both cases nothing is changed.
        """
        with self.lock:
            self.flush()
            self._carry_out(edit, lambda: self.project.add(edit))
            self.last_edit = edit

    def add_found(self, key: object, edit: Edit, *, write_every_s: float) -> None:
        """Carry out the next part of a run's edit.

        Args:
            key: the run.
            edit: what it found since the last part.
            write_every_s: how long it may stay unwritten.

        Raises:
            EditError: it does not fit.
            ProjectError: it cannot be written down.
        """
        if not edit.changes:
            return
        with self.lock:
            self.project.check_writable()
            goes_on = self.is_last(key)
            if not goes_on:
                self.flush()
            self.annotations.apply(edit)
            if not goes_on:
                self._open_key = key
                self._waiting_is_more = False
            self._waiting += edit.changes
            self._waiting_edit = edit
            if self._clock() - self._written_at_s >= write_every_s:
                self.flush()

    def is_last(self, key: object) -> bool:
        """Whether `undo` would take back what this run found."""
        with self.lock:
            return self._open_key is key

    def flush(self) -> None:
        """Write down what was found since the last time.

        Raises:
            ProjectError: it cannot be written down; it is kept and tried again.
        """
        with self.lock:
            self._written_at_s = self._clock()
            edit = self._waiting_edit
            if edit is None:
                return
            whole = replace(edit, changes=merge_changes(tuple(self._waiting)))
            self.project.add(whole, is_more=self._waiting_is_more)
            self._waiting, self._waiting_edit = [], None
            self._waiting_is_more = True

    def close_run(self, key: object) -> None:
        """Write down the end of a run.

        Raises:
            ProjectError: it cannot be written down.
        """
        with self.lock:
            if not self._is_closed:  # closing has written everything
                self.flush()

    def undo(self) -> Edit:
        """Take the last edit back and return it.

        Raises:
            EditError: there is nothing to take back.
            ProjectError: that cannot be saved; then nothing is changed.
        """
        with self.lock:
            self.flush()
            stored = self.project.last()
            if stored is None:
                raise EditError("There is nothing to undo.")
            back, done = stored.edit.inverse(), stored.ids.start - 1
            self._carry_out(back, lambda: self.project.move_to(done, back))
            self.last_edit = stored.edit
            return stored.edit

    def redo(self) -> Edit:
        """Repeat what was taken back last, and return it.

        Raises:
            EditError: there is nothing to repeat.
            ProjectError: that cannot be saved; then nothing is changed.
        """
        with self.lock:
            self.flush()
            stored = self.project.next()
            if stored is None:
                raise EditError("There is nothing to redo.")
            again, done = stored.edit, stored.ids.stop - 1
            self._carry_out(again, lambda: self.project.move_to(done, again))
            self.last_edit = stored.edit
            return stored.edit

    def close(self) -> None:
        """Write down what waits and let go of the file.

        Raises:
            ProjectError: it cannot be written.
        """
        with self.lock:
            if self._is_closed:
                return
            self.flush()
            self.project.close()
            self._is_closed = True

    def _carry_out(self, edit: Edit, write: Callable[[], None]) -> None:
        """Apply an edit and write it down, or do neither."""
        self.project.check_writable()
        self.annotations.apply(edit)
        try:
            write()
        except BaseException:
            self.annotations.apply(edit.inverse())
            raise
        self._open_key = None
