"""The log of a run: one CSV line every few steps."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from pathlib import Path

from fcot_engine.errors import TrainingError

__all__ = ["RunLog", "read_log"]


class RunLog:
    """Appends rows to `log.csv`; a new column makes the file be written anew.

    Args:
        path: the CSV file.
        after_step: rows of later steps are dropped: they belong to a run that was
            cut off after its last checkpoint.
    """

    def __init__(self, path: Path, *, after_step: int) -> None:
        self._path = path
        old = read_log(path) if path.is_file() else []
        rows = [row for row in old if row.get("step", 0.0) <= after_step]
        self._columns: list[str] = list(dict.fromkeys(k for row in rows for k in row))
        self._rewrite(rows)

    def add(self, row: Mapping[str, float]) -> None:
        """Append one row of named numbers; `step` is one of them.

        Raises:
            TrainingError: the file cannot be written.
        """
        if any(name not in self._columns for name in row):
            rows = read_log(self._path)
            self._columns += [name for name in row if name not in self._columns]
            self._rewrite(rows)
        try:
            with self._path.open("a", newline="") as stream:
                csv.DictWriter(stream, self._columns).writerow(_as_text(row))
        except OSError as error:
            raise _unwritable(self._path, error) from error

    def _rewrite(self, rows: list[dict[str, float]]) -> None:
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}.part")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with draft.open("w", newline="") as stream:
                writer = csv.DictWriter(stream, self._columns)
                if self._columns:
                    writer.writeheader()
                writer.writerows(_as_text(row) for row in rows)
            draft.replace(self._path)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise _unwritable(self._path, error) from error


def read_log(path: Path) -> list[dict[str, float]]:
    """Read a log; empty cells are left out of their row.

    Raises:
        TrainingError: the file is missing or holds other things than numbers.
    """
    try:
        with path.open(newline="") as stream:
            return [
                {name: float(text) for name, text in row.items() if text}
                for row in csv.DictReader(stream)
            ]
    except (OSError, ValueError, TypeError) as error:
        raise TrainingError(
            f"The training log {path} cannot be read: {error}. Move it away to go on."
        ) from error


def _as_text(row: Mapping[str, float]) -> dict[str, str]:
    return {name: f"{value:.6g}" for name, value in row.items()}


def _unwritable(path: Path, error: OSError) -> TrainingError:
    return TrainingError(f"The training log {path} cannot be written: {error}.")
