"""What is known of a track apart from its boxes, as JSON values beside the boxes."""

from __future__ import annotations

import math
from typing import Any

from fcot_engine.errors import TrackFileError
from fcot_engine.session import BoxOrigin, FrameRanges, Track, TrackBox, TrackInfo

__all__ = ["decode_box", "decode_notes", "encode_box", "encode_notes"]

Json = dict[str, Any]


def encode_notes(track: Track, *, first_frame: int = 0) -> Json:
    """Write name, colour, attributes and marks of a track.

    Args:
        track: whose.
        first_frame: how the file counts its first frame.
    """
    info = track.info
    return {
        "name": info.name,
        "colour": info.colour,
        "attributes": dict(info.attributes),
        "occluded": _shift(info.occluded, first_frame),
        "out_of_view": _shift(info.out_of_view, first_frame),
        "end_frame": None if info.end_frame is None else info.end_frame + first_frame,
    }


def decode_notes(written: Json, *, place: str, first_frame: int = 0) -> TrackInfo:
    """Read what `encode_notes` wrote; what is missing is unknown.

    Args:
        written: the value.
        place: where it stands, for messages.
        first_frame: how the file counts its first frame.

    Raises:
        TrackFileError: a value is of another kind.
    """
    end_frame = written.get("end_frame")
    try:
        info = TrackInfo(
            name=str(written.get("name") or ""),
            colour=str(written.get("colour") or ""),
            attributes=_read_attributes(written.get("attributes") or {}),
            occluded=_read_ranges(written.get("occluded") or (), first_frame),
            out_of_view=_read_ranges(written.get("out_of_view") or (), first_frame),
            end_frame=None if end_frame is None else int(end_frame) - first_frame,
        )
    except (TypeError, ValueError, AttributeError) as error:
        raise TrackFileError(
            f"{place}: what is said of the track cannot be read ({error}). Export it "
            "again, or take that entry out."
        ) from error
    if info.end_frame is not None and info.end_frame < 0:
        raise TrackFileError(f"{place}: `end_frame` must not lie before the video.")
    return info


def encode_box(box: TrackBox) -> Json:
    """Write where a box came from."""
    written: Json = {
        "source": box.origin.value,
        "score": round(float(box.score), 4),
    }
    if box.engine or box.weights:
        written |= {"engine": box.engine, "weights": box.weights}
    return written


def decode_box(written: Json) -> tuple[BoxOrigin | None, float | None, str, str]:
    """Read where a box came from.

    Returns:
        Origin and score, None where they are unknown; engine and weights.
    """
    source, score = written.get("source"), written.get("score")
    known = {origin.value: origin for origin in BoxOrigin}
    is_score = isinstance(score, int | float) and 0 <= score <= 1
    return (
        known.get(source) if isinstance(source, str) else None,
        float(score) if is_score and score is not None else None,
        str(written.get("engine") or ""),
        str(written.get("weights") or ""),
    )


def _shift(ranges: FrameRanges, first_frame: int) -> list[list[int]]:
    return [[first + first_frame, last + first_frame] for first, last in ranges]


def _read_ranges(written: Any, first_frame: int) -> FrameRanges:
    ranges = tuple((int(a) - first_frame, int(b) - first_frame) for a, b in written)
    if any(not 0 <= first <= last for first, last in ranges):
        raise ValueError("a stretch of frames must run from a first to a last one")
    return tuple(sorted(ranges))


def _read_attributes(written: Any) -> dict[str, str | int | float | bool]:
    """Keep texts, finite numbers and yes/no; write the rest as text."""
    kept: dict[str, str | int | float | bool] = {}
    for key, value in dict(written).items():
        is_plain = isinstance(value, str | int | float | bool)
        if isinstance(value, float) and not math.isfinite(value):
            is_plain = False
        kept[str(key)] = value if is_plain else str(value)
    return kept
