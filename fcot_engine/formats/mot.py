"""Tracks as MOTChallenge text files.

    FOLDER/NAME/seqinfo.ini      the seven keys of the format
    FOLDER/NAME/gt/gt.txt        frame,id,left,top,width,height,conf,class,visibility
    FOLDER/NAME/gt/labels.txt    class names; the class is the number of the line
    FOLDER/NAME/export.json      the choices made here, and where each box came from
    FOLDER/NAME.txt              frame,id,left,top,width,height,score,-1,-1,-1

Frames and ids count from 1. `left` and `top` count from 1 as well by default, as the
official text has it: the box of a whole frame begins at 1,1. Datumaro and CVAT expect
0; `pixel_origin=0` writes that.

Where the target was lost, `gt.txt` keeps the last known box with conf 0 and visibility
0, which evaluation ignores, and the result file has no row. Where it is occluded, its
box has conf 1 and visibility 0. Out of view there is no row.

`export.json` says what the format has no room for: for each box who stands behind it,
for each target its name, attributes and marks, and engine, preset and weights of those
who made the boxes.

Read are truth files (up to nine columns) and results (`det.txt` and the like, ten
columns: the seventh is the score), with `export.json`, `labels.txt` and `seqinfo.ini`
where they lie beside them.
"""

from __future__ import annotations

import configparser
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from fcot_engine.annotation import (
    AnnotatedTarget,
    Annotations,
    Box,
    Maker,
    Origin,
    ReadTracks,
)
from fcot_engine.atomic_write import write_together
from fcot_engine.errors import ExportError, TrackFileError
from fcot_engine.formats._reading import (
    LineFields,
    Told,
    add_target,
    check_frame,
    check_sides,
    decode_box,
    decode_info,
    decode_makers,
    read_text,
)
from fcot_engine.formats._writing import (
    Row,
    class_names,
    class_numbers,
    encode_box,
    encode_info,
    encode_makers,
    list_makers,
    list_targets,
    prove,
    prove_tracks,
    rows_by_frame,
    safe_name,
    write_proven,
)
from fcot_engine.geometry import BoxXywh, box_iou, xywh_to_xyxy
from fcot_engine.video import FrameSource

Json = dict[str, Any]

_MOT_CLASSES = (
    "pedestrian", "person_on_vehicle", "car", "bicycle", "motorbike",
    "non_mot_vehicle", "static_person", "distractor", "occluder", "occluder_on_ground",
    "occluder_full", "reflection", "crowd",
)  # fmt: skip
_RESULT_COLUMNS = 10


# --- writing ---------------------------------------------------------------------


def write_mot(
    folder: str | os.PathLike[str],
    annotations: Annotations,
    source: FrameSource,
    *,
    pixel_origin: Literal[0, 1] = 1,
) -> list[Path]:
    """Write the tracks of a video as MOTChallenge files; see the module's docstring.

    Args:
        folder: where the files go; made if needed, files of the same name are replaced.
        annotations: the targets.
        source: the video they belong to; its name becomes the sequence's name.
        pixel_origin: coordinate of the frame's left and top edge in the files.

    Returns:
        The files, `gt.txt` first.

    Raises:
        ExportError: there is nothing to write, writing fails, or what was written is
            not read again as it was; then nothing is changed.
    """
    if pixel_origin not in (0, 1):
        raise ExportError(f"pixel_origin must be 0 or 1, got {pixel_origin!r}.")
    targets = list_targets(annotations, source)
    rows = rows_by_frame(targets)
    names = class_names(targets)
    name = safe_name(source.name)
    sequence = Path(folder) / name
    truth = sequence / "gt" / "gt.txt"
    truth_text = _truth_text(rows, class_numbers(targets), pixel_origin)
    choices = _choices(rows, targets, source, pixel_origin)
    choices["truth_sha256"] = hashlib.sha256(truth_text.encode()).hexdigest()
    with write_together() as files:
        files.write_text(truth, truth_text)
        more = {
            sequence / "gt" / "labels.txt": _lines(names),
            sequence / "seqinfo.ini": _sequence_text(name, source),
            Path(folder) / f"{name}.txt": _result_text(rows, pixel_origin),
            sequence / "export.json": _to_json(choices),
        }
        write_proven(files, more)

        def check() -> str | None:
            if files.read_back(truth) != truth_text:
                return f"{truth.name} is not the text that was written."
            around = _Around(
                labels=tuple(files.read_back(sequence / "gt/labels.txt").splitlines()),
                choices=json.loads(files.read_back(sequence / "export.json")),
            )
            read, _ = _parse_mot(truth_text, name, around)
            return prove_tracks(targets, read, keeps_lost=True)

        prove("MOT files", check)
    return files.paths


def _truth_text(
    rows: Sequence[Row], number_of: dict[int, int], pixel_origin: int
) -> str:
    return _lines(
        f"{_place(box, target, pixel_origin)},{'0' if box.is_lost else '1'},"
        f"{number_of[target.target_id]},{_visibility(box, target)}"
        for box, target in rows
    )


