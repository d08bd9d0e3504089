"""What all readers share: fields of lines, checks, and targets out of what is told."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fcot_engine.annotation import (
    AnnotatedTarget,
    Annotations,
    AttributeValue,
    Box,
    Maker,
    Origin,
    Span,
    SpanKind,
    Spans,
    TargetInfo,
    add_span,
    colour_of,
    join_spans,
    name_of,
    take_out_frames,
)
from fcot_engine.errors import EditError, TrackFileError

ORIGIN_OF_WORD = {origin.word: origin for origin in Origin if origin is not Origin.NONE}
"""Where a box came from, by the word for it in our files."""

_MOST_FRAMES = 10_000_000  # four days at 30 frames a second; a row each is reserved

Json = dict[str, Any]
FrameRanges = Iterable[tuple[int, int]]
"""First and last frame of segments, both included, 0-based."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a file says of a target apart from class and boxes."""

    name: str = ""
    """Empty where nobody gave it one."""
    colour: str = ""
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    occluded: FrameRanges = ()
    out_of_view: FrameRanges = ()
    end_frame: int | None = None


def add_target(
    annotations: Annotations,
    target_id: int,
    class_name: str,
    boxes: Iterable[Box],
    told: Told,
) -> AnnotatedTarget:
    """Add a target as a file tells of it, with what it takes to be a good one.

    Where there is a box, the target is in view and has not ended; a colour in words is
    no reason to refuse the boxes.
    """
    class_name = " ".join(class_name.split()) or "object"
    boxes = list(boxes)
    end_frame = told.end_frame
    last = max((box.frame_index for box in boxes), default=-1)
    if end_frame is not None and end_frame < last:
        end_frame = None
    info = TargetInfo(
        target_id,
        told.name.strip() or name_of(target_id, class_name),
        class_name=class_name,
        colour=colour_of(target_id),
        attributes=dict(told.attributes),
        spans=_to_spans(told, boxes, end_frame),
        end_frame=end_frame,
    )
    if told.colour:
        with contextlib.suppress(EditError):
            info = replace(info, colour=told.colour)
    target = annotations.add(info)
    target.boxes.put_boxes(boxes)
    return target


def _to_spans(told: Told, boxes: Iterable[Box], end_frame: int | None) -> Spans:
    hidden = (Span(*pair, SpanKind.OCCLUDED) for pair in told.occluded)
    spans = join_spans(sorted(hidden, key=lambda span: span.first))
    for first, last in told.out_of_view:
        spans = add_span(spans, Span(first, last, SpanKind.OUT_OF_VIEW))
    if end_frame is not None and spans:
        spans = take_out_frames(spans, end_frame + 1, max(s.last for s in spans))
    absent = [span for span in spans if span.kind is SpanKind.OUT_OF_VIEW]
    for box in boxes:
        if any(box.frame_index in span for span in absent):
            spans = take_out_frames(spans, box.frame_index, box.frame_index)
    return spans


# --- JSON beside the boxes -------------------------------------------------------


def decode_makers(written: Any) -> dict[int, Maker]:
    """Read makers by the numbers that `encode_makers` gave them."""
    return {
        entry.get("id", 0): Maker(
            *(str(entry.get(key) or "") for key in ("engine", "preset", "weights"))
        )
        for entry in (written if isinstance(written, list) else [])
        if isinstance(entry, dict)
    }


def decode_box(
    written: Json, makers: Mapping[int, Maker]
) -> tuple[Origin | None, float | None, Maker]:
    """Read where a box came from.

    Returns:
        Origin and score, None where they are unknown; who made it.
    """
    source, score = written.get("source"), written.get("score")
    is_score = isinstance(score, int | float) and 0 <= score <= 1
    number = written.get("maker")
    return (
        ORIGIN_OF_WORD.get(source) if isinstance(source, str) else None,
        float(score) if is_score and score is not None else None,
        makers.get(number, Maker()) if isinstance(number, int) else Maker(),
    )


