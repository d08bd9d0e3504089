"""All files of tracks that can be read, by name."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from fcot_engine.errors import TrackFileError
from fcot_engine.formats.coco_reading import read_coco
from fcot_engine.formats.cvat_reading import read_cvat
from fcot_engine.formats.mot_reading import read_mot
from fcot_engine.formats.track_file import TrackFile

__all__ = ["READERS", "read_tracks"]

_FORMAT_OF_SUFFIX = {".txt": "mot", ".json": "coco", ".xml": "cvat", ".zip": "cvat"}


def read_tracks(
    path: str | os.PathLike[str],
    format_name: str | None = None,
    *,
    pixel_origin: int | None = None,
    video_name: str | None = None,
) -> TrackFile:
    """Read a file of tracks.

    Args:
        path: the file, or the folder of a MOT sequence.
        format_name: name out of `READERS`; None tells by the file's ending.
        pixel_origin: for MOT, see `read_mot`.
        video_name: for COCO files of several videos, which one.

    Raises:
        TrackFileError: the format is unknown, or the file cannot be read; the message
            names line and field.

    Example:
        store = read_tracks("gulls/gt/gt.txt").store
    """
    place = Path(path)
    if format_name is None:
        format_name = "mot" if place.is_dir() else _tell_format(place)
    if format_name not in READERS:
        raise TrackFileError(
            f"There is no format {format_name!r} to read; choose out of: "
            f"{', '.join(READERS)}."
        )
    return READERS[format_name](place, pixel_origin, video_name)


def _tell_format(path: Path) -> str:
    try:
        return _FORMAT_OF_SUFFIX[path.suffix.lower()]
    except KeyError:
        known = ", ".join(_FORMAT_OF_SUFFIX)
        raise TrackFileError(
            f"{path.name} does not tell its format: expected an ending out of {known}. "
            f"Name the format ({', '.join(READERS)})."
        ) from None


def _read_mot(path: Path, pixel_origin: int | None, _: str | None) -> TrackFile:
    return read_mot(path, pixel_origin=pixel_origin)


def _read_coco(path: Path, _: int | None, video_name: str | None) -> TrackFile:
    return read_coco(path, video_name=video_name)


def _read_cvat(path: Path, _: int | None, __: str | None) -> TrackFile:
    return read_cvat(path)


READERS: dict[str, Callable[[Path, int | None, str | None], TrackFile]] = {
    "mot": _read_mot,
    "coco": _read_coco,
    "cvat": _read_cvat,
}
"""Readers by the name that the command line and the plugin offer."""
