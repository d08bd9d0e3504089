"""A project on the disk: one SQLite file beside the video.

Each edit is one transaction, on the disk when the call that made it returns, so there
is nothing to save. The tables hold the annotations as they are, for opening quickly,
and every edit with a pointer to the last one that is done: undo and redo move it, and
go on after days. See `_tables` for what stands where.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from fcot_engine.annotation._database import (
    DAMAGE,
    OwnerLock,
    connect,
    describe_error,
    translate_errors,
)
from fcot_engine.annotation._salvage import salvage
from fcot_engine.annotation._sealed import BROKEN, seal_changes, unseal_changes
from fcot_engine.annotation._tables import (
    State,
    check_file,
    new_memory,
    read_annotations,
    read_fact,
    write_fact,
    write_touched,
)
from fcot_engine.annotation.changes import By, Change, Edit, merge_changes
from fcot_engine.annotation.targets import Annotations
from fcot_engine.annotation.video_identity import VideoIdentity
from fcot_engine.errors import MovedVideoError, OtherVideoError, ProjectError

PROJECT_SUFFIX = ".fcot"

DONE = "done"
"""What a project notes when a person said that the video needs no more work."""

_MOST_EDIT_BYTES = 256 * 2**20
_IN_MEMORY = VideoIdentity("frames", "", 0, 0, 0, 0, "")


class StoredEdit(NamedTuple):
    """An edit as it stands in the file."""

    edit: Edit
    ids: range
    """Of its rows."""
    at: str
    """When it was done, as ISO 8601 in UTC."""


class Project:
    """Annotations and all edits, in a file or in memory.

    `Document` changes the annotations and says here what it did. Use `create`, `plan`,
    `open` or `in_memory`, and `close` in the end.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path | None,
        *,
        lock: OwnerLock | None = None,
        notes: tuple[str, ...] = (),
        why_read_only: str = "",
    ) -> None:
        self.path = path
        """Where the file lies, or will lie after the first edit; None in memory."""
        self.notes = notes
        """What had to be mended on opening, in words for people."""
        self.why_read_only = why_read_only
        """Why it is only for looking, in words; empty if it can be changed."""
        self._connection = connection
        self._lock = lock
        self._is_planned = False
        self._is_closed = False
        self._state: State = read_fact(connection, "state")
        self.video = VideoIdentity.from_json(read_fact(connection, "video"))
        """What the project was made on."""
        self.annotations: Annotations = read_annotations(connection, self._state)
        """All targets and boxes."""
        ((self._edit_bytes,),) = connection.execute(
            "SELECT coalesce(sum(length(data)), 0) FROM edits"
        )
        connection.execute("PRAGMA synchronous = EXTRA")  # outlives a power cut

    # --- coming and going ------------------------------------------------------

    @classmethod
    def in_memory(
        cls, video: VideoIdentity = _IN_MEMORY, video_path: Path | None = None
    ) -> Project:
        """Begin a project that is gone in the end."""
        memory = new_memory()
        write_fact(memory, "state", State())
        write_fact(memory, "video", video.to_json())
        known = None if video_path is None else str(video_path.resolve())
        write_fact(memory, "video_path", known)
        return cls(memory, None)

    @classmethod
    def plan(
        cls, path: str | os.PathLike[str], video: VideoIdentity, video_path: Path | None
    ) -> Project:
        """Begin a project whose file is written by the first edit.

        Args:
            path: the file, best named `NAME.fcot`.
            video: what it is made on.
            video_path: where that lies; None for frames without a file.

        Raises:
            ProjectError: there is one already.
        """
        project = cls.in_memory(video, video_path)
        project.path = Path(path)
        _refuse_old(project.path)
        project._is_planned = True
        return project

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        video: VideoIdentity,
        video_path: Path | None = None,
        *,
        replace: bool = False,
    ) -> Project:
        """Begin a project and write its file at once.

        Args:
            path: the file, best named `NAME.fcot`.
            video: what it is made on.
            video_path: where that lies; None for frames without a file.
            replace: whether an old project of that name may be replaced.

        Raises:
            ProjectError: it cannot be written, or there is one already.
            ProjectInUseError: the old one is open.
        """
        project = cls.in_memory(video, video_path)
        project.path = Path(path)
        project._go_to_disk(replace=replace)
        return project

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, read_only: bool = False) -> Project:
        """Open a project as it was after the last finished edit.

        The video is not looked at: see `find_video` and `check_video`. A file or folder
        that cannot be written to is opened for looking only, and `notes` say so. What
        can be saved of a damaged file is, and `notes` say how much that is.

        Args:
            path: the file.
            read_only: for looking and exporting only: nothing is locked, and another
                program may go on working on it.

        Raises:
            ProjectError: there is none, it is of a newer version, or nothing of it can
                be read.
            ProjectInUseError: another program works on it.
        """
        place = Path(path)
        if not place.is_file():
            raise ProjectError(f"There is no project {place}. Check the path.")
        with translate_errors("opened", place):
            if read_only:
                return cls._open_copy(place, "it was opened for looking only")
            try:
                return cls._open_to_write(place)
            except sqlite3.Error as error:
                name, meaning = describe_error(error)
                if name not in ("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM"):
                    raise
                return cls._open_copy(place, meaning)

    @classmethod
    def _open_to_write(cls, path: Path) -> Project:
        lock = OwnerLock(path)
        connection = None
        try:
            try:
                connection = connect(path, "rw")
                check_file(connection, path.name)
                # removes nothing, but raises where nothing may be written
                connection.execute("DELETE FROM facts WHERE name = ''")
                return cls(connection, path, lock=lock)
            except (sqlite3.Error, *BROKEN) as error:
                _reraise_unless_damaged(error)
                if connection is not None:
                    connection.close()
                memory, note = salvage(path)
            kept = _free_name(path.with_name(f"{path.name}.damaged"))
            _write_file(memory, path, old_goes_to=kept)
            memory.close()
            connection = connect(path, "rw")
            note += f" The damaged file is kept as {kept.name}."
            return cls(connection, path, lock=lock, notes=(note,))
        except BaseException:
            if connection is not None:
                connection.close()
            lock.release()
            raise

    @classmethod
    def _open_copy(cls, path: Path, why: str) -> Project:
        """Read the file into memory and let go of it."""
        notes = (f"{path.name} can be looked at, but not changed: {why}.",)
        memory = new_memory(is_empty=True)
        try:
            _read_file(path, memory)
            check_file(memory, path.name)
            return cls(memory, path, notes=notes, why_read_only=why)
        except (sqlite3.Error, *BROKEN) as error:
            memory.close()
            _reraise_unless_damaged(error)
            memory, note = salvage(path)
            return cls(memory, path, notes=(*notes, note), why_read_only=why)
        except BaseException:
            memory.close()
            raise

    def close(self) -> None:
        """Let go of the file; it has every edit that was written."""
        if self._is_closed:
            return
        self._is_closed = True
        self._connection.close()
        if self._lock is not None:
            self._lock.release()

    @property
    def is_on_disk(self) -> bool:
        """Whether there is a file."""
        return self.path is not None and not self._is_planned

    # --- the video -------------------------------------------------------------

    def find_video(self, video_path: str | os.PathLike[str] | None = None) -> Path:
        """Return where the video lies.

        It is looked for beside the project, as it lay when the project was made, and
        then where it was.

        Args:
            video_path: where a person says that it is now.

        Raises:
            MovedVideoError: it is nowhere; ask, and give the answer as `video_path`.
        """
        name = self.video.name
        if video_path is not None:
            given = Path(video_path)
            if given.exists():
                return given
            raise MovedVideoError(
                f"There is no file or folder {given}. Check the path, or choose {name} "
                "again.",
                video_path=str(given),
            )
        written = read_fact(self._connection, "video_path")
        if written is None or self.path is None:
            raise MovedVideoError(
                f"The project was made on {name}, which is not a file. Open those "
                "frames first and give them with the project.",
                video_path=name,
            )
        for candidate in (self.path.parent / Path(written).name, Path(written)):
            if candidate.exists():
                return candidate
        raise MovedVideoError(
            f"The video {name} is no longer at {written}. Say where it is.",
            video_path=written,
        )

    def check_video(self, found: VideoIdentity, path: Path | None = None) -> None:
        """Make sure that this is the video of the project, and remember its place.

        Raises:
            OtherVideoError: it is another one; its boxes would lie wrong on it.
            ProjectError: its new place cannot be saved.
        """
        reasons = self.video.differences(found)
        if reasons:
            raise OtherVideoError(
                f"{found.name} is not the video this project was made on "
                f"({self.video.name}): {'; '.join(reasons)}. Choose the original file.",
                reasons=reasons,
            )
        known = None if path is None else str(path.resolve())
        written = read_fact(self._connection, "video_path")
        if not self.why_read_only and known not in (None, written):
            with self._transaction():
                write_fact(self._connection, "video_path", known)

    # --- edits -----------------------------------------------------------------

    @property
    def can_undo(self) -> bool:
        """Whether there is something to take back."""
        return self._state.done >= self._state.first

    @property
    def can_redo(self) -> bool:
        """Whether there is something to repeat."""
        return self._state.last > self._state.done

    @property
    def has_first_edit(self) -> bool:
        """Whether no edit was forgotten."""
        return self._state.first == 1

    def last(self) -> StoredEdit | None:
        """Return the edit that undo would take back, or None.

        Raises:
            ProjectError: it cannot be read.
        """
        return self._read_step(self._state.done)

    def next(self) -> StoredEdit | None:
        """Return the edit that redo would repeat, or None.

        Raises:
            ProjectError: it cannot be read.
        """
        return self._read_step(self._state.done + 1)

    def edits(self) -> Iterator[StoredEdit]:
        """Yield the edits that are done, the oldest first.

        Raises:
            ProjectError: one of them cannot be read.
        """
        at = self._state.first
        while at <= self._state.done and (stored := self._read_step(at)) is not None:
            yield stored
            at = stored.ids.stop

    def add(self, edit: Edit, *, is_more: bool = False) -> None:
        """Write down an edit that was just carried out.

        Args:
            edit: what can no longer be repeated is forgotten with it.
            is_more: it is one step of undo with the edit before it.

        Raises:
            ProjectError: it cannot be written; the file is as it was.
        """
        number = self._state.done + 1
        at = datetime.now(UTC).isoformat(timespec="seconds")
        sealed = seal_changes((number,), edit.changes)
        row = (number, is_more, at, edit.by.value, edit.kind, edit.text, sealed)
        with self._transaction():
            run = self._connection.execute
            run("DELETE FROM edits WHERE id >= ?", (number,))
            run("INSERT INTO edits VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            first, n_bytes = self._forget_oldest(self._edit_bytes + len(sealed))
            state = self._write_outcome(edit, first=first, done=number, last=number)
        self._state, self._edit_bytes = state, n_bytes

    def move_to(self, done: int, carried_out: Edit) -> None:
        """Write down that edits were taken back or repeated.

        Args:
            done: id of the last edit that is done now.
            carried_out: what was changed.

        Raises:
            ProjectError: it cannot be written; the file is as it was.
        """
        old = self._state
        with self._transaction():
            state = self._write_outcome(
                carried_out, first=old.first, done=done, last=old.last
            )
        self._state = state

    def remember(self, name: str, value: Any) -> None:
        """Keep something beside the annotations; no edit, and not undone.

        Args:
            name: what it is called; only `recall` needs to know it.
            value: a JSON value.

        Raises:
            ProjectError: it cannot be written; the file is as it was.
        """
        with self._transaction():
            write_fact(self._connection, f"note_{name}", value)

    def recall(self, name: str) -> Any:
        """Return what was kept by a name, or None if nothing was, or it is damaged."""
        with contextlib.suppress(sqlite3.Error, TypeError, *BROKEN):
            return read_fact(self._connection, f"note_{name}")
        return None

    def check_writable(self) -> None:
        """Make sure that the project can be changed.

        Raises:
            ProjectError: it is for looking only, or closed.
        """
        if self.why_read_only and self.path is not None:
            raise ProjectError(
                f"{self.path.name} cannot be changed: {self.why_read_only}."
            )
        if self._is_closed:
            raise ProjectError("The project is closed. Open it again to change it.")

    def _write_outcome(self, edit: Edit, **ids: int) -> State:
        write_touched(self._connection, self.annotations, edit)
        state = State.of(self.annotations, **ids)
        write_fact(self._connection, "state", state)
        return state

    def _forget_oldest(self, n_bytes: int) -> tuple[int, int]:
        """Forget what is too much; return the first edit that is kept, and the size."""
        if n_bytes <= _MOST_EDIT_BYTES:
            return self._state.first, n_bytes
        ((first, n_bytes),) = self._connection.execute(
            "SELECT id, size FROM (SELECT id, is_more, sum(length(data)) OVER "
            "(ORDER BY id DESC) AS size FROM edits) WHERE NOT is_more AND (size <= ? "
            "OR id = (SELECT max(id) FROM edits WHERE NOT is_more)) "
            "ORDER BY id LIMIT 1",
            (_MOST_EDIT_BYTES,),
        )
        self._connection.execute("DELETE FROM edits WHERE id < ?", (first,))
        return first, n_bytes

    def _read_step(self, number: int) -> StoredEdit | None:
        """Return the edit that a row belongs to, or None if there is no such row."""
        run = self._connection.execute
        changes: list[Change] = []
        with translate_errors("read", self.path):
            rows = run(
                "SELECT id, at, by, kind, text, data FROM edits WHERE id >= (SELECT id "
                "FROM edits WHERE id <= ? AND NOT is_more ORDER BY id DESC LIMIT 1) "
                "AND id < coalesce((SELECT id FROM edits WHERE id > ? AND NOT is_more "
                "ORDER BY id LIMIT 1), ?) ORDER BY id",
                (number, number, self._state.last + 1),
            ).fetchall()
        if not rows or not rows[0][0] <= number <= rows[-1][0]:
            return None
        _, at, by, kind, text, _ = rows[0]
        try:
            for row in rows:
                changes += unseal_changes((row[0],), row[-1])
            whole = changes if len(rows) == 1 else merge_changes(tuple(changes))
            edit = Edit(kind, text, By(by), tuple(whole))
        except BROKEN as error:
            raise ProjectError(
                f"An edit ({text}) cannot be read: the file is damaged there. It can "
                "neither be taken back nor repeated."
            ) from error
        return StoredEdit(edit, range(rows[0][0], rows[-1][0] + 1), at)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """Write all of it or nothing; goes to the disk first if that was planned."""
        self.check_writable()
        if self._is_planned:
            self._go_to_disk()
        with translate_errors("saved", self.path):
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                self._check_unchanged()
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):  # some errors end it already
                    self._connection.execute("ROLLBACK")
                raise

    def _check_unchanged(self) -> None:
        """Make sure that nobody got past the lock, such as from another computer."""
        found = read_fact(self._connection, "state")
        if (found.done, found.last) != (self._state.done, self._state.last):
            raise ProjectError(
                f"{self.path} was changed by another program. Open it again; nothing "
                "was overwritten."
            )

    def _go_to_disk(self, *, replace: bool = False) -> None:
        assert self.path is not None
        with translate_errors("saved", self.path):
            lock = OwnerLock(self.path)
            try:
                if not replace:
                    _refuse_old(self.path)
                _write_file(self._connection, self.path)
                connection = connect(self.path, "rw")
                connection.execute("PRAGMA synchronous = EXTRA")
            except BaseException:
                lock.release()
                raise
        self._connection.close()
        self._connection, self._lock = connection, lock
        self._is_planned = False


