"""Tracks as "CVAT for video 1.1" XML.

Frames count from 0, coordinates are corners in pixels from 0, as in
`fcot_engine.geometry.boxes`. CVAT keeps boxes with `keyframe="1"` alone and lays the
others evenly between them. So every box is a keyframe, but those interpolated ones that
CVAT will lay exactly where they are. A stretch without boxes begins with a keyframe
that is `outside`.

Each label declares attributes for what the format has no room for (`cvat_keys.py`);
CVAT keeps them through import and export. `read_cvat` reads it all back,
apart from engine and weights.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from fcot_engine.atomic_write import write_together
from fcot_engine.formats import cvat_keys
from fcot_engine.formats.cvat_reading import parse_cvat
from fcot_engine.formats.export_proof import TOLERANCE_PX, prove, prove_tracks
from fcot_engine.formats.exported_boxes import class_names, class_of, rows_by_frame
from fcot_engine.session import BoxOrigin, Track, TrackBox, TrackStore
from fcot_engine.video import FrameSource

__all__ = ["write_cvat"]

_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DEFAULT_COLOUR = "#e69f00"


def write_cvat(
    path: str | os.PathLike[str], store: TrackStore, source: FrameSource
) -> Path:
    """Write the tracks of a video as one XML file; see the module's docstring.

    Args:
        path: the file; its folder is made if needed, an old file is replaced.
        store: the tracks.
        source: the video they belong to.

    Returns:
        The file.

    Raises:
        ExportError: there is nothing to write, writing fails, or what was written is
            not read again as it was; then nothing is changed.
    """
    rows_by_frame(store, source)  # refuses what cannot be written
    place = Path(path)
    tracks = [track for track in store if len(track)]
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        "<annotations>",
        "  <version>1.1</version>",
        *_meta(tracks, store, source),
        *(line for track in tracks for line in _track(track, len(source))),
        "</annotations>",
    ]
    with write_together() as files:
        files.write_text(place, "".join(f"{line}\n" for line in lines))

        def check() -> str | None:
            read = parse_cvat(files.read_back(place), file_name=place.name)
            return prove_tracks(store, read.store, keeps_lost=True)

        prove("CVAT tracks", check)
    return files.paths[0]


# --- the task ---------------------------------------------------------------------


def _meta(tracks: list[Track], store: TrackStore, source: FrameSource) -> list[str]:
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
        *(line for name in class_names(store) for line in _label(name, tracks)),
        "      </labels>",
        "      <original_size>",
        f"        <width>{source.width}</width>",
        f"        <height>{source.height}</height>",
        "      </original_size>",
        "    </task>",
        "  </meta>",
    ]


def _label(name: str, tracks: list[Track]) -> list[str]:
    own = [track for track in tracks if class_of(track) == name]
    colour = next((t.info.colour for t in own if t.info.colour), _DEFAULT_COLOUR)
    lines = [
        "        <label>",
        f"          <name>{_text(name)}</name>",
        f"          <color>{_text(colour)}</color>",
        "          <type>rectangle</type>",
        "          <attributes>",
        *_declare(cvat_keys.SOURCE, "select", "gap", cvat_keys.SOURCES, mutable=True),
        *_declare(cvat_keys.SCORE, "text", "", (), mutable=True),
        *_declare(cvat_keys.NAME, "text", "", (), mutable=False),
    ]
    for key in dict.fromkeys(key for track in own for key in track.info.attributes):
        kind, values = _kind_of(key, own)
        default = values[0] if values else ""
        lines += _declare(_safe_key(key), kind, default, values, mutable=False)
    return [*lines, "          </attributes>", "        </label>"]


def _kind_of(key: str, tracks: list[Track]) -> tuple[str, tuple[str, ...]]:
    """Return CVAT's kind of input and its values for an attribute of a label."""
    found = [t.info.attributes[key] for t in tracks if key in t.info.attributes]
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
    box: TrackBox
    source: str
    is_outside: bool
    is_occluded: bool
    is_keyframe: bool


def _track(track: Track, n_frames: int) -> list[str]:
    is_human = any(box.origin.is_human for box in track)
    label = _quoted(class_of(track))
    source = "manual" if is_human else "auto"
    lines = [f'  <track id="{track.track_id}" label={label} source="{source}">']
    for shape in _shapes(track, n_frames):
        lines += _box(shape, track)
    return [*lines, "  </track>"]


def _box(shape: _Shape, track: Track) -> list[str]:
    x, y, w, h = shape.box.box_xywh
    told = {
        cvat_keys.SOURCE: shape.source,
        cvat_keys.SCORE: f"{shape.box.score:.4f}",
        cvat_keys.NAME: track.info.name,
    }
    told |= {_safe_key(key): _plain(v) for key, v in track.info.attributes.items()}
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


def _shapes(track: Track, n_frames: int) -> Iterator[_Shape]:
    """Say what CVAT must know of each frame: all boxes, and where they end."""
    info = track.info
    laid = _laid_frames(track)
    nearest = next(iter(track))  # before the first box, stand-in for its place
    before: tuple[str, bool] = cvat_keys.GAP, False
    for frame in range(n_frames):
        box, is_occluded = track.get(frame), info.is_occluded(frame)
        nearest = box or nearest
        if box is not None and not box.is_lost:
            is_key = frame not in laid
            yield _Shape(frame, box, box.origin.value, False, is_occluded, is_key)
            before = "box", is_occluded
            continue
        state = _absence(track, frame), is_occluded
        if box is not None or state != before:
            yield _Shape(frame, nearest, state[0], True, is_occluded, True)
        before = state


def _absence(track: Track, frame: int) -> str:
    """Why a target has no box to be seen in a frame."""
    if frame in track:
        return cvat_keys.LOST
    if track.info.is_out_of_view(frame):
        return cvat_keys.OUT_OF_VIEW
    return cvat_keys.ENDED if track.info.has_ended(frame) else cvat_keys.GAP


def _laid_frames(track: Track) -> set[int]:
    """Frames whose interpolated box CVAT lays in the same place by itself."""
    boxes = [box for box in track if not box.is_lost]
    laid: set[int] = set()
    start = 0
    for end in range(1, len(boxes)):
        if boxes[end].origin is BoxOrigin.INTERPOLATED and end + 1 < len(boxes):
            continue
        between = boxes[start + 1 : end]
        if between and _is_laid(track, boxes[start], between, boxes[end]):
            laid.update(box.frame_index for box in between)
        start = end
    return laid


def _is_laid(
    track: Track, first: TrackBox, between: list[TrackBox], last: TrackBox
) -> bool:
    length = last.frame_index - first.frame_index
    if len(between) != length - 1:
        return False  # a frame without a box lies in between
    is_occluded = track.info.is_occluded(first.frame_index)
    for box in between:
        share = (box.frame_index - first.frame_index) / length
        for a, b, c in zip(first.box_xywh, box.box_xywh, last.box_xywh, strict=True):
            if abs((1 - share) * a + share * c - b) > TOLERANCE_PX / 4:
                return False
        if track.info.is_occluded(box.frame_index) != is_occluded:
            return False
    return True


# --- texts ------------------------------------------------------------------------


def _safe_key(key: str) -> str:
    """A person's own attribute must not take the place of ours."""
    return f"{key}_" if key in cvat_keys.OWN_KEYS else key


def _plain(value: str | int | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _text(text: str) -> str:
    return escape(_NOT_IN_XML.sub("", text))


def _quoted(text: str) -> str:
    return quoteattr(_NOT_IN_XML.sub("", text))
