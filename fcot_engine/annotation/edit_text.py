"""Edits and annotations as JSON values, for the journal and the project file."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from fcot_engine.annotation.boxes import Makers
from fcot_engine.annotation.changes import Change, SetBoxes, SetNextId, SetTarget
from fcot_engine.annotation.columns import (
    decode_frames,
    decode_rows,
    encode_frames,
    encode_rows,
)
from fcot_engine.annotation.edits import By, Edit
from fcot_engine.annotation.targets import (
    Annotations,
    Rejection,
    Span,
    SpanKind,
    TargetInfo,
)
from fcot_engine.errors import EditError, ProjectError

__all__ = ["decode_annotations", "decode_edit", "encode_annotations", "encode_edit"]

Json = dict[str, Any]


def encode_edit(edit: Edit, makers: Makers) -> Json:
    """Write an edit."""
    return {
        "kind": edit.kind,
        "text": edit.text,
        "by": edit.by.value,
        "changes": [_encode_change(change, makers) for change in edit.changes],
    }


def decode_edit(written: Json, makers: Makers) -> Edit:
    """Read what `encode_edit` wrote.

    Raises:
        ProjectError: it is something else.
    """
    try:
        return Edit(
            written["kind"],
            written["text"],
            By(written["by"]),
            tuple(_decode_change(change, makers) for change in written["changes"]),
        )
    except (KeyError, ValueError, TypeError, EditError) as error:
        raise ProjectError(
            f"An edit of the project cannot be read ({type(error).__name__}: {error}). "
            "The file was changed by something else; restore a copy of it."
        ) from error


def encode_annotations(annotations: Annotations) -> Json:
    """Write everything, in one way only: equal annotations give equal values."""
    targets = []
    for target in annotations:
        frames = target.boxes.frames()
        rows = target.boxes.take(frames)
        targets.append(
            {
                "target": _encode_info(target.info),
                "frames": encode_frames(frames),
                "boxes": encode_rows(rows, annotations.makers),
            }
        )
    return {"next_id": annotations.next_id, "targets": targets}


def decode_annotations(written: Json) -> Annotations:
    """Read what `encode_annotations` wrote.

    Raises:
        ProjectError: it is something else.
    """
    annotations = Annotations()
    try:
        changes: list[Change] = [SetNextId(1, int(written["next_id"]))]
        for entry in written["targets"]:
            info = _decode_info(entry["target"])
            frames = decode_frames(entry["frames"])
            rows = decode_rows(entry["boxes"], len(frames), annotations.makers)
            changes.append(SetTarget(info.target_id, None, info))
            changes.append(SetBoxes(info.target_id, frames, np.zeros_like(rows), rows))
        annotations.apply(Edit("open", "Opened", By.HUMAN, tuple(changes)))
    except (KeyError, ValueError, TypeError) as error:
        raise ProjectError(
            f"The targets of the project cannot be read ({type(error).__name__}: "
            f"{error}). The file was changed by something else; restore a copy of it."
        ) from error
    return annotations


def _encode_change(change: Change, makers: Makers) -> Json:
    if isinstance(change, SetBoxes):
        return {
            "boxes_of": change.target_id,
            "frames": encode_frames(change.frames),
            "before": encode_rows(change.before, makers),
            "after": encode_rows(change.after, makers),
        }
    if isinstance(change, SetNextId):
        return {"next_id": [change.before, change.after]}
    return {
        "target": change.target_id,
        "before": None if change.before is None else _encode_info(change.before),
        "after": None if change.after is None else _encode_info(change.after),
    }


def _decode_change(written: Json, makers: Makers) -> Change:
    if "boxes_of" in written:
        frames = decode_frames(written["frames"])
        return SetBoxes(
            written["boxes_of"],
            frames,
            decode_rows(written["before"], len(frames), makers),
            decode_rows(written["after"], len(frames), makers),
        )
    if "next_id" in written:
        return SetNextId(*written["next_id"])
    before, after = written["before"], written["after"]
    return SetTarget(
        written["target"],
        None if before is None else _decode_info(before),
        None if after is None else _decode_info(after),
    )


def _encode_info(info: TargetInfo) -> Json:
    written = asdict(info)
    written["spans"] = [[s.first, s.last, s.kind.value] for s in info.spans]
    del written["rejections"]
    if info.rejections:  # a project without any is written as it always was
        written["rejections"] = [[r.frame_index, *r.box_xywh] for r in info.rejections]
    return written


def _decode_info(written: Json) -> TargetInfo:
    spans = tuple(
        Span(first, last, SpanKind(kind)) for first, last, kind in written["spans"]
    )
    rejections = tuple(
        Rejection(int(frame), (x, y, w, h))
        for frame, x, y, w, h in written.get("rejections", [])
    )
    return TargetInfo(**{**written, "spans": spans, "rejections": rejections})
