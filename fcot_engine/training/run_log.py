"""The log of a run: one CSV line every few steps, its curves, and TensorBoard."""

from __future__ import annotations

import csv
import logging
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fcot_engine.errors import TrainingError

_LOG = logging.getLogger(__name__)
_COLUMNS = 3
_PANEL_INCHES = (3.6, 2.0)
_NO_CURVES = {"step", "samples", "minutes"}


class RunLog:
    """Appends rows to `log.csv`; a new column makes the file be written anew.

    Args:
        folder: the run folder.
        after_step: rows of later steps are dropped: they belong to a run that was
            cut off after its last checkpoint.
        tensorboard: write `tensorboard/` as well, each figure as a curve over the
            samples seen.

    Raises:
        TrainingError: the log there cannot be read, or TensorBoard is not installed.
    """

    def __init__(
        self, folder: Path, *, after_step: int = 0, tensorboard: bool = False
    ) -> None:
        self.path = folder / "log.csv"
        old = read_log(self.path) if self.path.is_file() else []
        self._rows = [row for row in old if row.get("step", 0.0) <= after_step]
        self._board: Any = None
        if tensorboard:
            seen = int(self._rows[-1]["samples"]) if self._rows else 0
            self._board = _open_tensorboard(folder / "tensorboard", after_samples=seen)
        self._write()

    def add(self, row: Mapping[str, float]) -> None:
        """Append one row of named numbers, `step` and `samples` among them.

        Raises:
            TrainingError: the file cannot be written.
        """
        known = self._names()
        self._rows.append(dict(row))
        self._write(only_last=self._names() == known)
        if self._board is not None:
            for name in row.keys() - {"step", "samples"}:
                self._board.add_scalar(name, row[name], int(row["samples"]))
            self._board.flush()

    def close(self) -> None:
        """Draw the curves, where matplotlib is installed, and close all files."""
        if self._board is not None:
            self._board.close()
        plot_log(self.path, self.path.with_suffix(".png"))

    def _names(self) -> list[str]:
        return list(dict.fromkeys(name for row in self._rows for name in row))

    def _write(self, *, only_last: bool = False) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a" if only_last else "w", newline="") as stream:
                writer = csv.DictWriter(stream, self._names())
                if not only_last and self._rows:
                    writer.writeheader()
                for row in self._rows[-1:] if only_last else self._rows:
                    writer.writerow({k: f"{value:.6g}" for k, value in row.items()})
        except OSError as error:
            raise TrainingError(
                f"The training log {self.path} cannot be written: {error}."
            ) from error


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


def plot_log(log_path: Path, picture_path: Path) -> None:
    """Draw every column of a log over the samples seen, one panel each.

    Nothing is drawn of a single line, or without matplotlib (the extra `train`).

    Raises:
        TrainingError: the log cannot be read.
    """
    rows = read_log(log_path)
    if len(rows) < 2:
        return
    try:
        from matplotlib.figure import Figure
    except ImportError:
        _LOG.info("No curves are drawn: matplotlib is not installed.")
        return
    names = dict.fromkeys(name for row in rows for name in row)
    shown = [name for name in names if name not in _NO_CURVES]
    lines = max(1, math.ceil(len(shown) / _COLUMNS))
    width, height = _PANEL_INCHES
    figure = Figure((_COLUMNS * width, lines * height))
    figure.subplots_adjust(0.06, 0.25 / lines, 0.98, 1 - 0.2 / lines, 0.25, 0.6)
    for number, name in enumerate(shown, start=1):
        points = [(row["samples"], row[name]) for row in rows if name in row]
        axes = figure.add_subplot(lines, _COLUMNS, number, title=name)
        axes.plot(*zip(*points, strict=True), linewidth=1)
    figure.savefig(picture_path)


def _open_tensorboard(folder: Path, *, after_samples: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise TrainingError(
            f"--tensorboard needs TensorBoard, which cannot be imported: {error}. "
            "Install it with: pip install 'napari-fcot[tensorboard]'."
        ) from error
    return SummaryWriter(str(folder), purge_step=after_samples + 1)
