"""Edits, targets and box rows as bytes that tell whether they are what was written.

A sealed piece is compressed JSON and numpy bytes with the key under which it is kept:
a flipped bit, or a piece in another one's place, is found out on reading.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import numpy as np

from fcot_engine.annotation.boxes import ROW, Frames, Origin, Rows
from fcot_engine.annotation.changes import Change, SetBoxes, SetNextId, SetTarget
from fcot_engine.annotation.targets import Rejection, Span, SpanKind, TargetInfo
from fcot_engine.errors import EditError

Key = str | tuple[int, ...]
"""Under which a piece is kept: name of a fact, or ids of a row."""

BROKEN = (zlib.error, ValueError, KeyError, TypeError, IndexError, EditError)
"""What reading a piece raises that is not as it was written."""


def seal_json(key: Key, value: Any) -> bytes:
    """Pack a JSON value."""
    return _seal(key, value)


def unseal_json(key: Key, sealed: bytes) -> Any:
    """Read what `seal_json` packed; raises one of `BROKEN`."""
    return _unseal(key, sealed)[0]


def seal_rows(key: Key, rows: Rows) -> bytes:
    """Pack rows of boxes, shape (n,)."""
    return _seal(key, len(rows), _to_bytes(rows))


def unseal_rows(key: Key, sealed: bytes) -> Rows:
    """Read what `seal_rows` packed; raises one of `BROKEN`."""
    count, data = _unseal(key, sealed)
    return _take_rows(data, count)[0]


def seal_changes(key: Key, changes: Iterable[Change]) -> bytes:
    """Pack the changes of an edit."""
    written: list[dict[str, Any]] = []
    arrays: list[bytes] = []
    for change in changes:
        if isinstance(change, SetBoxes):
            count = len(change.frames)
            written.append({"boxes_of": change.target_id, "count": count})
            arrays.append(change.frames.astype("<i8").tobytes())
            arrays += [_to_bytes(change.before), _to_bytes(change.after)]
        elif isinstance(change, SetNextId):
            written.append({"next_id": [change.before, change.after]})
        else:
            states = [change.before, change.after]
            pair = [None if info is None else info_to_json(info) for info in states]
            written.append({"target": change.target_id, "states": pair})
    return _seal(key, written, *arrays)


def unseal_changes(key: Key, sealed: bytes) -> list[Change]:
    """Read what `seal_changes` packed; raises one of `BROKEN`."""
    changes: list[Change] = []
    written, data = _unseal(key, sealed)
    for entry in written:
        if "boxes_of" in entry:
            count = entry["count"]
            frames: Frames = np.frombuffer(data, "<i8", count).astype(np.int64)
            before, data = _take_rows(data[frames.nbytes :], count)
            after, data = _take_rows(data, count)
            changes.append(SetBoxes(entry["boxes_of"], frames, before, after))
        elif "next_id" in entry:
            changes.append(SetNextId(*entry["next_id"]))
        else:
            states = [info and info_from_json(info) for info in entry["states"]]
            changes.append(SetTarget(entry["target"], *states))
    return changes


def info_to_json(info: TargetInfo) -> dict[str, Any]:
    """Return what is known of a target as a JSON value."""
    spans = [[span.first, span.last, span.kind.value] for span in info.spans]
    rejections = [[one.frame_index, *one.box_xywh] for one in info.rejections]
    return {**asdict(info), "spans": spans, "rejections": rejections}


def info_from_json(written: dict[str, Any]) -> TargetInfo:
    """Read what `info_to_json` returned; raises one of `BROKEN`."""
    spans = tuple(Span(a, b, SpanKind(kind)) for a, b, kind in written["spans"])
    rejections = tuple(
        Rejection(frame, (x, y, w, h)) for frame, x, y, w, h in written["rejections"]
    )
    return TargetInfo(**{**written, "spans": spans, "rejections": rejections})


def _seal(key: Key, value: Any, *data: bytes) -> bytes:
    head = json.dumps([key, value], separators=(",", ":"), default=_plain).encode()
    return zlib.compress(b"".join((head, b"\n", *data)), 1)


def _plain(value: Any) -> Any:
    """Return a number of numpy as one of Python, as scripts give frame numbers."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{value!r} cannot be written to a project")


def _unseal(key: Key, sealed: bytes) -> tuple[Any, bytes]:
    head, _, data = zlib.decompress(sealed).partition(b"\n")
    found, value = json.loads(head)
    if found != (key if isinstance(key, str) else list(key)):
        raise ValueError(f"a piece of {found} lies in the place of {key}")
    return value, data


def _to_bytes(rows: Rows) -> bytes:
    """Return rows byte column by byte column, which packs to less, and faster."""
    flat = np.ascontiguousarray(rows).view(np.uint8).reshape(-1, ROW.itemsize)
    return np.ascontiguousarray(flat.T).tobytes()


def _take_rows(data: bytes, count: int) -> tuple[Rows, bytes]:
    """Return so many rows and the data behind them."""
    n_bytes = count * ROW.itemsize
    columns = np.frombuffer(data, np.uint8, n_bytes).reshape(ROW.itemsize, count)
    rows = np.ascontiguousarray(columns.T).reshape(-1).view(ROW)
    if rows["origin"].max(initial=0) > max(Origin):
        raise ValueError("unknown origin of a box")
    return rows, data[n_bytes:]
