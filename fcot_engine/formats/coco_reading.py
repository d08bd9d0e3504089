"""COCO JSON with videos and track ids as tracks.

Read are files in the manner of TAO (`frame_index`, `track_id`), CocoVID (`frame_id`,
`instance_id`), CVAT and Datumaro (`attributes.track_id`, frames by the names of their
images), and our own. A file without ids of tracks is refused: nothing in it says which
boxes belong together.
"""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from fcot_engine.errors import TrackFileError
from fcot_engine.formats.track_file import TrackFile, check_sides, read_text
from fcot_engine.formats.track_notes import decode_box, decode_notes
from fcot_engine.session import (
    BoxOrigin,
    Track,
    TrackBox,
    TrackStore,
    is_inside,
    to_ranges,
)

__all__ = ["parse_coco", "read_coco"]

Json = dict[str, Any]


def read_coco(path: Path, *, video_name: str | None = None) -> TrackFile:
    """Read a COCO file; see `parse_coco`.

    Raises:
        TrackFileError: it cannot be read, or an entry of it is wrong.
    """
    return parse_coco(
        read_text(path), file_name=path.name, path=path, video_name=video_name
    )


def parse_coco(
    text: str,
    *,
    file_name: str,
    path: Path | None = None,
    video_name: str | None = None,
) -> TrackFile:
    """Read the tracks of one video out of COCO text.

    Args:
        text: the file.
        file_name: for messages.
        path: where it lies.
        video_name: which video, where the file has several.

    Raises:
        TrackFileError: it is damaged, or has no ids of tracks.
    """
    reading = _Reading(_parse(text, file_name), file_name)
    video = reading.choose_video(video_name)
    images = reading.frames_of(video)
    n_crowds = reading.add_annotations(images)
    first = next(iter(reading.images.values()), {})
    about = video if video is not None and "width" in video else first
    length = None if video is None else video.get("length")
    return TrackFile(
        path=Path(file_name) if path is None else path,
        format_name="coco",
        store=reading.finish(),
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
        self._store: dict[int, Track] = {}
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

    def finish(self) -> TrackStore:
        """Return the tracks with what is known of them; ids from 0 are shifted by 1."""
        store = TrackStore()
        shift = 1 if 0 in self._store else 0
        for track_id, track in sorted(self._store.items()):
            entry = self._tracks.get(track_id, {})
            info = decode_notes(entry, place=f"{self._file_name}, track {track_id}")
            more = [
                frame
                for frame in self._occluded[track_id]
                if not is_inside(info.occluded, frame)
            ]
            if more:
                known = (range(first, last + 1) for first, last in info.occluded)
                frames = (*more, *itertools.chain.from_iterable(known))
                info = replace(info, occluded=to_ranges(frames))
            track.info = info
            track.track_id = track_id + shift
            store.put_track(track)
        return store

    def _add(self, entry: Json, place: str, frame: int) -> None:
        attributes = entry.get("attributes")
        told = attributes if isinstance(attributes, dict) else {}
        track_id = self._track_id(entry, told, place)
        track = self._track(track_id, entry, place)
        if frame in track:
            raise self._error(
                place, f"`track_id` {track_id} has a box in frame {frame} already"
            )
        origin, score, engine, weights = decode_box(told)
        track.put(
            TrackBox(
                frame,
                self._box(entry.get("bbox"), place),
                origin or _origin_of_keyframe(told.get("keyframe")),
                score=1.0 if score is None else score,
                engine=engine,
                weights=weights,
            )
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

    def _track(self, track_id: int, entry: Json, place: str) -> Track:
        category_id = entry.get("category_id")
        known = None if category_id is None else self._categories.get(category_id)
        if category_id is not None and known is None:
            raise self._error(
                place, f"`category_id` {category_id} is not in categories"
            )
        if track_id not in self._store:
            name = "object" if known is None else str(known.get("name") or "object")
            self._store[track_id] = Track(track_id, name)
            self._occluded[track_id] = []
        return self._store[track_id]

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


def _parse(text: str, file_name: str) -> Json:
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


def _origin_of_keyframe(keyframe: Any) -> BoxOrigin:
    """What CVAT's own attribute says: a person set it, or it was laid between two."""
    if keyframe in (True, "true", "True"):
        return BoxOrigin.HUMAN
    if keyframe in (False, "false", "False"):
        return BoxOrigin.INTERPOLATED
    return BoxOrigin.IMPORTED


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