def project_path_for(video_path: Path) -> Path:
    """Return the usual place of a video's project: beside it, by its name.

    Example:
        >>> project_path_for(Path("film.mp4")).name
        'film.fcot'
    """
    return video_path.with_name(video_path.stem + PROJECT_SUFFIX)


def is_project_done(path: str | os.PathLike[str]) -> bool:
    """Return whether a person said that a project needs no more work.

    Quick: of the file, it reads nothing else. What cannot be read is not done.
    """
    with (
        contextlib.suppress(sqlite3.Error, OSError, *BROKEN),
        contextlib.closing(connect(Path(path), "ro")) as disk,
    ):
        return bool(read_fact(disk, f"note_{DONE}"))
    return False


def find_video_of(path: str | os.PathLike[str]) -> Path:
    """Return where the video of a project lies.

    Raises:
        ProjectError: the project cannot be read.
        MovedVideoError: its video is nowhere.
    """
    project = Project.open(path, read_only=True)
    try:
        return project.find_video()
    finally:
        project.close()


def _refuse_old(path: Path) -> None:
    if path.exists():
        raise ProjectError(
            f"There is already a project {path}. Open it, or choose another name."
        )


def _reraise_unless_damaged(error: Exception) -> None:
    if isinstance(error, sqlite3.Error) and describe_error(error)[0] not in DAMAGE:
        raise error


