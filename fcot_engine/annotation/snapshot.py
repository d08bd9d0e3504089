"""The JSON file of a project: which video, and all annotations at the last save."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fcot_engine.annotation.edit_text import decode_annotations, encode_annotations
from fcot_engine.annotation.journal import sync_folder
from fcot_engine.annotation.targets import Annotations
from fcot_engine.annotation.video_identity import VideoIdentity
from fcot_engine.errors import ProjectError

__all__ = ["Snapshot", "from_bytes", "read_snapshot", "to_bytes", "write_snapshot"]

_FORMAT = "fcot-project"
_VERSION = 1


@dataclass
class Snapshot:
    """What the JSON file says."""

    project_id: str
    """Random, the same in the journal."""
    generation: int
    """Number of the journal that goes on from here."""
    video: VideoIdentity
    video_path: Path | None
    """Where the video was last seen; None for frames without a file."""
    annotations: Annotations


def read_snapshot(path: Path) -> Snapshot:
    """Read the file.

    Raises:
        ProjectError: it cannot be read, is damaged, or of another version.
    """
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProjectError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise ProjectError(
            f"{path.name} is no project, or it is damaged ({error}). Restore a copy of "
            "it."
        ) from error
    if not isinstance(written, dict) or written.get("format") != _FORMAT:
        raise ProjectError(f"{path.name} is not a project of this program.")
    if written.get("version") != _VERSION:
        raise ProjectError(
            f"{path.name} was written by another version of the program (format "
            f"{written.get('version')}, this one reads {_VERSION}). Update napari-fcot."
        )
    try:
        video_path = written["video_path"]
        return Snapshot(
            project_id=written["project"],
            generation=int(written["generation"]),
            video=VideoIdentity.from_json(written["video"]),
            video_path=None if video_path is None else Path(video_path),
            annotations=decode_annotations(written["annotations"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ProjectError(
            f"{path.name} is damaged ({type(error).__name__}: {error}). Restore a copy "
            "of it."
        ) from error


def write_snapshot(path: Path, snapshot: Snapshot) -> None:
    """Replace the file in one step: there is the old one or the new one.

    Raises:
        ProjectError: it cannot be written; the old file is as it was.
    """
    written = {
        "format": _FORMAT,
        "version": _VERSION,
        "project": snapshot.project_id,
        "generation": snapshot.generation,
        "video": snapshot.video.to_json(),
        "video_path": None if snapshot.video_path is None else str(snapshot.video_path),
        "annotations": encode_annotations(snapshot.annotations),
    }
    temporary = path.with_name(f".{path.name}.part")
    try:
        with temporary.open("wb") as stream:
            stream.write(to_bytes(written) + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise ProjectError(
            f"The project cannot be saved to {path}: {error.strerror or error}. Free "
            "some space, or choose a folder that you may write to."
        ) from error
    sync_folder(path.parent)


def to_bytes(value: dict[str, Any]) -> bytes:
    """Write a JSON value in one line."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.encode("ascii")


def from_bytes(payload: bytes) -> dict[str, Any]:
    """Read what `to_bytes` wrote.

    Raises:
        ProjectError: it is something else.
    """
    try:
        value = json.loads(payload)
    except ValueError as error:
        raise ProjectError(
            "The journal cannot be read. Restore a copy of the project."
        ) from error
    if not isinstance(value, dict):
        raise ProjectError("The journal cannot be read. Restore a copy of the project.")
    return value
