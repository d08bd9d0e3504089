"""What a project tells people and other programs: what it cost, and all of it as JSON.

What it has cost its annotator is counted from its edits, and only what stands: an edit
that was taken back is not there. Boxes are counted, and no hours.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fcot_engine.annotation._sealed import info_to_json
from fcot_engine.annotation.boxes import Box, Origin, are_human, differ
from fcot_engine.annotation.changes import By, Edit, SetBoxes
from fcot_engine.annotation.project import Project
from fcot_engine.annotation.targets import Annotations
from fcot_engine.atomic_write import write_together

_NOT_DRAWING = {"split_target", "merge_targets", "swap_targets", "import_tracks"}
"""Edits of a person that move boxes, or bring them from elsewhere."""


@dataclass(frozen=True, kw_only=True)
class TargetEffort:
    """One target's share."""

    target_id: int
    name: str
    class_name: str
    n_drawn: int
    """Boxes that a person drew, corrections among them."""
    n_corrections: int
    """Boxes drawn in place of one that a machine had put there."""
    n_boxes: int
    """Boxes that the target has now, whoever made them."""
    is_removed: bool = False
    """The target is gone, or went into another one."""

    @property
    def drawn_per_100_boxes(self) -> float | None:
        """Boxes drawn for each 100 that are there; None without boxes."""
        return None if not self.n_boxes else 100 * self.n_drawn / self.n_boxes


@dataclass(frozen=True, kw_only=True)
class EffortReport:
    """All of a project."""

    n_frames: int
    """Length of the video."""
    n_boxes: int
    """Boxes that are there now, of all targets."""
    targets: tuple[TargetEffort, ...]
    edits: dict[str, int]
    """Number of edits by kind, runs among them."""
    is_complete: bool
    """Whether the first edit is still there; else older boxes are missing."""

    @property
    def n_drawn(self) -> int:
        """Boxes that a person drew, corrections among them."""
        return sum(target.n_drawn for target in self.targets)

    @property
    def n_corrections(self) -> int:
        """Boxes drawn in place of one that a machine had put there."""
        return sum(target.n_corrections for target in self.targets)

    @property
    def drawn_per_100_frames(self) -> float:
        """Boxes drawn for each 100 frames of the video, of all targets together."""
        return 100 * self.n_drawn / self.n_frames

    @property
    def drawn_per_100_boxes(self) -> float | None:
        """Boxes drawn for each 100 that are there; None without boxes."""
        return None if not self.n_boxes else 100 * self.n_drawn / self.n_boxes

    def to_json(self) -> dict[str, Any]:
        """Return everything as a JSON value."""
        return {
            "frames": self.n_frames,
            "boxes": self.n_boxes,
            "drawn": self.n_drawn,
            "corrections": self.n_corrections,
            "drawn_per_100_frames": round(self.drawn_per_100_frames, 3),
            "drawn_per_100_boxes": _rounded(self.drawn_per_100_boxes),
            "is_complete": self.is_complete,
            "edits": self.edits,
            "targets": [
                {
                    **asdict(target),
                    "drawn_per_100_boxes": _rounded(target.drawn_per_100_boxes),
                }
                for target in self.targets
            ],
        }

    @property
    def text(self) -> str:
        """The report in lines for people."""
        first = (
            f"{_count(self.n_drawn, 'box', 'boxes')} drawn, {self.n_corrections} of "
            f"them corrections: {self.drawn_per_100_frames:.1f} for each 100 of the "
            f"video's {self.n_frames} frames."
        )
        lines = [first]
        lines += [_line(target) for target in self.targets]
        if self.edits:
            told = ", ".join(f"{kind} {n}" for kind, n in self.edits.items())
            lines.append(f"Edits: {told}.")
        if not self.is_complete:
            lines.append(
                "The oldest edits are no longer there: boxes drawn by them are not "
                "counted."
            )
        return "\n".join(lines)


def report_effort(project: Project, *, n_frames: int) -> EffortReport:
    """Count what people did.

    Args:
        project: with its edits.
        n_frames: length of the video, above 0.

    Raises:
        ProjectError: an edit cannot be read.
    """
    drawn: Counter[int] = Counter()
    corrected: Counter[int] = Counter()
    kinds: Counter[str] = Counter()
    for stored in project.edits():
        edit = stored.edit
        kinds[edit.kind] += 1
        if edit.by is By.HUMAN and edit.kind not in _NOT_DRAWING:
            _count_drawn(edit, drawn, corrected)
    annotations = project.annotations
    return EffortReport(
        n_frames=n_frames,
        n_boxes=sum(len(target.boxes) for target in annotations),
        targets=tuple(
            _of_target(annotations, target_id, drawn, corrected)
            for target_id in sorted({t.target_id for t in annotations} | set(drawn))
        ),
        edits=dict(sorted(kinds.items())),
        is_complete=project.has_first_edit,
    )


def _count_drawn(edit: Edit, drawn: Counter[int], corrected: Counter[int]) -> None:
    for change in edit.changes:
        if isinstance(change, SetBoxes):
            is_new = are_human(change.after) & differ(change.before, change.after)
            is_correction = is_new & (change.after["origin"] == Origin.CORRECTED)
            if is_new.any():
                drawn[change.target_id] += int(is_new.sum())
                corrected[change.target_id] += int(is_correction.sum())


def _of_target(
    annotations: Annotations,
    target_id: int,
    drawn: Counter[int],
    corrected: Counter[int],
) -> TargetEffort:
    target = annotations.find(target_id)
    return TargetEffort(
        target_id=target_id,
        name=f"target {target_id}" if target is None else target.info.name,
        class_name="" if target is None else target.info.class_name,
        n_drawn=drawn[target_id],
        n_corrections=corrected[target_id],
        n_boxes=0 if target is None else len(target.boxes),
        is_removed=target is None,
    )


def _line(target: TargetEffort) -> str:
    kind = "removed" if target.is_removed else target.class_name
    share = target.drawn_per_100_boxes
    rate = "" if share is None else f", {share:.1f} drawn for each 100"
    return (
        f"  {target.name} ({kind}): {target.n_drawn} drawn, "
        f"{_count(target.n_corrections, 'correction', 'corrections')}; "
        f"{_count(target.n_boxes, 'box', 'boxes')} now{rate}"
    )


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


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
