"""Checkpoints: written whole or not at all, in pieces that are easy to carry.

A run folder holds `checkpoint-<step>/` with `index.json` and `piece-000.bin`, ..., each
of at most 16 MiB. It is written beside under another name and renamed when complete;
older ones are removed only then.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
from pathlib import Path
from typing import Any

import torch

from fcot_engine.errors import TrainingError

__all__ = ["PIECE_BYTES", "find_checkpoint", "read_checkpoint", "write_checkpoint"]

PIECE_BYTES = 16 * 2**20
"""Largest size of a piece, in bytes."""

_INDEX = "index.json"


def write_checkpoint(
    folder: Path, state: dict[str, Any], *, step: int, piece_bytes: int = PIECE_BYTES
) -> Path:
    """Write a checkpoint and remove older ones.

    Args:
        folder: the run folder.
        state: tensors, numbers, strings and containers of these.
        step: number of the step, part of the name.
        piece_bytes: largest size of a piece.

    Returns:
        The folder of the checkpoint.

    Raises:
        TrainingError: it cannot be written; earlier checkpoints are kept.
    """
    buffer = io.BytesIO()
    torch.save(state, buffer)
    data = buffer.getbuffer()
    target = folder / f"checkpoint-{step:09d}"
    draft = folder / f".{target.name}.{os.getpid()}.part"
    try:
        draft.mkdir(parents=True)
        pieces: list[dict[str, str | int]] = []
        for start in range(0, len(data), piece_bytes):
            name = f"piece-{len(pieces):03d}.bin"
            part = data[start : start + piece_bytes]
            _write_synced(draft / name, part)
            digest = hashlib.sha256(part).hexdigest()
            pieces.append({"name": name, "bytes": len(part), "sha256": digest})
        index = json.dumps({"step": step, "pieces": pieces}, indent=1)
        _write_synced(draft / _INDEX, index.encode())
        if target.exists():
            shutil.rmtree(target)
        draft.replace(target)
    except OSError as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise TrainingError(
            f"The checkpoint {target} cannot be written: {error}. Earlier checkpoints "
            "are kept; make room and resume."
        ) from error
    for old in _list_checkpoints(folder):
        if old != target:
            shutil.rmtree(old, ignore_errors=True)
    return target


def find_checkpoint(folder: Path) -> Path | None:
    """The newest complete checkpoint of a run folder, or None."""
    found = _list_checkpoints(folder)
    return found[-1] if found else None


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint to the CPU.

    Raises:
        TrainingError: a piece is missing or differs from what was written.
    """
    try:
        index = json.loads((path / _INDEX).read_text())
        data = bytearray()
        for piece in index["pieces"]:
            part = (path / piece["name"]).read_bytes()
            if hashlib.sha256(part).hexdigest() != piece["sha256"]:
                raise TrainingError(
                    f"{path / piece['name']} is damaged: {len(part)} bytes that differ "
                    f"from the {piece['bytes']} written. Copy the checkpoint again."
                )
            data += part
        state: dict[str, Any] = torch.load(
            io.BytesIO(data), map_location="cpu", weights_only=True
        )
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        raise TrainingError(
            f"The checkpoint {path} cannot be read: {error!r}. "
            "Copy all its pieces, or start again without --resume."
        ) from error
    return state


def _list_checkpoints(folder: Path) -> list[Path]:
    return sorted(p for p in folder.glob("checkpoint-*") if (p / _INDEX).is_file())


def _write_synced(path: Path, data: bytes | memoryview) -> None:
    with path.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
