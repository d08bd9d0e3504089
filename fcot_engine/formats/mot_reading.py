"""MOTChallenge text files as tracks.

Truth files (`gt.txt`, up to nine columns) and results (`det.txt` and the like, ten
columns: the seventh is the score) are both read; see `fcot_engine.formats.mot` for the
columns. What `write_mot` put beside them, `export.json` and `labels.txt`, is used where
it is there, and `seqinfo.ini` for the size of the video.
"""

from __future__ import annotations

import configparser
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fcot_engine.errors import TrackFileError
from fcot_engine.formats.detection_linking import link_detections
from fcot_engine.formats.track_file import LineFields, TrackFile, check_sides, read_text
from fcot_engine.formats.track_notes import decode_box, decode_notes
from fcot_engine.session import (
    BoxOrigin,
    Track,
    TrackBox,
    TrackInfo,
    TrackStore,
    to_ranges,
)

__all__ = ["MotFolder", "parse_mot", "read_mot"]

_MOT_CLASSES = (
    "pedestrian", "person_on_vehicle", "car", "bicycle", "motorbike",
    "non_mot_vehicle", "static_person", "distractor", "occluder", "occluder_on_ground",
    "occluder_full", "reflection", "crowd",
)  # fmt: skip
_RESULT_COLUMNS = 10


@dataclass(frozen=True, kw_only=True)
class MotFolder:
    """What lies around a text file of boxes."""

    labels: tuple[str, ...] = _MOT_CLASSES
    """Class names; the class is the number of the line, from 1."""
    choices: dict[str, Any] = field(default_factory=dict)
    """Our own `export.json`, empty if there is none."""
    pixel_origin: int | None = None
    """Where the frame's left and top edge lie; None for what `choices` say, else 1."""

    @property
    def origin(self) -> float:
        """Coordinate of the frame's left and top edge in the file."""
        if self.pixel_origin is not None:
            return self.pixel_origin
        return float(self.choices.get("pixel_origin", 1))


@dataclass(frozen=True)
class _Row:
    """One line."""

    line: int
    frame_index: int
    track_id: int
    box_xywh: tuple[float, float, float, float]
    is_counted: bool
    score: float
    class_number: int
    is_occluded: bool


def read_mot(
    path: Path, *, pixel_origin: int | None = None, link_iou: float = 0.5
) -> TrackFile:
    """Read a MOT text file, or the folder of a sequence.

    Args:
        path: the text file, or a folder with `gt/gt.txt` in it.
        pixel_origin: coordinate of the frame's left and top edge in the file: 1 as the
            official text has it, 0 as CVAT and Datumaro write; None for what our own
            `export.json` says, else 1.
        link_iou: see `parse_mot`.

    Raises:
        TrackFileError: it cannot be read, or a line of it is wrong.
    """
    file = path / "gt" / "gt.txt" if path.is_dir() else path
    text = read_text(file)
    sequence = file.parent.parent if file.parent.name in ("gt", "det") else None
    if sequence is None and (file.parent / file.stem / "seqinfo.ini").is_file():
        sequence = file.parent / file.stem  # NAME.txt beside NAME/
    around = MotFolder(pixel_origin=pixel_origin)
    size: dict[str, int] = {}
    if sequence is not None:
        around = _look_around(sequence, pixel_origin)
        size = _read_sequence(sequence / "seqinfo.ini")
    store, notes = parse_mot(text, file_name=file.name, around=around, iou=link_iou)
    return TrackFile(path=file, format_name="mot", store=store, notes=notes, **size)


def parse_mot(
    text: str, *, file_name: str, around: MotFolder | None = None, iou: float = 0.5
) -> tuple[TrackStore, tuple[str, ...]]:
    """Read the lines of a MOT file.

    Args:
        text: the lines.
        file_name: for messages.
        around: what lies beside the file.
        iou: detections without ids (-1) are joined from frame to frame where they
            overlap by at least this.

    Returns:
        The tracks, and what was left out or made up, in words.

    Raises:
        TrackFileError: a line is wrong, or there is none.
    """
    around = around or MotFolder()
    rows = list(_read_rows(text, file_name, around.origin))
    if not rows:
        raise TrackFileError(f"{file_name} has no boxes. Choose another file.")
    is_ours = _is_unchanged(text, around.choices)
    told = _read_boxes(around.choices) if is_ours else {}
    kept = [row for row in rows if row.is_counted or told]
    notes = []
    if len(kept) < len(rows):
        n_ignored = len(rows) - len(kept)
        notes.append(f"Boxes marked to be ignored that were left out: {n_ignored}.")
    if any(row.track_id < 1 for row in kept):
        kept = _give_ids(kept, file_name, iou)
        notes.append(
            f"Detections without ids, joined by their overlap: {len(kept)}; tracks: "
            f"{len({row.track_id for row in kept})}."
        )
    _refuse_doubles(kept, file_name)
    rows_of: dict[int, list[_Row]] = {}
    for row in kept:
        rows_of.setdefault(row.track_id, []).append(row)
    store = TrackStore()
    for track_id, own in sorted(rows_of.items()):
        store.put_track(_make_track(track_id, own, around, told, file_name))
    if is_ours:
        _add_notes(store, around.choices, file_name)
    return store, tuple(notes)


