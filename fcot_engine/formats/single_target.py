"""Tracks in the layouts of LaSOT and GOT-10k: one sequence for each target.

    FOLDER/CLASS/CLASS-ID/groundtruth.txt      LaSOT: x,y,w,h, one line a frame
    FOLDER/CLASS/CLASS-ID/full_occlusion.txt   0 or 1 a frame, one line with commas
    FOLDER/CLASS/CLASS-ID/out_of_view.txt      0 or 1 a frame, one line with commas

    FOLDER/list.txt                            GOT-10k: names of the sequences
    FOLDER/NAME_000001/groundtruth.txt         x,y,w,h, one line a frame
    FOLDER/NAME_000001/absence.label           0 or 1, one line a frame
    FOLDER/NAME_000001/cover.label             0 (hidden) to 8 (in full view)
    FOLDER/NAME_000001/cut_by_image.label      1 where the box touches the border
    FOLDER/NAME_000001/meta_info.ini

All frames of the video have a line. Pixels count from 0. A frame without a box, or
where the tracker lost the target, is `0,0,0,0` and out of view (LaSOT) or absent
(GOT-10k). Who drew a box is lost; `annotated_by` in `meta_info.ini` names the engines,
presets and weights that took part. Pictures are not copied.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from fcot_engine.annotation import AnnotatedTarget, Annotations
from fcot_engine.atomic_write import StagedFiles, write_together
from fcot_engine.formats._reading import LineFields
from fcot_engine.formats._writing import (
    are_near,
    class_name_of,
    describe_maker,
    list_makers,
    list_targets,
    prove,
    safe_name,
    write_proven,
)
from fcot_engine.geometry import BoxXywh
from fcot_engine.video import FrameSource

_ABSENT: BoxXywh = (0.0, 0.0, 0.0, 0.0)
_FULL_VIEW = 8


@dataclass(frozen=True)
class _Frames:
    """One target, frame by frame."""

    boxes: list[BoxXywh]
    is_absent: list[bool]
    is_occluded: list[bool]


def write_lasot(
    folder: str | os.PathLike[str], annotations: Annotations, source: FrameSource
) -> list[Path]:
    """Write each target as a sequence of LaSOT; see the module's docstring.

    Args:
        folder: where the sequences go; made if needed.
        annotations: the targets.
        source: the video they belong to.

    Returns:
        The files.

    Raises:
        ExportError: there is nothing to write, writing fails, or what was written is
            not read again as it was; then nothing is changed.
    """
    with write_together() as files:
        for target in list_targets(annotations, source):
            kind = safe_name(class_name_of(target))
            sequence = Path(folder) / kind / f"{kind}-{target.target_id}"
            frames = _list_frames(target, len(source))
            _write_truth(files, sequence, frames)
            hidden = [
                is_occluded and not is_absent
                for is_occluded, is_absent in zip(
                    frames.is_occluded, frames.is_absent, strict=True
                )
            ]
            write_proven(
                files,
                {
                    sequence / "full_occlusion.txt": _flags(hidden, ","),
                    sequence / "out_of_view.txt": _flags(frames.is_absent, ","),
                },
            )
    return files.paths


def write_got10k(
    folder: str | os.PathLike[str], annotations: Annotations, source: FrameSource
) -> list[Path]:
    """Write each target as a sequence of GOT-10k; see the module's docstring.

    Args:
        folder: where the sequences and `list.txt` go; made if needed.
        annotations: the targets.
        source: the video they belong to.

    Returns:
        The files.

    Raises:
        ExportError: there is nothing to write, writing fails, or what was written is
            not read again as it was; then nothing is changed.
    """
    targets = list_targets(annotations, source)
    names = [f"{safe_name(source.name)}_{target.target_id:06d}" for target in targets]
    with write_together() as files:
        files.write_text(Path(folder) / "list.txt", "".join(f"{n}\n" for n in names))
        for target, name in zip(targets, names, strict=True):
            sequence = Path(folder) / name
            frames = _list_frames(target, len(source))
            _write_truth(files, sequence, frames)
            cut = [_touches_border(box, source) for box in frames.boxes]
            write_proven(
                files,
                {
                    sequence / "absence.label": _flags(frames.is_absent, "\n"),
                    sequence / "cover.label": _covers(frames),
                    sequence / "cut_by_image.label": _flags(cut, "\n"),
                    sequence / "meta_info.ini": _meta(target, source),
                },
            )
    return files.paths


def _parse_truth(text: str, file_name: str) -> list[BoxXywh]:
    """Read `x,y,w,h` lines.

    Raises:
        TrackFileError: a line is not four numbers.
    """
    boxes = []
    for number, line in enumerate(text.splitlines(), 1):
        fields = LineFields(file_name, number, line.split(","))
        boxes.append(
            (
                fields.number(0, "x"),
                fields.number(1, "y"),
                fields.number(2, "width"),
                fields.number(3, "height"),
            )
        )
    return boxes


def _list_frames(target: AnnotatedTarget, n_frames: int) -> _Frames:
    found = [target.boxes.get(index) for index in range(n_frames)]
    seen = [None if box is None or box.is_lost else box for box in found]
    return _Frames(
        [_ABSENT if box is None else box.box_xywh for box in seen],
        [box is None for box in seen],
        [target.is_occluded(index) for index in range(n_frames)],
    )


def _write_truth(files: StagedFiles, sequence: Path, frames: _Frames) -> None:
    path = sequence / "groundtruth.txt"
    lines = (",".join(f"{value:.4f}" for value in box) for box in frames.boxes)
    files.write_text(path, "".join(f"{line}\n" for line in lines))

    def check() -> str | None:
        read = _parse_truth(files.read_back(path), path.name)
        if len(read) != len(frames.boxes):
            return f"{path.name} has {len(read)} lines, not {len(frames.boxes)}."
        for index, (one, two) in enumerate(zip(read, frames.boxes, strict=True)):
            if not are_near(one, two):
                return f"frame {index} has {one}, not {two}."
        return None

    prove(str(path.name), check)


def _flags(flags: list[bool], separator: str) -> str:
    return separator.join(str(int(flag)) for flag in flags) + "\n"


def _covers(frames: _Frames) -> str:
    """How much is to be seen, in eighths; a person says all or nothing."""
    hidden = zip(frames.is_absent, frames.is_occluded, strict=True)
    return "".join(f"{0 if any(pair) else _FULL_VIEW}\n" for pair in hidden)


def _touches_border(box: BoxXywh, source: FrameSource) -> bool:
    x, y, w, h = box
    if box == _ABSENT:
        return False
    return x <= 0 or y <= 0 or x + w >= source.width or y + h >= source.height


def _meta(target: AnnotatedTarget, source: FrameSource) -> str:
    seconds = round(len(source) / max(source.frame_rate, 1e-6))
    end = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    lines = [
        "[METAINFO]",
        f"url: {safe_name(source.name)}",
        "begin: 00:00:00",
        f"end: {end}",
        f"anno_fps: {source.frame_rate:g}Hz",
        f"object_class: {class_name_of(target)}",
        *(
            f"{name}: unknown"
            for name in ("motion_class", "major_class", "root_class", "motion_adverb")
        ),
        f"resolution: ({source.width}, {source.height})",
    ]
    if makers := list_makers([target]):
        lines.append(f"annotated_by: {'; '.join(map(describe_maker, makers))}")
    return "".join(f"{line}\n" for line in lines)
