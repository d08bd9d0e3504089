"""XML of "CVAT for video 1.1", plain or zipped, as tracks.

A keyframe of a track that a person drew is a person's box, one of an automatic track is
not, and what lies between keyframes is interpolated. Our own attributes
(`cvat_keys.py`) say it exactly. Where a track is `outside`, it is out of view; where it
stays so, it has ended.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from xml.parsers import expat

from fcot_engine.errors import TrackFileError
from fcot_engine.formats.cvat_track import CvatShape, CvatTrack, build_track
from fcot_engine.formats.track_file import LineFields, TrackFile, check_sides, read_text
from fcot_engine.session import TrackStore

__all__ = ["parse_cvat", "read_cvat"]

_SHAPES = {"box", "polygon", "polyline", "points", "cuboid", "ellipse", "mask"}
_SIZES = {
    *("original_size/width", "original_size/height"),
    *("task/stop_frame", "job/stop_frame"),
}
"""Elements that tell the size and length of the video, with their parents."""
_LARGEST_ZIPPED_BYTES = 2**30


def read_cvat(path: Path) -> TrackFile:
    """Read an XML file, or the ZIP file that CVAT exports.

    Raises:
        TrackFileError: it cannot be read, or an element of it is wrong.
    """
    text = _unzip(path) if path.suffix.lower() == ".zip" else read_text(path)
    return replace(parse_cvat(text, file_name=path.name), path=path)


def parse_cvat(text: str, *, file_name: str) -> TrackFile:
    """Read the tracks of an XML text.

    Raises:
        TrackFileError: it is damaged, or has no tracks.
    """
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
    return reading.finish()


@dataclass
class _Reading:
    """One file being read, element by element."""

    file_name: str
    tracks: list[CvatTrack] = field(default_factory=list)
    path: list[str] = field(default_factory=list)
    """Names of the elements that are open."""
    text: str = ""
    shape: CvatShape | None = None
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

    def finish(self) -> TrackFile:
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
        store = TrackStore()
        for track in tracks:
            if any(track.track_id + shift == other.track_id for other in store):
                raise TrackFileError(
                    f"{self.file_name}, line {track.line}: track `id` {track.track_id} "
                    "stands there twice. Give one of them another id.",
                    line=track.line,
                )
            built = build_track(
                track, self.declared, n_frames=n_frames, file_name=self.file_name
            )
            built.track_id += shift
            if len(built):
                store.put_track(built)
        notes: tuple[str, ...] = ()
        if self.n_other:
            notes = (f"Shapes left out, since they are no boxes: {self.n_other}.",)
        return TrackFile(
            path=Path(self.file_name),
            format_name="cvat",
            store=store,
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
            CvatTrack(line, track_id, label, attributes.get("source", "manual"))
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
        left, top, right, bottom = (fields.number(i, names[i]) for i in range(1, 5))
        place = f"{self.file_name}, line {line}"
        check_sides(right - left, bottom - top, place=place, line=line)
        turned = _fields(
            self.file_name, line, {"rotation": "0"} | attributes, ["rotation"]
        )
        if turned.number(0, "rotation") % 360:
            raise fields.error("rotation", "must be 0: boxes here are upright")
        self.shape = CvatShape(
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