def _read_file(path: Path, memory: sqlite3.Connection) -> None:
    """Copy a file into memory, while others may be working on it."""
    try:
        with contextlib.closing(connect(path, "rw")) as disk:
            disk.execute("BEGIN")
            disk.execute("SELECT count(*) FROM sqlite_master")  # waits for its turn
            disk.backup(memory)
    except sqlite3.Error as error:
        if describe_error(error)[0] in DAMAGE:
            raise
        # what a crash left behind cannot be rolled back there, or nothing be locked
        with tempfile.TemporaryDirectory(prefix="fcot-") as folder:
            copy = Path(folder) / "copy"
            for suffix in ("", "-journal"):
                with contextlib.suppress(FileNotFoundError):
                    _copy_file(f"{path}{suffix}", f"{copy}{suffix}")
            with contextlib.closing(connect(copy, "rw")) as disk:
                disk.backup(memory)


def _copy_file(path: str, copy: str) -> None:
    try:
        shutil.copyfile(path, copy)
    except PermissionError as error:
        raise ProjectError(
            f"{path} cannot be opened: you may not read it. Change its permissions, or "
            "ask its owner for a copy."
        ) from error


def _write_file(
    memory: sqlite3.Connection, path: Path, *, old_goes_to: Path | None = None
) -> None:
    """Write a database to a file that appears complete or not at all."""
    path = path.resolve()  # of a link, what it leads to
    part = path.with_name(f".{path.name}.part")
    journal = path.with_name(f"{path.name}-journal")
    try:
        part.unlink(missing_ok=True)
        with contextlib.closing(connect(part, "rwc")) as disk:
            memory.backup(disk)
        if old_goes_to is not None:
            shutil.copyfile(path, old_goes_to)
        journal.unlink(missing_ok=True)  # it belongs to the old file
        part.replace(path)
    except OSError as error:
        raise ProjectError(f"{path} cannot be saved: {error.strerror}.") from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _free_name(path: Path) -> Path:
    """Return the name itself, or with the first number that is free."""
    free, number = path, 2
    while free.exists():
        free = path.with_name(f"{path.name}.{number}")
        number += 1
    return free