def _read_rows(text: str, file_name: str, origin: float) -> Iterator[_Row]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        parts = line.split(",") if "," in line else line.split()
        fields = LineFields(file_name, number, parts)
        frame = fields.whole(0, "frame")
        if frame < 1:
            raise fields.error("frame", f"must be 1 or more, got {frame}")
        track_id = fields.whole(1, "id")
        if track_id < 1 and track_id != -1:
            raise fields.error("id", f"must be 1 or more, or -1, got {track_id}")
        x, y = fields.number(2, "left") - origin, fields.number(3, "top") - origin
        w, h = fields.number(4, "width"), fields.number(5, "height")
        check_sides(w, h, place=f"{file_name}, line {number}", line=number)
        is_result = len(fields) >= _RESULT_COLUMNS
        conf = fields.number(6, "conf") if len(fields) > 6 else 1.0
        kind, visibility = 0, 1.0
        if not is_result and len(fields) > 7:
            kind = fields.whole(7, "class")
        if not is_result and len(fields) > 8:
            visibility = fields.number(8, "visibility")
        yield _Row(
            number,
            frame - 1,
            track_id,
            (x, y, w, h),
            is_result or conf != 0,
            conf if 0 <= conf <= 1 else 0.5,  # some trackers' scores have no scale
            kind,
            visibility == 0,
        )


def _refuse_doubles(rows: list[_Row], file_name: str) -> None:
    seen: dict[tuple[int, int], int] = {}
    for row in rows:
        line = seen.setdefault((row.frame_index, row.track_id), row.line)
        if line != row.line:
            raise TrackFileError(
                f"{file_name}, lines {line} and {row.line}: `id` {row.track_id} stands "
                f"twice in frame {row.frame_index + 1}. Take one of them out.",
                line=row.line,
            )


def _give_ids(rows: list[_Row], file_name: str, iou: float) -> list[_Row]:
    if any(row.track_id > 0 for row in rows):
        odd = next(row for row in rows if row.track_id < 1)
        raise TrackFileError(
            f"{file_name}, line {odd.line}: `id` is -1, but other lines have ids. Give "
            "this box an id, or take it out.",
            line=odd.line,
        )
    places = [(row.frame_index, row.box_xywh) for row in rows]
    ids = link_detections(places, iou=iou)
    return [
        replace(row, track_id=new_id) for row, new_id in zip(rows, ids, strict=True)
    ]


def _make_track(
    track_id: int,
    rows: list[_Row],
    around: MotFolder,
    told: dict[tuple[int, int], dict[str, Any]],
    file_name: str,
) -> Track:
    number = rows[0].class_number
    if number > len(around.labels):
        raise TrackFileError(
            f"{file_name}, line {rows[0].line}: `class` {number} has no name; there "
            f"are {len(around.labels)}. Add its name to gt/labels.txt, one a line.",
            line=rows[0].line,
        )
    track = Track(track_id, around.labels[number - 1] if number > 0 else "object")
    occluded = []
    for row in rows:
        known = told.get((row.frame_index, track_id), {})
        origin, score, engine, weights = decode_box(known)
        is_lost = bool(known.get("lost"))
        if row.is_occluded and not is_lost:
            occluded.append(row.frame_index)
        track.put(
            TrackBox(
                row.frame_index,
                row.box_xywh,
                origin or BoxOrigin.IMPORTED,
                score=row.score if score is None else score,
                is_lost=is_lost,
                engine=engine,
                weights=weights,
            )
        )
    track.info = TrackInfo(occluded=to_ranges(occluded))
    return track


# --- what lies beside the file ---------------------------------------------------


def _look_around(sequence: Path, pixel_origin: int | None) -> MotFolder:
    labels: tuple[str, ...] = _MOT_CLASSES
    named = sequence / "gt" / "labels.txt"
    if named.is_file():
        lines = [line.strip() for line in read_text(named).splitlines()]
        labels = tuple(line or "object" for line in lines)
    choices: dict[str, Any] = {}
    ours = sequence / "export.json"
    if ours.is_file():
        choices = _read_choices(ours)
    return MotFolder(labels=labels, choices=choices, pixel_origin=pixel_origin)


def _read_choices(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(read_text(path))
        if not isinstance(value, dict) or value.get("pixel_origin") not in (0, 1):
            raise ValueError("it is not what an export writes")
    except ValueError as error:
        raise TrackFileError(
            f"{path} is damaged ({error}). Restore it, or take it away to read the "
            "boxes alone."
        ) from error
    return value


def _is_unchanged(text: str, choices: dict[str, Any]) -> bool:
    """Whether `export.json` speaks of exactly these lines."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    return choices.get("truth_sha256") == digest


def _read_boxes(choices: dict[str, Any]) -> dict[tuple[int, int], dict[str, Any]]:
    return {(box["frame"] - 1, box["id"]): box for box in choices.get("boxes", ())}


def _add_notes(store: TrackStore, choices: dict[str, Any], file_name: str) -> None:
    known = {track.track_id: track for track in store}
    for entry in choices.get("tracks", ()):
        track = known.get(entry.get("id"))
        if track is not None:
            place = f"export.json beside {file_name}, track {track.track_id}"
            track.info = decode_notes(entry, place=place, first_frame=1)


def _read_sequence(path: Path) -> dict[str, int]:
    if not path.is_file():
        return {}
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(read_text(path))
        section = parser["Sequence"]
        wanted = {"width": "imWidth", "height": "imHeight", "n_frames": "seqLength"}
        return {ours: int(section[key]) for ours, key in wanted.items()}
    except (configparser.Error, KeyError, ValueError) as error:
        raise TrackFileError(
            f"{path} is damaged: {error}. Restore it, or take it away."
        ) from error