def _visibility(box: Box, target: AnnotatedTarget) -> int:
    return int(not (box.is_lost or target.is_occluded(box.frame_index)))


def _result_text(rows: Sequence[Row], pixel_origin: int) -> str:
    return _lines(
        f"{_place(box, target, pixel_origin)},{box.score:.4f},-1,-1,-1"
        for box, target in rows
        if not box.is_lost
    )


def _place(box: Box, target: AnnotatedTarget, pixel_origin: int) -> str:
    x, y, w, h = box.box_xywh
    return (
        f"{box.frame_index + 1},{target.target_id},"
        f"{x + pixel_origin:.4f},{y + pixel_origin:.4f},{w:.4f},{h:.4f}"
    )


def _sequence_text(name: str, source: FrameSource) -> str:
    # Datumaro accepts exactly these keys and a whole frame rate.
    return _lines(
        [
            "[Sequence]",
            f"name={name}",
            "imDir=img1",
            f"frameRate={max(1, round(source.frame_rate))}",
            f"seqLength={len(source)}",
            f"imWidth={source.width}",
            f"imHeight={source.height}",
            f"imExt={Path(source.file_name(0)).suffix or '.jpg'}",
        ]
    )


def _choices(
    rows: Sequence[Row],
    targets: Sequence[AnnotatedTarget],
    source: FrameSource,
    pixel_origin: int,
) -> Json:
    makers = list_makers(targets)
    boxes = [
        {
            "frame": box.frame_index + 1,
            "id": target.target_id,
            **encode_box(box, makers),
            "lost": box.is_lost,
        }
        for box, target in rows
    ]
    return {
        "source_name": source.name,
        "first_frame": 1,
        "first_id": 1,
        "pixel_origin": pixel_origin,
        "frame_rate": source.frame_rate,
        "lost": "gt.txt: conf 0 and visibility 0; result file: no row",
        "occluded": "conf 1 and visibility 0",
        "frame_file_names": _own_file_names(source),
        "tracks": [
            {"id": target.target_id, **encode_info(target, first_frame=1)}
            for target in targets
        ],
        "makers": encode_makers(makers),
        "boxes": boxes,
    }


def _to_json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


def _own_file_names(source: FrameSource) -> list[str] | None:
    """Names of the frames' files where they have some; None for 000001.jpg style."""
    names = [source.file_name(index) for index in range(len(source))]
    is_usual = all(
        Path(name).stem == f"{number:06d}" for number, name in enumerate(names, 1)
    )
    return None if is_usual else names


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


# --- reading ---------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Around:
    """What lies around a text file of boxes."""

    labels: tuple[str, ...] = _MOT_CLASSES
    """Class names; the class is the number of the line, from 1."""
    choices: Json = field(default_factory=dict)
    """Our own `export.json`, empty if there is none."""
    pixel_origin: int | None = None
    """Where the frame's left and top edge lie; None for what `choices` say, else 1."""

    @property
    def first_pixel(self) -> float:
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
) -> ReadTracks:
    """Read a MOT text file, or the folder of a sequence.

    Args:
        path: the text file, or a folder with `gt/gt.txt` in it.
        pixel_origin: coordinate of the frame's left and top edge in the file: 1 as the
            official text has it, 0 as CVAT and Datumaro write; None for what our own
            `export.json` says, else 1.
        link_iou: detections without ids (-1) are joined from frame to frame where they
            overlap by at least this.

    Raises:
        TrackFileError: it cannot be read, or a line of it is wrong.
    """
    file = path / "gt" / "gt.txt" if path.is_dir() else path
    text = read_text(file)
    sequence = file.parent.parent if file.parent.name in ("gt", "det") else None
    if sequence is None and (file.parent / file.stem / "seqinfo.ini").is_file():
        sequence = file.parent / file.stem  # NAME.txt beside NAME/
    around = _Around(pixel_origin=pixel_origin)
    size: dict[str, int] = {}
    if sequence is not None:
        around = _look_around(sequence, pixel_origin)
        size = _read_sequence(sequence / "seqinfo.ini")
    annotations, notes = _parse_mot(text, file.name, around, iou=link_iou)
    return ReadTracks(
        path=file, format_name="mot", annotations=annotations, notes=notes, **size
    )


def _parse_mot(
    text: str, file_name: str, around: _Around, *, iou: float = 0.5
) -> tuple[Annotations, tuple[str, ...]]:
    """Read lines; return the targets, and what was left out or made up, in words."""
    rows = list(_read_rows(text, file_name, around.first_pixel))
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
    infos = _read_infos(around.choices, file_name) if is_ours else {}
    makers = decode_makers(around.choices.get("makers"))
    annotations = Annotations()
    for track_id, own in sorted(rows_of.items()):
        boxes = [_to_box(row, told, makers) for row in own]
        hidden = [
            (row.frame_index, row.frame_index)
            for row, box in zip(own, boxes, strict=True)
            if row.is_occluded and not box.is_lost
        ]
        info = infos.get(track_id, Told(occluded=hidden))
        class_name = _class_name_of(own[0], around, file_name)
        add_target(annotations, track_id, class_name, boxes, info)
    return annotations, tuple(notes)


