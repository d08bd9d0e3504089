"""Tracks as COCO JSON with the keys that video data sets add.

One file serves readers of COCO, TAO and CocoVID: `videos`, `tracks`, `images` (all
frames of the video), `annotations`, `categories`. Coordinates are pixels from 0, boxes
`[x, y, width, height]`; all ids count from 1, `frame_id` and `frame_index` from 0.
Track ids stand in the annotation and again in its `attributes`, since some readers keep
only those; there is also where the box came from (`source`: human, corrected, tracked,
interpolated, imported), whether a person stands behind it (`keyframe`), whether the
target is `occluded` there, the tracker's `score`, the number of its `maker`, and what a
person said about the target. `makers` lists engine, preset and weights by that number.
`tracks` have name, colour, attributes, and the segments `[first, last]` in which the
target is `occluded` or `out_of_view`.

Frames where the target was lost have no annotation: a reader would take the last known
box for a seen target. They are listed as `lost_frames` of their track, from 0.

Read are such files, and those of TAO (`frame_index`, `track_id`), CocoVID (`frame_id`,
`instance_id`), CVAT and Datumaro (`attributes.track_id`, frames by the names of their
images). A file without ids of tracks is refused: nothing in it says which boxes belong
together.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fcot_engine.annotation import (
    AnnotatedTarget,
    Annotations,
    Box,
    Maker,
    Origin,
    ReadTracks,
)
from fcot_engine.atomic_write import write_together
from fcot_engine.errors import TrackFileError
from fcot_engine.formats._reading import (
    add_target,
    check_frame,
    check_sides,
    decode_box,
    decode_info,
    decode_makers,
    read_text,
)
from fcot_engine.formats._writing import (
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
)
from fcot_engine.video import FrameSource

Json = dict[str, Any]

_VIDEO_ID = 1
_OWN_KEYS = {"track_id", "occluded", "keyframe", "source", "score", "maker"}
"""Attributes of a box that a person's own must not take the place of."""


# --- writing ---------------------------------------------------------------------


