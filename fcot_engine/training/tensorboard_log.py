"""The log of a run for TensorBoard, which is an optional package."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fcot_engine.errors import TrainingError

__all__ = ["TensorboardLog"]

_NO_CURVES = {"step", "samples"}


class TensorboardLog:
    """Writes each figure of a log line as a curve over the samples seen.

    Args:
        folder: where the event files go.
        after_samples: what an earlier leg wrote from there on is dropped.

    Raises:
        TrainingError: TensorBoard is not installed.
    """

    def __init__(self, folder: Path, *, after_samples: int = 0) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise TrainingError(
                f"--tensorboard needs TensorBoard, which cannot be imported: {error}. "
                "Install it with: pip install 'napari-fcot[tensorboard]'."
            ) from error
        self._writer = SummaryWriter(str(folder), purge_step=after_samples + 1)

    def add(self, row: Mapping[str, float]) -> None:
        """Write one line of named numbers; `samples` is one of them."""
        for name, value in row.items():
            if name not in _NO_CURVES:
                self._writer.add_scalar(name, value, int(row["samples"]))
        self._writer.flush()

    def close(self) -> None:
        """Close the event file."""
        self._writer.close()
