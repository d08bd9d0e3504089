"""A project on the disk: `NAME.fcot.json` and the journal beside it.

    NAME.fcot.json         which video, and all annotations at the last save
    NAME.fcot.3.journal    every edit since then, and earlier ones to undo

Each edit is in the journal before the call that made it returns, so nothing has to be
saved. Saving writes the JSON file anew and begins a new journal, `NAME.fcot.4.journal`.
It appears complete under its new number first, then the JSON file, which names that
number, is replaced in one step, then the old journal goes: at each moment there is one
valid pair. The JSON file alone opens as well; then the edits since the last save and
the undo steps are missing.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import Any

from fcot_engine.annotation.edit_text import encode_edit
from fcot_engine.annotation.edits import Edit
from fcot_engine.annotation.history import History, StoredEdit
from fcot_engine.annotation.journal import Journal
from fcot_engine.annotation.project_lock import ProjectLock
from fcot_engine.annotation.replay import (
    begin_journal,
    drop_journals,
    drop_stale_journals,
    find_generations,
    journal_path,
    resume_journal,
)
from fcot_engine.annotation.snapshot import (
    Snapshot,
    read_snapshot,
    to_bytes,
    write_snapshot,
)
from fcot_engine.annotation.targets import Annotations
from fcot_engine.annotation.video_identity import VideoIdentity
from fcot_engine.errors import MovedVideoError, OtherVideoError, ProjectError

__all__ = [
    "PROJECT_SUFFIX",
    "Project",
    "check_new",
    "find_video_of",
    "project_path_for",
]

PROJECT_SUFFIX = ".fcot.json"

_SAVE_AT_BYTES = 32 * 2**20


class Project:
    """An open project: its history, and the files that follow it.

    Use `create` or `open`, and `close` in the end.
    """

    def __init__(
        self,
        path: Path,
        snapshot: Snapshot,
        history: History,
        journal: Journal,
        lock: ProjectLock,
        notes: tuple[str, ...] = (),
    ) -> None:
        self.path = path
        self.history = history
        self.notes = notes
        """What had to be mended on opening, in words for people."""
        self._snapshot = snapshot
        self._journal = journal
        self._lock = lock
        self._is_closed = False
        # the part of the journal that a new one would have, too
        entries = (*history.past, *history.future)
        self._kept_bytes = sum(
            entry.n_bytes for entry in entries if isinstance(entry, StoredEdit)
        )

    # --- coming and going ------------------------------------------------------

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        video: VideoIdentity,
        video_path: Path | None = None,
        *,
        replace: bool = False,
        history: History | None = None,
    ) -> Project:
        """Begin a project.

        Args:
            path: the file, best named `NAME.fcot.json`.
            video: what it is made on.
            video_path: where that lies; None for frames without a file.
            replace: whether an old project of that name may be replaced.
            history: annotations to begin with, and what can be undone; nothing if None.

        Raises:
            ProjectError: it cannot be written, there is one already, or it is open in
                another window.
        """
        place = Path(path)
        if not replace:
            check_new(place)
        lock = ProjectLock(place)
        try:
            old = find_generations(place)
            history = History(Annotations()) if history is None else history
            snapshot = Snapshot(
                project_id=secrets.token_hex(8),
                generation=max(old, default=0) + 1,
                video=video,
                video_path=None if video_path is None else video_path.resolve(),
                annotations=history.annotations,
            )
            journal = begin_journal(place, snapshot, history)
            write_snapshot(place, snapshot)
            drop_journals(place, old)
        except BaseException:
            lock.release()
            raise
        return cls(place, snapshot, history, journal, lock)

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Project:
        """Open a project as it was after the last finished edit.

        The video is not looked at: see `find_video` and `check_video`.

        Raises:
            ProjectError: there is none, it is damaged, of a newer version, or open in
                another window.
        """
        place = Path(path)
        if not place.is_file():
            raise ProjectError(f"There is no project {place}. Check the path.")
        lock = ProjectLock(place)
        try:
            snapshot = read_snapshot(place)
            history, journal, notes = resume_journal(place, snapshot)
            notes += drop_stale_journals(place, snapshot.generation)
        except BaseException:
            lock.release()
            raise
        return cls(place, snapshot, history, journal, lock, notes)

    def close(self) -> None:
        """Save and let go of the files."""
        if self._is_closed:
            return
        self.save()
        self.abandon()

    def abandon(self) -> None:
        """Let go of the files as they are; the journal has every edit."""
        self._is_closed = True
        self._journal.close()
        self._lock.release()

    # --- the video -------------------------------------------------------------

    @property
    def video(self) -> VideoIdentity:
        """What the project was made on."""
        return self._snapshot.video

    @property
    def annotations(self) -> Annotations:
        """All targets and boxes."""
        return self.history.annotations

    def find_video(self, video_path: str | os.PathLike[str] | None = None) -> Path:
        """Return where the video lies.

        It is looked for beside the project, as it lay when the project was saved, and
        then where it was.

        Args:
            video_path: where a person says that it is now.

        Raises:
            MovedVideoError: it is nowhere; ask, and give the answer as `video_path`.
        """
        return _find_video(self._snapshot, self.path, video_path)

    def check_video(self, found: VideoIdentity, path: Path | None = None) -> None:
        """Make sure that this is the video of the project, and remember its place.

        Raises:
            OtherVideoError: it is another one; its boxes would lie wrong on it.
        """
        reasons = self.video.differences(found)
        if reasons:
            raise OtherVideoError(
                f"{found.name} is not the video this project was made on "
                f"({self.video.name}): {'; '.join(reasons)}. Choose the original file.",
                reasons=reasons,
            )
        if path is not None:
            self._snapshot.video_path = path.resolve()

    # --- edits -----------------------------------------------------------------

    def do(self, edit: Edit, *, durable: bool = True) -> None:
        """Carry an edit out; it is in the journal when this returns.

        Args:
            edit: what to do.
            durable: wait until the disk has it, for a power cut's sake.

        Raises:
            EditError: it does not fit.
            ProjectError: it cannot be saved. In both cases nothing is changed.
        """
        self.history.annotations.apply(edit)  # find out whether it fits
        self.history.annotations.apply(edit.inverse())
        self._write("do", self._encode(edit), durable=durable)
        self.history.do(edit)

    def note_done(self, edit: Edit) -> None:
        """Write down an edit that `history` has done already."""
        self._write("do", self._encode(edit), durable=False)

    def note_more(self, more: Edit) -> None:
        """Write down by what `history` has extended its last edit already."""
        self._write("extend", self._encode(more), durable=False)

    def undo(self) -> Edit:
        """Take the last edit back and return it.

        Raises:
            EditError: there is nothing to take back.
            ProjectError: that cannot be saved; then nothing is changed.
        """
        edit = self.history.undo()
        try:
            self._write("undo", {})
        except ProjectError:
            self.history.redo()
            raise
        return edit

    def redo(self) -> Edit:
        """Repeat what was taken back last, and return it.

        Raises:
            EditError: there is nothing to repeat.
            ProjectError: that cannot be saved; then nothing is changed.
        """
        edit = self.history.redo()
        try:
            self._write("redo", {})
        except ProjectError:
            self.history.undo()
            raise
        return edit

    def sync(self) -> None:
        """Wait until the disk has every edit."""
        self._journal.sync()

    @property
    def needs_save(self) -> bool:
        """Whether the journal has grown so long that opening would take a while."""
        return self._journal.n_bytes - self._kept_bytes > _SAVE_AT_BYTES

    def save(self) -> None:
        """Write the JSON file anew and shorten the journal.

        No edit depends on it: it makes opening quick.

        Raises:
            ProjectError: it cannot be written; the project goes on with the old files.
        """
        old = self._snapshot.generation
        new = max(find_generations(self.path), default=old) + 1
        self._snapshot.generation = new
        try:
            journal = begin_journal(self.path, self._snapshot, self.history)
            write_snapshot(self.path, self._snapshot)
        except BaseException:
            self._snapshot.generation = old
            with contextlib.suppress(OSError):
                journal_path(self.path, new).unlink(missing_ok=True)
            raise
        self._journal.close()
        self._journal = journal
        self._kept_bytes = journal.n_bytes
        drop_journals(self.path, {old})

    def _encode(self, edit: Edit) -> dict[str, Any]:
        return encode_edit(edit, self.history.annotations.makers)

    def _write(self, kind: str, value: dict[str, Any], *, durable: bool = True) -> None:
        self._journal.append(kind, to_bytes(value), durable=durable)


def check_new(path: Path) -> None:
    """Make sure that there is no project yet.

    Raises:
        ProjectError: there is one.
    """
    if path.exists():
        raise ProjectError(
            f"There is already a project {path}. Open it, or choose another name."
        )


def project_path_for(video_path: Path) -> Path:
    """Return the usual place of a video's project: beside it, by its name.

    Example:
        >>> project_path_for(Path("film.mp4")).name
        'film.fcot.json'
    """
    return video_path.with_name(video_path.stem + PROJECT_SUFFIX)


def find_video_of(path: str | os.PathLike[str]) -> Path:
    """Return where the video of a project lies, without opening the project.

    Raises:
        ProjectError: the project cannot be read.
        MovedVideoError: its video is nowhere.
    """
    place = Path(path)
    return _find_video(read_snapshot(place), place, None)


def _find_video(
    snapshot: Snapshot,
    project_path: Path,
    video_path: str | os.PathLike[str] | None,
) -> Path:
    if video_path is not None:
        given = Path(video_path)
        if given.exists():
            return given
        raise MovedVideoError(
            f"There is no file or folder {given}. Check the path, or choose "
            f"{snapshot.video.name} again.",
            video_path=str(given),
        )
    known = snapshot.video_path
    if known is None:
        raise MovedVideoError(
            f"The project was made on {snapshot.video.name}, which is not a file. Open "
            "those frames first and give them with the project.",
            video_path=snapshot.video.name,
        )
    for candidate in (project_path.parent / known.name, known):
        if candidate.exists():
            return candidate
    raise MovedVideoError(
        f"The video {snapshot.video.name} is no longer at {known}. Say where it is.",
        video_path=str(known),
    )