def write_coco(
    path: str | os.PathLike[str], annotations: Annotations, source: FrameSource
) -> Path:
    """Write the tracks of a video as one COCO file; see the module's docstring.

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
    names, makers = class_names(targets), list_makers(targets)
    seen = [row for row in rows_by_frame(targets) if not row[0].is_lost]
    number_of = class_numbers(targets)
    document = {
        "info": {"description": f"Tracks of {source.name}", "version": "1.0"},
        "licenses": [],
        "videos": [_video(source)],
        "categories": [
            {"id": number, "name": name} for number, name in enumerate(names, 1)
        ],
        "makers": encode_makers(makers),
        "tracks": [_track(target, number_of[target.target_id]) for target in targets],
        "images": [_image(source, index) for index in range(len(source))],
        "annotations": [
            {"id": number, **_annotation(box, target, number_of, makers)}
            for number, (box, target) in enumerate(seen, 1)
        ],
    }
    file = Path(path)
    with write_together() as files:
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        files.write_text(file, text + "\n")

        def check() -> str | None:
            read = _parse_coco(files.read_back(file), path=file)
            return prove_tracks(targets, read.annotations, keeps_lost=False)

        prove("COCO annotations", check)
    return files.paths[0]


def _video(source: FrameSource) -> Json:
    return {
        "id": _VIDEO_ID,
        "name": source.name,
        "width": source.width,
        "height": source.height,
        "fps": source.frame_rate,
        "length": len(source),
        "neg_category_ids": [],
        "not_exhaustive_category_ids": [],
    }


def _track(target: AnnotatedTarget, category_id: int) -> Json:
    return {
        "id": target.target_id,
        "category_id": category_id,
        "video_id": _VIDEO_ID,
        "lost_frames": [box.frame_index for box in target.boxes if box.is_lost],
        **encode_info(target),
    }


def _image(source: FrameSource, index: int) -> Json:
    return {
        "id": index + 1,
        "file_name": source.file_name(index),
        "width": source.width,
        "height": source.height,
        "video_id": _VIDEO_ID,
        "frame_index": index,
        "frame_id": index,
    }


def _annotation(
    box: Box,
    target: AnnotatedTarget,
    number_of: dict[int, int],
    makers: Sequence[Maker],
) -> Json:
    x, y, w, h = (round(float(value), 4) for value in box.box_xywh)
    own = target.info.attributes.items()
    return {
        "image_id": box.frame_index + 1,
        "video_id": _VIDEO_ID,
        "category_id": number_of[target.target_id],
        "bbox": [x, y, w, h],
        "area": round(w * h, 4),
        "iscrowd": 0,
        "segmentation": [],
        "track_id": target.target_id,
        "instance_id": target.target_id,
        "attributes": {
            **{key: value for key, value in own if key not in _OWN_KEYS},
            "track_id": target.target_id,
            "occluded": target.is_occluded(box.frame_index),
            "keyframe": box.is_human,
            **encode_box(box, makers),
        },
    }


# --- reading ---------------------------------------------------------------------


def read_coco(path: Path, *, video_name: str | None = None) -> ReadTracks:
    """Read the tracks of one video out of a COCO file.

    Args:
        path: the file.
        video_name: which video, where the file has several.

    Raises:
        TrackFileError: it cannot be read, is damaged, or has no ids of tracks.
    """
    return _parse_coco(read_text(path), path=path, video_name=video_name)


def _parse_coco(text: str, *, path: Path, video_name: str | None = None) -> ReadTracks:
    reading = _Reading(_parse_json(text, path.name), path.name)
    video = reading.choose_video(video_name)
    images = reading.frames_of(video)
    n_crowds = reading.add_annotations(images)
    first = next(iter(reading.images.values()), {})
    about = video if video is not None and "width" in video else first
    length = None if video is None else video.get("length")
    return ReadTracks(
        path=path,
        format_name="coco",
        annotations=reading.finish(),
        width=_whole_or_none(about.get("width")),
        height=_whole_or_none(about.get("height")),
        n_frames=_whole_or_none(length),
        notes=reading.notes(n_crowds),
    )


class _Reading:
    """One file being read."""

    def __init__(self, document: Json, file_name: str) -> None:
        self._document = document
        self._file_name = file_name
        self.images = self._by_id("images")
        self._categories = self._by_id("categories")
        self._tracks = self._by_id("tracks") if "tracks" in document else {}
        self._makers = decode_makers(document.get("makers"))
        self._boxes: dict[int, dict[int, Box]] = {}  # by track id and frame
        self._class_names: dict[int, str] = {}
        self._occluded: dict[int, list[int]] = {}
        self._has_named_frames = False

    def choose_video(self, name: str | None) -> Json | None:
        """Return the only video, or the one of that name; None where none is told."""
        videos = list(self._by_id("videos").values()) if self._has("videos") else []
        if len(videos) <= 1:
            return videos[0] if videos else None
        named = [video for video in videos if _stem(video.get("name")) == _stem(name)]
        if len(named) != 1:
            known = ", ".join(str(video.get("name")) for video in videos)
            raise TrackFileError(
                f"{self._file_name} has {len(videos)} videos ({known}), and "
                f"{name!r} is not one of them. Name the video after its entry."
            )
        return named[0]

    def frames_of(self, video: Json | None) -> dict[int, int]:
        """Return the frame number of each image id."""
        frames = {}
        for image_id, image in self.images.items():
            if video is not None and image.get("video_id", video["id"]) != video["id"]:
                continue
            frame = image.get("frame_index", image.get("frame_id"))
            place = f"images[id {image_id}]"
            if frame is None:
                frame = _frame_of_name(str(image.get("file_name", "")))
                self._has_named_frames = True
            if frame is None:
                raise self._error(
                    place,
                    "has neither `frame_index` nor `frame_id`, nor a `file_name` like "
                    "frame_000000.png or 000001.jpg, so nobody knows which frame of "
                    "the video it is",
                )
            frames[image_id] = self._whole(frame, place, "frame_index", least=0)
            check_frame(frames[image_id], place=f"{self._file_name}, {place}")
        return frames

    def add_annotations(self, frames: dict[int, int]) -> int:
        """Put every box of those images; return how many crowds were left out."""
        entries = self._document.get("annotations")
        if not isinstance(entries, list) or not entries:
            raise self._error("annotations", "is missing or empty")
        n_crowds = 0
        for number, entry in enumerate(entries):
            place = f"annotations[{number}]"
            if not isinstance(entry, dict):
                raise self._error(place, "must be an object")
            image_id = self._whole(entry.get("image_id"), place, "image_id")
            if image_id not in self.images:
                raise self._error(place, f"`image_id` {image_id} is not in images")
            if image_id not in frames:
                continue  # of another video
            if entry.get("iscrowd"):
                n_crowds += 1
                continue
            self._add(entry, place, frames[image_id])
        return n_crowds

    def notes(self, n_crowds: int) -> tuple[str, ...]:
        """Say what was left out or made up."""
        notes = []
        if self._has_named_frames:
            notes.append(
                "Frame numbers were taken from the names of the images: frame_000000 "
                "and 000001 are the first frame."
            )
        if n_crowds:
            notes.append(f"Crowds left out: {n_crowds}.")
        return tuple(notes)

    def finish(self) -> Annotations:
        """Return the targets with what is known of them; ids from 0 begin with 1."""
        annotations = Annotations()
        shift = 1 if 0 in self._boxes else 0
        for track_id, boxes in sorted(self._boxes.items()):
            entry = self._tracks.get(track_id, {})
            told = decode_info(entry, place=f"{self._file_name}, track {track_id}")
            hidden = [(frame, frame) for frame in self._occluded[track_id]]
            told = replace(told, occluded=[*told.occluded, *hidden])
            class_name = self._class_names[track_id]
            add_target(annotations, track_id + shift, class_name, boxes.values(), told)
        return annotations

    def _add(self, entry: Json, place: str, frame: int) -> None:
        attributes = entry.get("attributes")
        told = attributes if isinstance(attributes, dict) else {}
        track_id = self._track_id(entry, told, place)
        boxes = self._boxes_of(track_id, entry, place)
        if frame in boxes:
            raise self._error(
                place, f"`track_id` {track_id} has a box in frame {frame} already"
            )
        origin, score, maker = decode_box(told, self._makers)
        boxes[frame] = Box(
            frame,
            self._box(entry.get("bbox"), place),
            origin or _origin_of_keyframe(told.get("keyframe")),
            score=1.0 if score is None else score,
            maker=maker,
        )
        if told.get("occluded") in (True, "true", "True", 1):
            self._occluded[track_id].append(frame)

    def _track_id(self, entry: Json, told: Json, place: str) -> int:
        candidates = (
            entry.get("track_id"),
            entry.get("instance_id"),
            told.get("track_id"),
        )
        found = next((value for value in candidates if value is not None), None)
        if found is None:
            raise self._error(
                place,
                "has no `track_id`, `instance_id` or `attributes.track_id`: nothing "
                "says which boxes belong to one target",
            )
        return self._whole(found, place, "track_id", least=0)

    def _boxes_of(self, track_id: int, entry: Json, place: str) -> dict[int, Box]:
        category_id = entry.get("category_id")
        known = None if category_id is None else self._categories.get(category_id)
        if category_id is not None and known is None:
            raise self._error(
                place, f"`category_id` {category_id} is not in categories"
            )
        if track_id not in self._boxes:
            name = "object" if known is None else str(known.get("name") or "object")
            self._class_names[track_id] = name
            self._boxes[track_id] = {}
            self._occluded[track_id] = []
        return self._boxes[track_id]

    def _box(self, bbox: Any, place: str) -> tuple[float, float, float, float]:
        if not isinstance(bbox, list) or len(bbox) != 4:
            raise self._error(place, f"`bbox` must be [x, y, width, height]: {bbox!r}")
        numbers = [v for v in bbox if isinstance(v, int | float) and abs(v) < 1e9]
        if len(numbers) != 4:
            raise self._error(place, f"`bbox` must be four finite numbers: {bbox!r}")
        x, y, w, h = (float(value) for value in numbers)
        check_sides(w, h, place=f"{self._file_name}, {place}")
        return x, y, w, h

    def _by_id(self, name: str) -> dict[int, Json]:
        entries = self._document.get(name)
        if not isinstance(entries, list):
            raise self._error(f"`{name}`", "is missing or no list")
        found: dict[int, Json] = {}
        for number, entry in enumerate(entries):
            place = f"{name}[{number}]"
            if not isinstance(entry, dict):
                raise self._error(place, "must be an object")
            key = self._whole(entry.get("id"), place, "id")
            if key in found:
                raise self._error(place, f"`id` {key} stands there twice")
            found[key] = entry
        return found

    def _has(self, name: str) -> bool:
        return bool(self._document.get(name))

    def _whole(
        self, value: Any, place: str, name: str, *, least: int | None = None
    ) -> int:
        is_whole = isinstance(value, int | float) and not isinstance(value, bool)
        if isinstance(value, str) and value.strip().isdigit():
            value, is_whole = int(value), True
        if not is_whole or value != value or int(value) != value:
            raise self._error(place, f"`{name}` must be a whole number, got {value!r}")
        if least is not None and value < least:
            raise self._error(place, f"`{name}` must be {least} or more, got {value}")
        return int(value)

    def _error(self, place: str, problem: str) -> TrackFileError:
        return TrackFileError(
            f"{self._file_name}, {place}: {problem}. Mend the entry or choose another "
            "file."
        )


def _parse_json(text: str, file_name: str) -> Json:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise TrackFileError(
            f"{file_name}, line {error.lineno}, column {error.colno}: {error.msg}. The "
            "file is damaged or no JSON; choose another one.",
            line=error.lineno,
        ) from error
    if not isinstance(document, dict):
        raise TrackFileError(f"{file_name} is no COCO file: it is no JSON object.")
    return document


def _origin_of_keyframe(keyframe: Any) -> Origin:
    """What CVAT's own attribute says: a person set it, or it was laid between two."""
    if keyframe in (True, "true", "True"):
        return Origin.HUMAN
    if keyframe in (False, "false", "False"):
        return Origin.INTERPOLATED
    return Origin.IMPORTED


def _frame_of_name(file_name: str) -> int | None:
    """Read the frame off an image's name: CVAT counts from 0, plain numbers from 1."""
    stem = Path(file_name).stem
    if match := re.fullmatch(r"frame_(\d+)", stem):
        return int(match[1])
    return int(stem) - 1 if stem.isdecimal() and int(stem) > 0 else None


def _whole_or_none(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) and value >= 1 else None


def _stem(name: Any) -> str:
    return Path(str(name)).stem if name else ""
