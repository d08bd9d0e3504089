"""Tracks as "CVAT for video 1.1" XML.

Frames count from 0, coordinates are corners in pixels from 0, as in
`fcot_engine.geometry.boxes`. CVAT keeps boxes with `keyframe="1"` alone and lays the
others evenly between them. So every box is a keyframe, but those interpolated ones that
CVAT will lay exactly where they are. A segment without boxes begins with a keyframe
that is `outside`.

Each label declares attributes for what the format has no room for: `fcot_source`,
`fcot_score`, `fcot_name`, and `fcot_maker` with engine, preset and weights as a JSON
list. CVAT keeps them through import and export, and `read_cvat` reads them back.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from fcot_engine.annotation import AnnotatedTarget, Annotations, Box, Maker, Origin
from fcot_engine.atomic_write import write_together
from fcot_engine.formats import _cvat_reading as keys
from fcot_engine.formats._cvat_reading import parse_cvat
from fcot_engine.formats._writing import (
    TOLERANCE_PX,
    class_name_of,
    class_names,
    list_makers,
    list_targets,
    prove,
    prove_tracks,
)
from fcot_engine.video import FrameSource

_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_cvat(
    path: str | os.PathLike[str], annotations: Annotations, source: FrameSource
) -> Path:
    """Write the targets of a video as one XML file; see the module's docstring.

    Args:
        path: the file; its folder is made if needed, an old file is replaced.
        annotations: the targets.
        source: the video they belong to.

    Returns:
        The file.

    Raises:
        ExportError: there is nothing to write, writing fails, or what was written is
            not read again as it was; then nothing is changed.
    """
    targets = list_targets(annotations, source)
    file = Path(path)
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        "<annotations>",
        "  <version>1.1</version>",
        *_meta(targets, source),
        *(line for target in targets for line in _track(target, len(source))),
        "</annotations>",
    ]
    with write_together() as files:
        files.write_text(file, "".join(f"{line}\n" for line in lines))

        def check() -> str | None:
            read = parse_cvat(files.read_back(file), path=file)
            return prove_tracks(targets, read.annotations, keeps_lost=True)

        prove("CVAT tracks", check)
    return files.paths[0]


# --- the task ---------------------------------------------------------------------


def _meta(targets: list[AnnotatedTarget], source: FrameSource) -> list[str]:
    last = len(source) - 1
    return [
        "  <meta>",
        "    <task>",
        f"      <name>{_text(source.name)}</name>",
        f"      <size>{len(source)}</size>",
        "      <mode>interpolation</mode>",
        "      <overlap>0</overlap>",
        "      <start_frame>0</start_frame>",
        f"      <stop_frame>{last}</stop_frame>",
        "      <frame_filter></frame_filter>",
        "      <labels>",
        *(line for name in class_names(targets) for line in _label(name, targets)),
        "      </labels>",
        "      <original_size>",
        f"        <width>{source.width}</width>",
        f"        <height>{source.height}</height>",
        "      </original_size>",
        "    </task>",
        "  </meta>",
    ]


def _label(name: str, targets: Sequence[AnnotatedTarget]) -> list[str]:
    own = [target for target in targets if class_name_of(target) == name]
    lines = [
        "        <label>",
        f"          <name>{_text(name)}</name>",
        f"          <color>{_text(own[0].info.colour)}</color>",
        "          <type>rectangle</type>",
        "          <attributes>",
        *_declare(keys.SOURCE, "select", keys.GAP, keys.SOURCES, mutable=True),
        *_declare(keys.SCORE, "text", "", (), mutable=True),
        *_declare(keys.NAME, "text", "", (), mutable=False),
    ]
    if list_makers(own):
        lines += _declare(keys.MAKER, "text", "", (), mutable=True)
    for key in dict.fromkeys(key for target in own for key in target.info.attributes):
        kind, values = _kind_of(key, own)
        default = values[0] if values else ""
        lines += _declare(_safe_key(key), kind, default, values, mutable=False)
    return [*lines, "          </attributes>", "        </label>"]


def _kind_of(
    key: str, targets: Sequence[AnnotatedTarget]
) -> tuple[str, tuple[str, ...]]:
    """Return CVAT's kind of input and its values for an attribute of a label."""
    found = [t.info.attributes[key] for t in targets if key in t.info.attributes]
    if all(isinstance(value, bool) for value in found):
        return "checkbox", ("false",)
    return "text", ()


def _declare(
    name: str, kind: str, default: str, values: tuple[str, ...], *, mutable: bool
) -> list[str]:
    listed = "\n".join(_text(value) for value in values)
    return [
        "            <attribute>",
        f"              <name>{_text(name)}</name>",
        f"              <mutable>{mutable}</mutable>",
        f"              <input_type>{kind}</input_type>",
        f"              <default_value>{_text(default)}</default_value>",
        f"              <values>{listed}</values>",
        "            </attribute>",
    ]


