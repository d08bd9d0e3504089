"""The annotations at work: one lock, one history, and a project that follows."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from fcot_engine.annotation.changes import Change, merge_changes
from fcot_engine.annotation.edits import Edit
from fcot_engine.annotation.history import History
from fcot_engine.annotation.new_project import NewProject
from fcot_engine.annotation.project_file import Project
from fcot_engine.annotation.targets import Annotations
from fcot_engine.errors import ProjectError

__all__ = ["Document"]

_log = logging.getLogger(__name__)


class Document:
    """Carries edits out and writes them down; any thread may call it.

    Edits of a person are in the journal when the call returns. What a run finds is one
    edit that grows; it is written down every now and then, before any other edit, and
    when the run ends. Another edit in between closes it: what the run finds later is a
    new step on top, so that undo always goes back in the order of time.

    Args:
        project: where edits are written down; None keeps them in memory alone.
        new_project: begun at the first edit if there is no project yet, so that nothing
            lies on the disk before there is something to keep.
        clock: seconds on a steady clock.
    """

    def __init__(
        self,
        project: Project | None = None,
        *,
        new_project: NewProject | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.project = project
        self.history = History(Annotations()) if project is None else project.history
        self.lock = threading.RLock()
        self._new_project = new_project if project is None else None
        self._clock = clock
        self._open_key: object | None = None
        self._waiting: list[Change] = []
        self._waiting_is_new = False
        self._waiting_edit: Edit | None = None
        self._written_at_s = clock()
        self._is_closed = False
        self.last_edit: Edit | None = None
        """What a person did, took back or repeated last, for views to follow."""

    @property
    def annotations(self) -> Annotations:
        """All targets and boxes; hold `lock` while reading more than one thing."""
        return self.history.annotations

    @property
    def project_path(self) -> Path | None:
        """Where the project lies, or will lie after the first edit."""
        place = self.project or self._new_project
        return None if place is None else place.path

    def do(self, edit: Edit) -> None:
        """Carry out an edit of a person.

        Raises:
            EditError: it does not fit.
            ProjectError: it cannot be saved. In both cases nothing is changed.
        """
        with self.lock:
            self.flush()
            self._begin_project()
            if self.project is None:
                self.history.do(edit)
            else:
                self.project.do(edit)
            self.last_edit = edit
            self._open_key = None
            self._save_if_long()

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
            self._begin_project()
            goes_on = self.is_last(key)
            if goes_on:
                self.history.extend(edit)
            else:
                self.flush()
                self.history.do(edit)
                self._open_key = key
                self._waiting_is_new = True
            self._waiting += edit.changes
            self._waiting_edit = edit
            if self._clock() - self._written_at_s >= write_every_s:
                self.flush()
                self._save_if_long()

    def is_last(self, key: object) -> bool:
        """Whether `undo` would take back what this run found."""
        with self.lock:
            return self._open_key is key and not self.history.can_redo

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
            if self.project is not None:
                whole = replace(edit, changes=merge_changes(tuple(self._waiting)))
                if self._waiting_is_new:
                    self.project.note_done(whole)
                else:
                    self.project.note_more(whole)
            self._waiting, self._waiting_edit = [], None
            self._waiting_is_new = False

    def close_run(self, key: object) -> None:
        """Write down the end of a run, and bring all of it to the disk.

        Raises:
            ProjectError: it cannot be written down.
        """
        with self.lock:
            if self._is_closed:
                return  # closing has written everything
            self.flush()
            if self._open_key is key and self.project is not None:
                self.project.sync()

    def undo(self) -> Edit:
        """Take the last edit back and return it.

        Raises:
            EditError: there is nothing to take back.
            ProjectError: that cannot be saved; then nothing is changed.
        """
        with self.lock:
            self.flush()
            edit = self.history.undo() if self.project is None else self.project.undo()
            self.last_edit = edit
            self._open_key = None
            return edit

    def redo(self) -> Edit:
        """Repeat what was taken back last, and return it.

        Raises:
            EditError: there is nothing to repeat.
            ProjectError: that cannot be saved; then nothing is changed.
        """
        with self.lock:
            self.flush()
            edit = self.history.redo() if self.project is None else self.project.redo()
            self.last_edit = edit
            self._open_key = None
            return edit

    def save(self) -> None:
        """Write the project file anew; no edit depends on it.

        Raises:
            ProjectError: it cannot be written.
        """
        with self.lock:
            self.flush()
            if self.project is not None:
                self.project.save()

    def close(self) -> None:
        """Save and let go of the files.

        Raises:
            ProjectError: it cannot be written.
        """
        with self.lock:
            if self._is_closed:
                return
            self.flush()
            if self.project is not None:
                self.project.close()
            self._is_closed = True

    def _begin_project(self) -> None:
        """Begin the project that waited for the first edit."""
        if self._new_project is not None and not self._is_closed:
            self.project = self._new_project.begin(self.history)
            self._new_project = None

    def _save_if_long(self) -> None:
        if self.project is None or not self.project.needs_save:
            return
        try:
            self.project.save()
        except ProjectError as error:  # every edit is in the journal all the same
            _log.warning("The journal could not be shortened: %s", error)
