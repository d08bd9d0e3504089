"""Boxes as JSON: rows of a box table, column by column.

A long column is one base64 text of little-endian numbers, a short one a list that
people can read, a constant one its value alone. Floats that fit 32 bits without loss
are written so; nothing is rounded.
"""

from __future__ import annotations

import base64
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fcot_engine.annotation.boxes import (
    Frames,
    Maker,
    Makers,
    Origin,
    Rows,
    empty_rows,
)
from fcot_engine.errors import ProjectError

__all__ = ["decode_frames", "decode_rows", "encode_frames", "encode_rows"]

_LONGEST_LIST = 16
_COLUMNS = ("origin", "is_lost", "score", "second_peak", "disagreement", "box")


def encode_frames(frames: Frames) -> list[list[int]]:
    """Write frame numbers, ascending, as stretches `[first, count]`."""
    if not len(frames):
        return []
    starts = np.flatnonzero(np.diff(frames, prepend=frames[0] - 2) != 1)
    counts = np.diff(starts, append=len(frames))
    return [[int(frames[s]), int(n)] for s, n in zip(starts, counts, strict=True)]


def decode_frames(stretches: list[list[int]]) -> Frames:
    """Read what `encode_frames` wrote.

    Raises:
        ValueError: frames are negative or not in order.
    """
    parts = [np.arange(first, first + count) for first, count in stretches]
    frames = np.concatenate(parts) if parts else np.zeros(0, np.int64)
    if len(frames) and (frames[0] < 0 or (np.diff(frames) <= 0).any()):
        raise ValueError("frame numbers must be 0 or more and ascend")
    return frames


def encode_rows(rows: Rows, makers: Makers) -> dict[str, Any]:
    """Write rows as columns, makers by name; no rows or no boxes are short."""
    if not rows["origin"].any():
        return {}
    written = {name: _encode_column(rows[name]) for name in _COLUMNS}
    names, places = _name_makers(rows, makers)
    written["makers"] = [list(name) for name in names]
    written["maker"] = _encode_column(places)
    return written


def decode_rows(written: dict[str, Any], count: int, makers: Makers) -> Rows:
    """Read what `encode_rows` wrote.

    Raises:
        ProjectError: something is missing or of the wrong length.
    """
    rows = empty_rows(count)
    if not written:
        return rows
    try:
        for name in _COLUMNS:
            rows[name] = _decode_column(written[name], rows[name].shape)
        numbers = [makers.number_of(Maker(*pair)) for pair in written["makers"]]
        places = _decode_column(written["maker"], (count,)).astype(np.intp)
        rows["maker"] = np.array(numbers, np.uint16)[places]
        if rows["origin"].max(initial=0) > max(Origin):
            raise ValueError("unknown origin of a box")
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise ProjectError(
            f"Boxes of the project cannot be read ({type(error).__name__}: {error}). "
            "The file was changed by something else; restore a copy of it."
        ) from error
    return rows


def _name_makers(
    rows: Rows, makers: Makers
) -> tuple[list[tuple[str, str, str]], NDArray[np.uint16]]:
    """Return the makers by name, sorted, and the place of each row's in that list.

    Their numbers depend on what was done before; equal boxes must be written equally.
    """
    numbers, places = np.unique(rows["maker"], return_inverse=True)
    known = [makers[int(number)] for number in numbers]
    names = [(maker.engine, maker.preset, maker.weights) for maker in known]
    ordered = sorted(names)
    new_places = np.array([ordered.index(name) for name in names], np.uint16)
    return ordered, new_places[places]


def _encode_column(column: NDArray[Any]) -> Any:
    flat = np.ascontiguousarray(column).reshape(-1)
    if flat.dtype.kind == "f":
        first, is_same = flat[0], bool((flat == flat[0]).all())
        if is_same or np.isnan(flat).all():
            return None if math.isnan(first) else float(first)
    elif (flat == flat[0]).all():
        return int(flat[0])
    if len(column) <= _LONGEST_LIST:
        return [_plain(value) for value in flat.tolist()]
    if flat.dtype == np.float64:
        narrow = flat.astype("<f4")
        if np.array_equal(narrow.astype(np.float64), flat, equal_nan=True):
            flat = narrow
    text = base64.b64encode(flat.tobytes()).decode("ascii")
    return {"type": flat.dtype.str, "base64": text}


def _decode_column(written: Any, shape: tuple[int, ...]) -> NDArray[Any]:
    if isinstance(written, dict):
        data = base64.b64decode(written["base64"], validate=True)
        return np.frombuffer(data, np.dtype(written["type"])).reshape(shape)
    if isinstance(written, list):
        plain = [math.nan if value is None else value for value in written]
        return np.array(plain).reshape(shape)
    return np.full(shape, math.nan if written is None else written)


def _plain(value: float | int) -> float | int | None:
    return None if isinstance(value, float) and math.isnan(value) else value