def decode_info(written: Json, *, place: str, first_frame: int = 0) -> Told:
    """Read what `encode_info` wrote; what is missing is unknown.

    Args:
        written: the value.
        place: where it stands, for messages.
        first_frame: how the file counts its first frame.

    Raises:
        TrackFileError: a value is of another kind.
    """
    end_frame = written.get("end_frame")
    try:
        told = Told(
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
    if told.end_frame is not None and told.end_frame < 0:
        raise TrackFileError(f"{place}: `end_frame` must not lie before the video.")
    return told


def _read_ranges(written: Any, first_frame: int) -> FrameRanges:
    ranges = [(int(a) - first_frame, int(b) - first_frame) for a, b in written]
    if any(not 0 <= first <= last for first, last in ranges):
        raise ValueError("a segment of frames must run from a first to a last one")
    return ranges


def _read_attributes(written: Any) -> dict[str, AttributeValue]:
    """Keep texts, finite numbers and yes/no; write the rest as text."""
    kept: dict[str, AttributeValue] = {}
    for key, value in dict(written).items():
        is_plain = isinstance(value, AttributeValue)
        if isinstance(value, float) and not math.isfinite(value):
            is_plain = False
        kept[str(key)] = value if is_plain else str(value)
    return kept


# --- texts -----------------------------------------------------------------------


class LineFields:
    """The fields of one line of a text file, read with messages that name them.

    Args:
        file_name: for messages.
        line: number of the line, from 1.
        fields: the texts.
    """

    def __init__(self, file_name: str, line: int, fields: list[str]) -> None:
        self._file_name = file_name
        self._line = line
        self._fields = fields

    def __len__(self) -> int:
        return len(self._fields)

    def number(self, place: int, name: str) -> float:
        """Return a finite number.

        Raises:
            TrackFileError: the field is missing or something else.
        """
        if place >= len(self._fields):
            raise self.error(name, "is missing")
        text = self._fields[place].strip()
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self.error(name, f"must be a number, got {text!r}")
        return value

    def whole(self, place: int, name: str) -> int:
        """Return a whole number, `3.0` among them.

        Raises:
            TrackFileError: the field is missing or something else.
        """
        value = self.number(place, name)
        if value != int(value):
            raise self.error(name, f"must be a whole number, got {value:g}")
        return int(value)

    def error(self, name: str, problem: str) -> TrackFileError:
        """Make an error about a field."""
        return TrackFileError(
            f"{self._file_name}, line {self._line}: `{name}` {problem}. Mend the line "
            "or take it out.",
            line=self._line,
        )


def check_frame(frame_index: int, *, place: str, line: int | None = None) -> None:
    """Make sure that a frame number could be one.

    Raises:
        TrackFileError: it is far behind the end of any video; the message names it.
    """
    if frame_index >= _MOST_FRAMES:
        raise TrackFileError(
            f"{place}: no video has a frame {frame_index}. Mend the number or take the "
            "box out.",
            line=line,
        )


def check_sides(
    width: float, height: float, *, place: str, line: int | None = None
) -> None:
    """Make sure that a box has an area.

    Raises:
        TrackFileError: a side is not above 0, or not finite; the message names it.
    """
    for name, side in (("width", width), ("height", height)):
        if not (math.isfinite(side) and side > 0):
            raise TrackFileError(
                f"{place}: the {name} of the box must be above 0, got {side:g}. Mend "
                "the box or take it out.",
                line=line,
            )


def read_text(path: Path) -> str:
    """Return a text file.

    Raises:
        TrackFileError: it cannot be read or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise TrackFileError(
            f"{path} cannot be read: {error.strerror or error}. Check the path."
        ) from error
    except UnicodeDecodeError as error:
        raise TrackFileError(
            f"{path} is no text file in UTF-8 ({error.reason} at byte {error.start}). "
            "Choose another file."
        ) from error
