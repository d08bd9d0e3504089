"""XML of "CVAT for video 1.1", plain or zipped, as tracks.

A keyframe of a track that a person drew is a person's box, one of an automatic track is
not, and what lies between keyframes is interpolated. Our own attributes say it exactly.
Where a track is `outside`, it is out of view; where it stays so, it has ended.
"""

from __future__ import annotations

import itertools
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from fcot_engine.annotation import (
    Annotations,
    AttributeValue,
    Box,
    Maker,
    Origin,
    ReadTracks,
)
from fcot_engine.errors import TrackFileError
from fcot_engine.formats._reading import (
    ORIGIN_OF_WORD,
    LineFields,
    Told,
    add_target,
    check_frame,
    check_sides,
    read_text,
)
from fcot_engine.geometry import BoxXywh

# --- what our files say beyond the format, as attributes that CVAT keeps -----------

SOURCE = "fcot_source"
"""Where a box came from; of a box that is `outside`, why."""
SCORE = "fcot_score"
"""The tracker's confidence."""
NAME = "fcot_name"
"""What people call the target."""
MAKER = "fcot_maker"
"""Engine, preset and weights as a JSON list, empty for a person's box."""
OWN_KEYS = (SOURCE, SCORE, NAME, MAKER)

LOST = "lost"
"""The tracker did not see the target; the box is its last known place."""
OUT_OF_VIEW = "out_of_view"
"""A person said so."""
ENDED = "ended"
"""A person said that the target is gone for good."""
GAP = "gap"
"""Nobody has said anything about these frames."""

SOURCES = (
    *("human", "corrected", "tracked", "interpolated", "imported"),
    *(LOST, OUT_OF_VIEW, ENDED, GAP),
)

_SHAPES = {"box", "polygon", "polyline", "points", "cuboid", "ellipse", "mask"}
_SIZES = {
    *("original_size/width", "original_size/height"),
    *("task/stop_frame", "job/stop_frame"),
}
"""Elements that tell the size and length of the video, with their parents."""
_LARGEST_ZIPPED_BYTES = 2**30
_MACHINE_SOURCES = {"auto", "file"}
_LAID_SCORE = 0.5  # nobody looked at the frame


# --- elements --------------------------------------------------------------------


@dataclass
class _Shape:
    """One `<box>`."""

    line: int
    frame_index: int
    box_xywh: BoxXywh
    is_outside: bool
    is_occluded: bool
    is_keyframe: bool
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def told(self) -> str:
        """What our own attribute says of it, or an empty text."""
        return self.attributes.get(SOURCE, "")


@dataclass
class _Track:
    """One `<track>`."""

    line: int
    track_id: int
    label: str
    source: str
    shapes: list[_Shape] = field(default_factory=list)


def read_cvat(path: Path) -> ReadTracks:
    """Read an XML file, or the ZIP file that CVAT exports.

    Raises:
        TrackFileError: it cannot be read, or an element of it is wrong.
    """
    text = _unzip(path) if path.suffix.lower() == ".zip" else read_text(path)
    return parse_cvat(text, path=path)


def parse_cvat(text: str, *, path: Path) -> ReadTracks:
    """Read the tracks of an XML text; the path is for messages.

    Raises:
        TrackFileError: it is damaged, or has no tracks.
    """
    file_name = path.name
    reading = _Reading(file_name)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, attributes: reading.start(
        name, attributes, parser.CurrentLineNumber
    )
    parser.EndElementHandler = reading.end
    parser.CharacterDataHandler = reading.add_text
    try:
        parser.Parse(text.encode(), True)
    except expat.ExpatError as error:
        raise TrackFileError(
            f"{file_name}, line {error.lineno}: {expat.ErrorString(error.code)}. The "
            "file is damaged or no XML; choose another one.",
            line=error.lineno,
        ) from error
    return reading.finish(path)


