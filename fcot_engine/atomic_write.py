"""Files that appear complete or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from fcot_engine.errors import ExportError


class StagedFiles:
    """Files written beside their final paths; see `write_together`."""

    def __init__(self) -> None:
        self._temporary_of: dict[Path, Path] = {}  # by final path
        self._made_folders: list[Path] = []

    @property
    def paths(self) -> list[Path]:
        """The final paths, in the order of writing."""
        return list(self._temporary_of)

    def write_text(self, path: Path, text: str, *, durable: bool = True) -> None:
        """Write UTF-8 text that will become `path` at the end.

        Args:
            path: where it will lie.
            text: what to write.
            durable: wait until the disk has it; of thousands of small files that
                would take minutes.

        Raises:
            OSError: it cannot be written; `write_together` translates this.
        """
        self._make_folder(path.parent)
        temporary = _free_name(path, ".part")
        self._temporary_of[path] = temporary
        with temporary.open("w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            if durable:
                os.fsync(stream.fileno())  # a full disk may show only here

    def read_back(self, path: Path) -> str:
        """Return the text that will become `path`, as it was written.

        Raises:
            OSError: it cannot be read; `write_together` translates this.
        """
        return self._temporary_of[path].read_text(encoding="utf-8")

    def commit(self) -> None:
        """Give all files their names; at an error put the old ones back."""
        kept: list[tuple[Path, Path | None]] = []  # (final, copy of the old file)
        try:
            for final, temporary in self._temporary_of.items():
                kept.append((final, _keep_old(final)))
                temporary.replace(final)
        except OSError:
            for final, old in reversed(kept):
                if old is not None:
                    old.replace(final)
                elif final.is_file():
                    final.unlink()
            raise
        for _, old in kept:
            if old is not None:
                old.unlink()

    def discard(self) -> None:
        """Remove what was written and the folders made for it."""
        for temporary in self._temporary_of.values():
            temporary.unlink(missing_ok=True)
        for folder in reversed(self._made_folders):
            with contextlib.suppress(OSError):  # somebody else put files there
                folder.rmdir()

    def _make_folder(self, folder: Path) -> None:
        if folder.is_dir():
            return
        self._make_folder(folder.parent)
        folder.mkdir()
        self._made_folders.append(folder)


@contextlib.contextmanager
def write_together() -> Iterator[StagedFiles]:
    """Write several files of which either all appear or none.

    They are written beside their final paths first and renamed when all are complete.
    Whatever goes wrong, nothing half-written is left and files that were there before
    stay as they were.

    Raises:
        ExportError: a file or folder cannot be written.

    Example:
        with write_together() as files:
            files.write_text(folder / "gt.txt", rows)
            files.write_text(folder / "labels.txt", names)
    """
    files = StagedFiles()
    try:
        yield files
        files.commit()
    except OSError as error:
        files.discard()
        name = error.filename or (files.paths[-1] if files.paths else "the files")
        raise ExportError(
            f"{name} cannot be written: {error.strerror or error}. Nothing was "
            "changed. Free some space, or choose a folder that you may write to."
        ) from error
    except BaseException:
        files.discard()
        raise


def _keep_old(final: Path) -> Path | None:
    """Keep a second name of a file that is about to be replaced."""
    if not final.exists():
        return None
    old = _free_name(final, ".old")
    try:
        os.link(final, old)
    except OSError:  # file systems without hard links
        shutil.copy2(final, old)
    return old


def _free_name(path: Path, suffix: str) -> Path:
    token = secrets.token_hex(4)
    return path.with_name(f".{path.name}.{token}{suffix}")
