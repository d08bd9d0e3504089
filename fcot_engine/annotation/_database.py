"""SQLite files: opening them, who works on them, and their errors in plain words."""

from __future__ import annotations

import contextlib
import getpass
import os
import platform
import secrets
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from fcot_engine.errors import ProjectError, ProjectInUseError

DAMAGE = {"SQLITE_CORRUPT", "SQLITE_NOTADB"}
"""What SQLite calls a file that is not as it was written."""

_WAIT_S = 5.0  # for a reader in another process; it needs milliseconds
_WAYS_TO_SAY = {
    "SQLITE_FULL": "the disk is full. Free some space, then try again",
    "SQLITE_BUSY": "another program is using it, or its folder cannot lock files, as "
    "some network folders cannot. Wait a little and try again, or copy it to a folder "
    "on this computer",
    "SQLITE_READONLY": "the file cannot be written to. Copy it to a folder of your "
    "own, or change its permissions",
    "SQLITE_CANTOPEN": "its folder is not there or cannot be written to, or its name "
    "is too long. Copy it to a folder of your own, or give it a shorter name",
    "SQLITE_IOERR": "the disk reports an error ({error}). Check that the drive or "
    "network folder is still connected and has space, then try again",
    "SQLITE_CORRUPT": "the file is damaged. Close it and open it again: what can be "
    "saved is saved",
    "SQLITE_NOTADB": "it is no project, or it is damaged. Restore a copy of it",
}
_WAYS_TO_SAY["SQLITE_LOCKED"] = _WAYS_TO_SAY["SQLITE_BUSY"]
_WAYS_TO_SAY["SQLITE_PERM"] = _WAYS_TO_SAY["SQLITE_READONLY"]


def connect(
    path: Path, mode: Literal["ro", "rw", "rwc"], *, wait_s: float = _WAIT_S
) -> sqlite3.Connection:
    """Open a database file; any thread may use the connection, one at a time.

    Args:
        path: the file.
        mode: only read it, write to it, or make it if it is not there.
        wait_s: how long to wait for others that are writing.

    Raises:
        sqlite3.Error: it cannot be opened.
    """
    place = path.absolute().as_posix()
    # a drive letter needs the slash; a network folder of Windows has two already
    place = place if place.startswith("/") else f"/{place}"
    connection = sqlite3.connect(
        f"file://{quote(os.fsencode(place))}?mode={mode}",
        uri=True,
        timeout=wait_s,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.text_factory = decode_text
    return connection


def decode_text(data: bytes) -> str:
    """Read text of a file that may be damaged: it must not hide the rest of a row."""
    return data.decode(errors="replace")


def describe_error(error: sqlite3.Error) -> tuple[str, str]:
    """Return SQLite's name of an error, without details, and what it means."""
    name = getattr(error, "sqlite_errorname", "") or "SQLITE_ERROR"
    short = "_".join(name.split("_")[:2])
    return short, _WAYS_TO_SAY.get(short, "{error}").format(error=error)


@contextlib.contextmanager
def translate_errors(verb: str, path: Path | None) -> Iterator[None]:
    """Turn errors of SQLite into a `ProjectError`.

    Args:
        verb: what is done to the file, such as "saved".
        path: the file, None for memory.
    """
    try:
        yield
    except sqlite3.Error as error:
        name = "The project" if path is None else str(path)
        raise ProjectError(
            f"{name} cannot be {verb}: {describe_error(error)[1]}."
        ) from error


class OwnerLock:
    """Says that one program works on a project, until it is released or ends.

    A tiny database beside the project, in which a transaction is open all the time: the
    system ends it with the process, however that ends, and others can read in it who
    is at work. It is gone again when the project is closed.

    Raises:
        ProjectInUseError: somebody else works on the project.
        sqlite3.Error: the folder cannot be written to.
    """

    def __init__(self, project_path: Path) -> None:
        place = project_path.resolve()  # two links to one file are one project
        self._path = place.with_name(f".{place.name}.lock")
        self._token = secrets.token_hex(8)
        while True:
            self._connection = self._take(project_path.name)
            if self._is_in_place():
                return
            self._connection.close()  # its owner removed the file just now

    def release(self) -> None:
        """Let others work on the project."""
        with contextlib.suppress(OSError):  # somebody reads in it; it holds nothing
            self._path.unlink(missing_ok=True)
        self._connection.close()

    def _take(self, project_name: str) -> sqlite3.Connection:
        connection = connect(self._path, "rwc", wait_s=0.1)
        try:
            connection.execute("PRAGMA journal_mode = MEMORY")
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("CREATE TABLE IF NOT EXISTS owner (text, token)")
            connection.execute("DELETE FROM owner")
            us = (_describe_us(), self._token)
            connection.execute("INSERT INTO owner VALUES (?, ?)", us)
            connection.execute("COMMIT")
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            owner = self._read_owner(connection)
            is_busy = describe_error(error)[0] == "SQLITE_BUSY"
            if not is_busy:
                self._tidy_up(connection)
            connection.close()
            if not is_busy:
                raise
            raise ProjectInUseError(
                f"{project_name} is open already: {owner} works on it. Close it there "
                "first, or open it for looking only.",
                owner=owner,
            ) from error
        return connection

    def _tidy_up(self, connection: sqlite3.Connection) -> None:
        """Remove a file that could not be written, unless it is somebody's lock."""
        with contextlib.suppress(sqlite3.Error, OSError):
            if not connection.in_transaction:
                connection.execute("BEGIN IMMEDIATE")
            self._path.unlink()

    def _is_in_place(self) -> bool:
        try:
            with contextlib.closing(connect(self._path, "ro")) as reader:
                rows = reader.execute("SELECT token FROM owner").fetchall()
        except sqlite3.Error:
            return False
        return rows == [(self._token,)]

    @staticmethod
    def _read_owner(connection: sqlite3.Connection) -> str:
        try:
            ((text,),) = connection.execute("SELECT text FROM owner").fetchall()
        except (sqlite3.Error, ValueError):
            return "another program"
        return str(text)


def _describe_us() -> str:
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = "somebody"
    now = datetime.now(UTC).astimezone()
    return (
        f"{user} on {platform.node() or 'this computer'} (process {os.getpid()}) since "
        f"{now:%Y-%m-%d %H:%M}"
    )