@dataclass
class _Reading:
    """One file being read, element by element."""

    file_name: str
    tracks: list[_Track] = field(default_factory=list)
    path: list[str] = field(default_factory=list)
    """Names of the elements that are open."""
    text: str = ""
    shape: _Shape | None = None
    attribute: str = ""
    declared: dict[str, str] = field(default_factory=dict)
    """Kind of input by attribute."""
    sizes: dict[str, int] = field(default_factory=dict)
    n_other: int = 0
    """Shapes that are no boxes."""
    has_images: bool = False
    declaring: str = ""

    def start(self, name: str, attributes: dict[str, str], line: int) -> None:
        """Begin an element."""
        if not self.path and name != "annotations":
            raise TrackFileError(
                f"{self.file_name}, line {line}: expected <annotations>, got <{name}>. "
                "Export the task as CVAT for video 1.1.",
                line=line,
            )
        self.path.append(name)
        self.text = ""
        if self._is_in_meta:
            return
        if name == "track":
            self._start_track(attributes, line)
        elif name == "image":
            self.has_images = True
        elif name in _SHAPES and "track" in self.path:
            self._start_shape(name, attributes, line)
        elif name == "attribute":
            self.attribute = attributes.get("name", "")

    def add_text(self, text: str) -> None:
        """Take text inside an element."""
        self.text += text

    def end(self, name: str) -> None:
        """Finish an element."""
        if self._is_in_meta:
            self._end_in_meta(name)
        elif name == "attribute" and self.attribute:
            if self.shape is not None:
                self.shape.attributes[self.attribute] = self.text
        elif name == "box" and self.shape is not None:
            self.tracks[-1].shapes.append(self.shape)
            self.shape = None
        self.path.pop()
        self.text = ""

    def finish(self, path: Path) -> ReadTracks:
        """Return what was read."""
        tracks = [track for track in self.tracks if track.shapes]
        if not tracks:
            hint = (
                "It has images, so it was exported as CVAT for images; export the "
                "task as CVAT for video 1.1."
                if self.has_images
                else "Choose another file."
            )
            raise TrackFileError(f"{self.file_name} has no tracks of boxes. {hint}")
        shift = 1 if any(track.track_id == 0 for track in tracks) else 0
        n_frames = self.sizes.get("stop_frame", -1) + 1 or None
        annotations = Annotations()
        for track in tracks:
            target_id = track.track_id + shift
            if target_id in annotations:
                raise TrackFileError(
                    f"{self.file_name}, line {track.line}: track `id` {track.track_id} "
                    "stands there twice. Give one of them another id.",
                    line=track.line,
                )
            shapes = _sort_shapes(track, self.file_name)
            boxes = _make_boxes(shapes, track.source)
            if boxes:
                told = _tell(shapes, self.declared, n_frames)
                add_target(annotations, target_id, track.label, boxes, told)
        notes: tuple[str, ...] = ()
        if self.n_other:
            notes = (f"Shapes left out, since they are no boxes: {self.n_other}.",)
        return ReadTracks(
            path=path,
            format_name="cvat",
            annotations=annotations,
            width=self.sizes.get("width"),
            height=self.sizes.get("height"),
            n_frames=n_frames,
            notes=notes,
        )

    @property
    def _is_in_meta(self) -> bool:
        return len(self.path) > 1 and self.path[1] == "meta"

    def _end_in_meta(self, name: str) -> None:
        text = self.text.strip()
        parent = self.path[-2]
        if name == "name" and parent == "attribute":
            self.declaring = text
        elif name == "input_type" and parent == "attribute":
            self.declared[self.declaring] = text
        elif not text.isdigit():
            return
        elif (parent == "original_size" and name in ("width", "height")) or (
            name == "stop_frame" and parent != "segment"
        ):
            self.sizes[name] = int(text)

    def _start_track(self, attributes: dict[str, str], line: int) -> None:
        fields = _fields(self.file_name, line, attributes, ["id"])
        track_id = fields.whole(0, "id")
        if track_id < 0:
            raise fields.error("id", f"must be 0 or more, got {track_id}")
        label = attributes.get("label", "").strip()
        if not label:
            raise fields.error("label", "is missing")
        self.tracks.append(
            _Track(line, track_id, label, attributes.get("source", "manual"))
        )

    def _start_shape(self, name: str, attributes: dict[str, str], line: int) -> None:
        if name != "box":
            self.n_other += 1
            return
        names = ["frame", "xtl", "ytl", "xbr", "ybr"]
        fields = _fields(self.file_name, line, attributes, names)
        frame = fields.whole(0, "frame")
        if frame < 0:
            raise fields.error("frame", f"must be 0 or more, got {frame}")
        place = f"{self.file_name}, line {line}"
        check_frame(frame, place=place, line=line)
        left, top, right, bottom = (fields.number(i, names[i]) for i in range(1, 5))
        check_sides(right - left, bottom - top, place=place, line=line)
        turned = _fields(
            self.file_name, line, {"rotation": "0"} | attributes, ["rotation"]
        )
        if turned.number(0, "rotation") % 360:
            raise fields.error("rotation", "must be 0: boxes here are upright")
        self.shape = _Shape(
            line=line,
            frame_index=frame,
            box_xywh=(left, top, right - left, bottom - top),
            is_outside=attributes.get("outside", "0") == "1",
            is_occluded=attributes.get("occluded", "0") == "1",
            is_keyframe=attributes.get("keyframe", "1") == "1",
        )


def _fields(
    file_name: str, line: int, attributes: dict[str, str], names: list[str]
) -> LineFields:
    missing = [name for name in names if name not in attributes]
    fields = LineFields(file_name, line, [attributes.get(name, "") for name in names])
    if missing:
        raise fields.error(missing[0], "is missing")
    return fields


def _unzip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            inside = [n for n in archive.infolist() if n.filename.endswith(".xml")]
            if len(inside) != 1 or inside[0].file_size > _LARGEST_ZIPPED_BYTES:
                raise TrackFileError(
                    f"{path.name} must hold one XML file, it has {len(inside)}. Unpack "
                    "it and choose the file."
                )
            return archive.read(inside[0]).decode("utf-8-sig")
    except (OSError, zipfile.BadZipFile, UnicodeDecodeError) as error:
        raise TrackFileError(
            f"{path} cannot be unpacked: {error}. Export it again."
        ) from error