def _read_rows(text: str, file_name: str, origin: float) -> Iterator[_Row]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        parts = line.split(",") if "," in line else line.split()
        fields = LineFields(file_name, number, parts)
        frame = fields.whole(0, "frame")
        if frame < 1:
            raise fields.error("frame", f"must be 1 or more, got {frame}")
        check_frame(frame - 1, place=f"{file_name}, line {number}", line=number)
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


def _class_name_of(row: _Row, around: _Around, file_name: str) -> str:
    number = row.class_number
    if number > len(around.labels):
        raise TrackFileError(
            f"{file_name}, line {row.line}: `class` {number} has no name; there "
            f"are {len(around.labels)}. Add its name to gt/labels.txt, one a line.",
            line=row.line,
        )
    return around.labels[number - 1] if number > 0 else "object"


def _to_box(
    row: _Row, told: Mapping[tuple[int, int], Json], makers: Mapping[int, Maker]
) -> Box:
    known = told.get((row.frame_index, row.track_id), {})
    origin, score, maker = decode_box(known, makers)
    return Box(
        row.frame_index,
        row.box_xywh,
        origin or Origin.IMPORTED,
        score=row.score if score is None else score,
        is_lost=bool(known.get("lost")),
        maker=maker,
    )


# --- what lies beside the file ---------------------------------------------------


def _look_around(sequence: Path, pixel_origin: int | None) -> _Around:
    labels: tuple[str, ...] = _MOT_CLASSES
    named = sequence / "gt" / "labels.txt"
    if named.is_file():
        lines = [line.strip() for line in read_text(named).splitlines()]
        labels = tuple(line or "object" for line in lines)
    choices: Json = {}
    ours = sequence / "export.json"
    if ours.is_file():
        choices = _read_choices(ours)
    return _Around(labels=labels, choices=choices, pixel_origin=pixel_origin)


def _read_choices(path: Path) -> Json:
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


def _is_unchanged(text: str, choices: Json) -> bool:
    """Whether `export.json` speaks of exactly these lines."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    return choices.get("truth_sha256") == digest


def _read_boxes(choices: Json) -> dict[tuple[int, int], Json]:
    return {(box["frame"] - 1, box["id"]): box for box in choices.get("boxes", ())}


def _read_infos(choices: Json, file_name: str) -> dict[int, Told]:
    return {
        entry["id"]: decode_info(
            entry,
            place=f"export.json beside {file_name}, track {entry['id']}",
            first_frame=1,
        )
        for entry in choices.get("tracks", ())
        if "id" in entry
    }


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


# --- detections without ids ------------------------------------------------------


def link_detections(
    detections: Sequence[tuple[int, BoxXywh]], *, iou: float
) -> list[int]:
    """Give each detection an id.

    From each frame to the next those pairs are joined whose overlaps have the largest
    sum. What has no partner begins a track; a track without a partner in the next frame
    has ended.

    Args:
        detections: frame number and box of each, in any order.
        iou: the least overlap of a pair.

    Returns:
        An id for each, from 1 in the order of the frames.

    Example:
        >>> link_detections([(0, (0, 0, 9, 9)), (1, (1, 0, 9, 9)), (1, (50, 0, 9, 9))],
        ...                 iou=0.5)
        [1, 1, 2]
    """
    ids = [0] * len(detections)
    by_frame: dict[int, list[int]] = {}
    for number, (frame, _) in enumerate(detections):
        by_frame.setdefault(frame, []).append(number)
    next_id = 1
    for frame in sorted(by_frame):
        here, before = by_frame[frame], by_frame.get(frame - 1, [])
        boxes = [[detections[n][1] for n in numbers] for numbers in (before, here)]
        for old, new in _pair(boxes[0], boxes[1], iou):
            ids[here[new]] = ids[before[old]]
        for number in here:
            if not ids[number]:
                ids[number] = next_id
                next_id += 1
    return ids


def _pair(
    before: list[BoxXywh], here: list[BoxXywh], least: float
) -> list[tuple[int, int]]:
    """Return pairs of an index of `before` and one of `here`."""
    from scipy.optimize import linear_sum_assignment

    if not before:
        return []
    old, new = (
        xywh_to_xyxy(torch.tensor(b, dtype=torch.float64)) for b in (before, here)
    )
    overlaps = box_iou(old[:, None], new[None]).numpy()  # (before, here)
    useful = np.where(overlaps >= least, overlaps, 0.0)
    pairs = zip(*linear_sum_assignment(useful, maximize=True), strict=True)
    return [(int(i), int(j)) for i, j in pairs if overlaps[i, j] >= least]
