r"""A file that only grows, and is readable up to its last complete line after a crash.

One record is one line: eight hexadecimal digits, a kind, and JSON without line breaks.

    3f2a90c1 do {"kind":"draw_box",...}

The digits are the CRC-32 of the rest of the line, started from the CRC of the line
before. So a line that was half written, changed, left out or written twice is noticed,
and so is everything behind it.
"""

from __future__ import annotations

import os
import shutil
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from fcot_engine.errors import ProjectError

__all__ = ["Journal", "JournalContents", "Record", "read_journal", "sync_folder"]

_DIGITS = 8


class Record(NamedTuple):
    """One line of a journal."""

    kind: str
    payload: bytes
    """JSON, not parsed."""


@dataclass(frozen=True)
class JournalContents:
    """What could be read of a journal."""

    records: list[Record]
    good_bytes: int
    """Length of the readable part."""
    lost_bytes: int
    """Length of what follows it: at most the record that was being written in a crash,
    unless the file was damaged."""
    crc: int
    """CRC of the last good line, to go on from."""


def read_journal(path: Path) -> JournalContents:
    """Read all records up to the first one that is not as it was written.

    Raises:
        ProjectError: the file cannot be read at all.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ProjectError(
            f"The journal {path.name} cannot be read: {error.strerror}. Put it back "
            "beside the project file."
        ) from error
    records: list[Record] = []
    crc = place = 0
    while (end := data.find(b"\n", place)) >= 0:
        body = data[place + _DIGITS + 1 : end]
        expected = zlib.crc32(body, crc)
        if data[place : place + _DIGITS + 1] != b"%08x " % expected:
            break
        kind, _, payload = body.partition(b" ")
        records.append(Record(kind.decode("ascii"), payload))
        crc, place = expected, end + 1
    return JournalContents(records, place, len(data) - place, crc)


class Journal:
    """Appends records to a file; see the module's docstring.

    Each record is handed to the system in one go before `append` returns, so it
    outlives the process, however that ends. With `durable` it is on the disk as well,
    so it outlives a power cut.
    """

    def __init__(self, path: Path, *, contents: JournalContents | None = None) -> None:
        """Begin a new file, or go on behind what was read of an old one.

        What could not be read is cut off; if it is more than one half-written line, a
        copy of the whole file is kept beside it first.

        Args:
            path: the file.
            contents: what `read_journal` returned; None begins a new file.

        Raises:
            ProjectError: the file cannot be written.
        """
        self.path = path
        self._crc = 0 if contents is None else contents.crc
        self._size = 0 if contents is None else contents.good_bytes
        try:
            if contents is not None and contents.lost_bytes:
                _keep_damaged(path, contents)
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
            if contents is None:
                flags |= os.O_TRUNC
            self._handle = os.open(path, flags, 0o644)
            os.truncate(self._handle, self._size)
            os.lseek(self._handle, self._size, os.SEEK_SET)
        except OSError as error:
            raise ProjectError(_describe(path, error)) from error

    @property
    def n_bytes(self) -> int:
        """Size of the file."""
        return self._size

    def append(self, kind: str, payload: bytes, *, durable: bool = True) -> None:
        """Write one record.

        Args:
            kind: a word.
            payload: JSON without line breaks.
            durable: wait until the disk has it.

        Raises:
            ProjectError: it cannot be written; the file is as it was.
        """
        body = kind.encode("ascii") + b" " + payload
        crc = zlib.crc32(body, self._crc)
        line = b"%08x %s\n" % (crc, body)
        try:
            _write_all(self._handle, line)
            if durable:
                os.fsync(self._handle)
        except OSError as error:
            self._take_back()
            raise ProjectError(_describe(self.path, error)) from error
        self._crc = crc
        self._size += len(line)

    def sync(self) -> None:
        """Wait until the disk has everything.

        Raises:
            ProjectError: it cannot be written.
        """
        try:
            os.fsync(self._handle)
        except OSError as error:
            raise ProjectError(_describe(self.path, error)) from error

    def close(self) -> None:
        """Close the file; what was appended stays."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _take_back(self) -> None:
        """Cut off what was written of a record that failed."""
        try:
            os.truncate(self._handle, self._size)
            os.lseek(self._handle, self._size, os.SEEK_SET)
        except OSError:
            return  # reading the journal ends before it, as after a crash


def sync_folder(folder: Path) -> None:
    """Bring new and renamed files of a folder to the disk, where the system can."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return  # Windows cannot open folders and needs no sync of them
    try:
        os.fsync(handle)
    except OSError:
        return  # some network file systems cannot
    finally:
        os.close(handle)


def _write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def _keep_damaged(path: Path, contents: JournalContents) -> None:
    with path.open("rb") as stream:
        stream.seek(contents.good_bytes)
        lost = stream.read()
    if lost.count(b"\n") > 1 or (b"\n" in lost and not lost.endswith(b"\n")):
        shutil.copy2(path, path.with_name(path.name + ".damaged"))


def _describe(path: Path, error: OSError) -> str:
    return (
        f"The project cannot be saved to {path}: {error.strerror or error}. Free some "
        "space, or save the project in a folder that you may write to."
    )