# --- what the shapes of a track mean ----------------------------------------------


def _sort_shapes(track: _Track, file_name: str) -> list[_Shape]:
    shapes = sorted(track.shapes, key=lambda shape: shape.frame_index)
    for one, two in itertools.pairwise(shapes):
        if one.frame_index == two.frame_index:
            raise TrackFileError(
                f"{file_name}, lines {one.line} and {two.line}: track "
                f"{track.track_id} has two boxes in frame {one.frame_index}. Take "
                "one of them out.",
                line=two.line,
            )
    return shapes


def _make_boxes(shapes: list[_Shape], source: str) -> list[Box]:
    boxes = list(_laid_between(shapes))
    for shape in shapes:
        if not shape.is_outside:
            boxes.append(_seen_box(shape, source))
        elif shape.told == LOST:
            boxes.append(_lost_box(shape))
    return boxes


def _seen_box(shape: _Shape, source: str) -> Box:
    if not shape.is_keyframe:
        origin = Origin.INTERPOLATED
    elif shape.told in ORIGIN_OF_WORD:
        origin = ORIGIN_OF_WORD[shape.told]
    else:
        is_machine = source in _MACHINE_SOURCES
        origin = Origin.IMPORTED if is_machine else Origin.HUMAN
    score = _LAID_SCORE if not shape.is_keyframe else _score(shape)
    return Box(
        shape.frame_index, shape.box_xywh, origin, score=score, maker=_maker(shape)
    )


def _lost_box(shape: _Shape) -> Box:
    return Box(
        shape.frame_index,
        shape.box_xywh,
        Origin.TRACKED,
        score=_score(shape),
        is_lost=True,
        maker=_maker(shape),
    )


def _score(shape: _Shape) -> float:
    try:
        score = float(shape.attributes.get(SCORE) or 1.0)
    except ValueError:
        return 1.0
    return score if 0 <= score <= 1 else 1.0


def _maker(shape: _Shape) -> Maker:
    try:
        engine, preset, weights = json.loads(shape.attributes.get(MAKER) or "[]")
    except (ValueError, TypeError):
        return Maker()
    return Maker(str(engine), str(preset), str(weights))


def _laid_between(shapes: list[_Shape]) -> Iterator[Box]:
    """Fill frames between keyframes as CVAT does, where the file leaves them out.

    Between two boxes they are laid evenly; before a keyframe that is outside, the last
    box stands still.
    """
    for one, two in itertools.pairwise(shapes):
        if one.is_outside:
            continue
        length = two.frame_index - one.frame_index
        end = one.box_xywh if two.is_outside else two.box_xywh
        for frame in range(one.frame_index + 1, two.frame_index):
            share = (frame - one.frame_index) / length
            x, y, w, h = (
                (1 - share) * a + share * b
                for a, b in zip(one.box_xywh, end, strict=True)
            )
            yield Box(frame, (x, y, w, h), Origin.INTERPOLATED, score=_LAID_SCORE)


def _tell(
    shapes: list[_Shape], declared: Mapping[str, str], n_frames: int | None
) -> Told:
    occluded: list[tuple[int, int]] = []
    hidden: list[tuple[int, int]] = []
    end_frame = None
    for shape, until in zip(shapes, _ends(shapes, n_frames), strict=True):
        segment = shape.frame_index, until - 1
        if shape.is_occluded:
            occluded.append(segment)
        if not shape.is_outside or shape.told in (LOST, GAP):
            continue
        is_end = shape is shapes[-1] and shape.frame_index > 0
        if shape.told == ENDED or (is_end and not shape.told):
            end_frame = shape.frame_index - 1
        else:
            hidden.append(segment)
    values = shapes[0].attributes
    return Told(
        name=values.get(NAME, ""),
        attributes=_read_attributes(values, declared),
        occluded=occluded,
        out_of_view=hidden,
        end_frame=end_frame,
    )


def _ends(shapes: list[_Shape], n_frames: int | None) -> Iterator[int]:
    """The first frame behind each shape for which it does not speak."""
    yield from (shape.frame_index for shape in shapes[1:])
    last = shapes[-1]
    holds_on = last.is_outside and n_frames is not None and last.told != LOST
    yield max(n_frames or 0, last.frame_index + 1) if holds_on else last.frame_index + 1


def _read_attributes(
    values: Mapping[str, str], declared: Mapping[str, str]
) -> dict[str, AttributeValue]:
    """Read a person's own attributes; `cvat.py` puts a `_` behind names of ours."""
    read: dict[str, AttributeValue] = {}
    for key, value in values.items():
        if key in OWN_KEYS:
            continue
        is_marked = key.endswith("_") and key[:-1] in OWN_KEYS
        is_flag = declared.get(key) == "checkbox" and value in ("true", "false")
        read[key[:-1] if is_marked else key] = value == "true" if is_flag else value
    return read