# --- the tracks -------------------------------------------------------------------


@dataclass(frozen=True)
class _Shape:
    """One `<box>`."""

    frame_index: int
    box: Box
    source: str
    is_outside: bool
    is_occluded: bool
    is_keyframe: bool


def _track(target: AnnotatedTarget, n_frames: int) -> list[str]:
    label = _quoted(class_name_of(target))
    source = "manual" if len(target.boxes.human_frames()) else "auto"
    lines = [f'  <track id="{target.target_id}" label={label} source="{source}">']
    has_makers = bool(list_makers([target]))
    for shape in _shapes(target, n_frames):
        lines += _box(shape, target, has_makers=has_makers)
    return [*lines, "  </track>"]


def _box(shape: _Shape, target: AnnotatedTarget, *, has_makers: bool) -> list[str]:
    x, y, w, h = shape.box.box_xywh
    told = {
        keys.SOURCE: shape.source,
        keys.SCORE: f"{shape.box.score:.4f}",
        keys.NAME: target.info.name,
    }
    if has_makers:  # in every box: CVAT carries values on to boxes that have none
        told[keys.MAKER] = _describe_maker(shape.box.maker)
    told |= {_safe_key(key): _plain(v) for key, v in target.info.attributes.items()}
    opening = (
        f'    <box frame="{shape.frame_index}" outside="{shape.is_outside:d}" '
        f'occluded="{shape.is_occluded:d}" keyframe="{shape.is_keyframe:d}" '
        f'xtl="{x:.4f}" ytl="{y:.4f}" xbr="{x + w:.4f}" ybr="{y + h:.4f}" '
        'z_order="0">'
    )
    attributes = (
        f"      <attribute name={_quoted(name)}>{_text(value)}</attribute>"
        for name, value in told.items()
    )
    return [opening, *attributes, "    </box>"]


def _describe_maker(maker: Maker) -> str:
    if maker == Maker():
        return ""
    return json.dumps([maker.engine, maker.preset, maker.weights])


def _shapes(target: AnnotatedTarget, n_frames: int) -> Iterator[_Shape]:
    """Say what CVAT must know of each frame: all boxes, and where they end."""
    laid = _laid_frames(target)
    boxes = {box.frame_index: box for box in target.boxes}
    nearest = next(iter(boxes.values()))  # stands in before the first box
    before: tuple[str, bool] = keys.GAP, False
    for frame in range(n_frames):
        box, is_occluded = boxes.get(frame), target.is_occluded(frame)
        nearest = box or nearest
        if box is not None and not box.is_lost:
            is_key = frame not in laid
            yield _Shape(frame, box, box.origin.word, False, is_occluded, is_key)
            before = "box", is_occluded
            continue
        state = _absence(target, frame), is_occluded
        if box is not None or state != before:
            yield _Shape(frame, nearest, state[0], True, is_occluded, True)
        before = state


def _absence(target: AnnotatedTarget, frame: int) -> str:
    """Why a target has no box to be seen in a frame."""
    if frame in target.boxes:
        return keys.LOST
    if target.is_out_of_view(frame):
        return keys.OUT_OF_VIEW
    return keys.ENDED if target.has_ended(frame) else keys.GAP


def _laid_frames(target: AnnotatedTarget) -> set[int]:
    """Frames whose interpolated box CVAT lays in the same place by itself."""
    boxes = [box for box in target.boxes if not box.is_lost]
    laid: set[int] = set()
    start = 0
    for end in range(1, len(boxes)):
        if boxes[end].origin is Origin.INTERPOLATED and end + 1 < len(boxes):
            continue
        between = boxes[start + 1 : end]
        if between and _is_laid(target, boxes[start], between, boxes[end]):
            laid.update(box.frame_index for box in between)
        start = end
    return laid


def _is_laid(
    target: AnnotatedTarget, first: Box, between: list[Box], last: Box
) -> bool:
    length = last.frame_index - first.frame_index
    if len(between) != length - 1:
        return False  # a frame without a box lies in between
    is_occluded = target.is_occluded(first.frame_index)
    for box in between:
        share = (box.frame_index - first.frame_index) / length
        for a, b, c in zip(first.box_xywh, box.box_xywh, last.box_xywh, strict=True):
            if abs((1 - share) * a + share * c - b) > TOLERANCE_PX / 4:
                return False
        if target.is_occluded(box.frame_index) != is_occluded:
            return False
    return True


# --- texts ------------------------------------------------------------------------


def _safe_key(key: str) -> str:
    """A person's own attribute must not take the place of ours."""
    return f"{key}_" if key in keys.OWN_KEYS else key


def _plain(value: str | int | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _text(text: str) -> str:
    return escape(_NOT_IN_XML.sub("", text))


def _quoted(text: str) -> str:
    return quoteattr(_NOT_IN_XML.sub("", text))
