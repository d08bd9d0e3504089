"""The checkpoint of a run: one file of `torch.save`, written whole or not at all."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import torch

from fcot_engine.errors import TrainingError

_NAME = "checkpoint.pt"


def write_checkpoint(folder: Path, state: dict[str, Any]) -> Path:
    """Write a checkpoint in place of the one before.

    Args:
        folder: the run folder, made if it is missing.
        state: tensors, numbers, strings and containers of these.

    Returns:
        The file.

    Raises:
        TrainingError: it cannot be written; the checkpoint before is kept.
    """
    target = folder / _NAME
    draft = folder / f".{_NAME}.{os.getpid()}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as stream:
            torch.save(state, stream)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(target)
    except (OSError, RuntimeError) as error:  # torch reports a full disk as the latter
        draft.unlink(missing_ok=True)
        raise TrainingError(
            f"The checkpoint {target} cannot be written: {error}. The one before is "
            "kept, if there is one; make room and resume."
        ) from error
    return target


def find_checkpoint(folder: Path) -> Path | None:
    """The checkpoint of a run folder, or None."""
    path = folder / _NAME
    return path if path.is_file() else None


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint to the CPU.

    Raises:
        TrainingError: it cannot be read or is damaged.
    """
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, EOFError, ValueError, RuntimeError, pickle.PickleError) as error:
        raise TrainingError(
            f"The checkpoint {path} cannot be read: {error}. Copy it again, or start "
            "again without --resume."
        ) from error
    return state
