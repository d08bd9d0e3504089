"""A project as JSON, for people and for programs that know nothing of ours."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from fcot_engine.annotation._sealed import info_to_json
from fcot_engine.annotation.boxes import Box
from fcot_engine.annotation.project import Project
from fcot_engine.annotation.targets import Annotations
from fcot_engine.atomic_write import write_together

__all__ = ["annotations_to_json", "write_project_json"]


def write_project_json(path: str | os.PathLike[str], project: Project) -> Path:
    """Write everything that a project holds: video, targets, boxes, and what was done.

    Frames are counted from 0, boxes are x, y, width, height in image pixels. A box
    stands on one line. It is for reading: a project is not made of it again.

    Args:
        path: the JSON file.
        project: open for writing or for looking.

    Returns:
        The path.

    Raises:
        ExportError: the file cannot be written.
        ProjectError: an edit cannot be read.
    """
    written = {
        "format": "fcot-project-json",
        "version": 1,
        "video": project.video.to_json(),
        **annotations_to_json(project.annotations),
        "edits": [
            {
                "at": stored.at,
                "by": stored.edit.by.value,
                "kind": stored.edit.kind,
                "text": stored.edit.text,
                "target_ids": sorted(stored.edit.target_ids),
            }
            for stored in project.edits()
        ],
    }
    with write_together() as files:
        files.write_text(Path(path), _to_text(written) + "\n")
    return Path(path)


def annotations_to_json(annotations: Annotations) -> dict[str, Any]:
    """Return targets and boxes as a JSON value; equal ones give equal values."""
    return {
        "next_id": annotations.next_id,
        "targets": [
            {
                **info_to_json(target.info),
                "boxes": [_box_to_json(box) for box in target.boxes],
            }
            for target in annotations
        ],
    }


def _box_to_json(box: Box) -> dict[str, Any]:
    written = {**vars(box), "origin": box.origin.name.lower()}
    maker = {name: text for name, text in vars(written.pop("maker")).items() if text}
    if maker:
        written["maker"] = maker
    return {name: value for name, value in written.items() if value is not None}


def _to_text(value: Any, depth: int = 0) -> str:
    """Write JSON with a line for each box, edit, and fact of a target."""
    if not isinstance(value, dict | list) or not _holds_records(value):
        return json.dumps(value)
    indent = "\n" + " " * (depth + 1)
    if isinstance(value, list):
        parts = [_to_text(part, depth + 1) for part in value]
    else:
        texts = {name: _to_text(part, depth + 1) for name, part in value.items()}
        parts = [f"{json.dumps(name)}: {text}" for name, text in texts.items()]
    opening, closing = "[]" if isinstance(value, list) else "{}"
    return f"{opening}{indent}{f',{indent}'.join(parts)}\n{' ' * depth}{closing}"


def _holds_records(value: dict[str, Any] | list[Any]) -> bool:
    if isinstance(value, list):
        return any(isinstance(part, dict) for part in value)
    return any(
        isinstance(part, list) and _holds_records(part) for part in value.values()
    )
