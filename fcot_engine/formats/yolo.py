"""Tracks as YOLO text files, one for each frame, in the layout of Ultralytics.

    FOLDER/labels/000001.txt     class x_centre y_centre width height, one box a line
    FOLDER/classes.txt           class names; a class is its line, from 0
    FOLDER/data.yaml             names and folders, for training

Coordinates are shares of the frame's width and height, so boxes are cut at its border.
Frames without a box have an empty file. Pictures belong into `FOLDER/images/` under the
names of the text files; `formats.images` writes them there.

The format has no ids: which box belongs to which target is lost, and so is who drew it;
a comment in `data.yaml` names the engines, presets and weights that took part.
Boxes where the target was lost are left out.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from fcot_engine.annotation import AnnotatedTarget, Annotations, Maker
from fcot_engine.atomic_write import write_together
from fcot_engine.errors import ExportError, TrackFileError
from fcot_engine.formats._reading import LineFields
from fcot_engine.formats._writing import (
    are_near,
    class_names,
    class_numbers,
    describe_maker,
    list_makers,
    list_targets,
    prove,
    rows_by_frame,
)
from fcot_engine.geometry import MIN_SIDE_PX, BoxXywh
from fcot_engine.video import FrameSource

YoloBox = tuple[int, BoxXywh]
"""Class from 0, and box in pixels."""


def write_yolo(
    folder: str | os.PathLike[str], annotations: Annotations, source: FrameSource
) -> list[Path]:
    """Write the tracks of a video as YOLO files; see the module's docstring.

    Args:
        folder: where the files go; made if needed, files of the same name are replaced.
        annotations: the targets.
        source: the video they belong to.

    Returns:
        The files, `classes.txt` first.

    Raises:
        ExportError: there is nothing to write, two frames would share a file, writing
            fails, or what was written is not read again as it was; then nothing is
            changed.
    """
    targets = list_targets(annotations, source)
    by_frame = _visible_boxes(targets, source)
    names = class_names(targets)
    labels = Path(folder) / "labels"
    paths = [labels / name for name in _file_names(source)]
    size = source.width, source.height
    with write_together() as files:
        files.write_text(
            Path(folder) / "classes.txt", "".join(f"{name}\n" for name in names)
        )
        files.write_text(Path(folder) / "data.yaml", _yaml(names, list_makers(targets)))
        for index, path in enumerate(paths):
            lines = (_line(box, size) for box in by_frame.get(index, ()))
            files.write_text(path, "".join(lines), durable=False)

        def check() -> str | None:
            for index, path in enumerate(paths):
                read = _parse_yolo(files.read_back(path), path.name, size)
                if not _are_near(read, by_frame.get(index, [])):
                    return f"frame {index} has {read}, not {by_frame.get(index, [])}."
            return None

        prove("YOLO files", check)
    return files.paths


def _parse_yolo(text: str, file_name: str, size: tuple[int, int]) -> list[YoloBox]:
    """Read the boxes of one frame.

    Args:
        text: the lines.
        file_name: for messages.
        size: width and height of the frame in pixels.

    Raises:
        TrackFileError: a line is wrong.
    """
    boxes = []
    for number, line in enumerate(text.splitlines(), 1):
        fields = LineFields(file_name, number, line.split())
        kind = fields.whole(0, "class")
        names = ("x_centre", "y_centre", "width", "height")
        shares = [fields.number(place, name) for place, name in enumerate(names, 1)]
        if not all(0 <= share <= 1 for share in shares):
            raise TrackFileError(
                f"{file_name}, line {number}: all of {', '.join(names)} must lie "
                f"between 0 and 1, got {line.strip()}.",
                line=number,
            )
        x, y, w, h = (
            share * side for share, side in zip(shares, size * 2, strict=True)
        )
        boxes.append((kind, (x - w / 2, y - h / 2, w, h)))
    return boxes


def _visible_boxes(
    targets: Sequence[AnnotatedTarget], source: FrameSource
) -> dict[int, list[YoloBox]]:
    number_of = class_numbers(targets)
    by_frame: dict[int, list[YoloBox]] = {}
    for box, target in rows_by_frame(targets):
        x, y, w, h = box.box_xywh
        left, top = max(x, 0.0), max(y, 0.0)
        right, bottom = min(x + w, source.width), min(y + h, source.height)
        is_inside = min(right - left, bottom - top) >= MIN_SIDE_PX
        if is_inside and not box.is_lost:
            cut = left, top, right - left, bottom - top
            number = number_of[target.target_id] - 1
            by_frame.setdefault(box.frame_index, []).append((number, cut))
    return by_frame


def _file_names(source: FrameSource) -> list[str]:
    names = [f"{Path(source.file_name(i)).stem}.txt" for i in range(len(source))]
    name, most = Counter(names).most_common(1)[0]
    if most > 1:
        raise ExportError(
            f"Two frames of {source.name} would both be described in {name}: their "
            "pictures differ in the ending of their names alone. Rename one of them."
        )
    return names


def _line(box: YoloBox, size: tuple[int, int]) -> str:
    kind, (x, y, w, h) = box
    width, height = size
    shares = (x + w / 2) / width, (y + h / 2) / height, w / width, h / height
    # 9 digits: a thousandth of a pixel in the largest of videos
    return f"{kind} {' '.join(f'{min(share, 1.0):.9f}' for share in shares)}\n"


def _yaml(names: list[str], makers: Sequence[Maker]) -> str:
    listed = "".join(
        f"  {number}: {json.dumps(name)}\n" for number, name in enumerate(names)
    )
    told = "".join(f"# boxes by {describe_maker(maker)}\n" for maker in makers)
    return f"{told}path: .\ntrain: images\nval: images\nnames:\n{listed}"


def _are_near(read: list[YoloBox], written: list[YoloBox]) -> bool:
    return len(read) == len(written) and all(
        one[0] == two[0] and are_near(one[1], two[1])
        for one, two in zip(read, written, strict=True)
    )
