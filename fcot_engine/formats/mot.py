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
for each track its name, attributes and marks. `read_mot` reads it back.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from fcot_engine.atomic_write import write_together
from fcot_engine.errors import ExportError
from fcot_engine.formats.export_proof import prove, prove_tracks, write_proven
from fcot_engine.formats.exported_boxes import (
    class_names,
    class_number,
    rows_by_frame,
    safe_name,
)
from fcot_engine.formats.mot_reading import MotFolder, parse_mot
from fcot_engine.formats.track_notes import encode_box, encode_notes
from fcot_engine.session import Track, TrackBox, TrackStore
from fcot_engine.video import FrameSource

__all__ = ["write_mot"]

_Rows = list[tuple[TrackBox, Track]]


def write_mot(
    folder: str | os.PathLike[str],
    store: TrackStore,
    source: FrameSource,
    *,
    pixel_origin: Literal[0, 1] = 1,
) -> list[Path]:
    """Write the tracks of a video as MOTChallenge files; see the module's docstring.

    Args:
        folder: where the files go; made if needed, files of the same name are replaced.
        store: the tracks.
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
    rows = rows_by_frame(store, source)
    names = class_names(store)
    name = safe_name(source.name)
    sequence = Path(folder) / name
    truth = sequence / "gt" / "gt.txt"
    truth_text = _truth_text(rows, names, pixel_origin)
    choices = _choices(rows, store, source, pixel_origin)
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
            around = MotFolder(
                labels=tuple(files.read_back(sequence / "gt/labels.txt").splitlines()),
                choices=json.loads(files.read_back(sequence / "export.json")),
            )
            read, _ = parse_mot(files.read_back(truth), file_name=name, around=around)
            return prove_tracks(store, read, keeps_lost=True)

        prove("MOT files", check)
    return files.paths


def _truth_text(rows: _Rows, names: list[str], pixel_origin: int) -> str:
    classes = {track.track_id: class_number(track, names) for _, track in rows}
    return _lines(
        f"{_place(box, track, pixel_origin)},{'0' if box.is_lost else '1'},"
        f"{classes[track.track_id]},{_visibility(box, track)}"
        for box, track in rows
    )


def _visibility(box: TrackBox, track: Track) -> int:
    return int(not (box.is_lost or track.info.is_occluded(box.frame_index)))


def _result_text(rows: _Rows, pixel_origin: int) -> str:
    return _lines(
        f"{_place(box, track, pixel_origin)},{box.score:.4f},-1,-1,-1"
        for box, track in rows
        if not box.is_lost
    )


def _place(box: TrackBox, track: Track, pixel_origin: int) -> str:
    x, y, w, h = box.box_xywh
    return (
        f"{box.frame_index + 1},{track.track_id},"
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
    rows: _Rows, store: TrackStore, source: FrameSource, pixel_origin: int
) -> dict[str, Any]:
    boxes = [
        {
            "frame": box.frame_index + 1,
            "id": track.track_id,
            **encode_box(box),
            "lost": box.is_lost,
        }
        for box, track in rows
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
            {"id": track.track_id, **encode_notes(track, first_frame=1)}
            for track in store
        ],
        "boxes": boxes,
    }


def _to_json(value: dict[str, Any]) -> str:
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
