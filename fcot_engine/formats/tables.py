"""All formats by name, for writing and for reading."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from fcot_engine.annotation import Annotations, ReadTracks
from fcot_engine.errors import ExportError, TrackFileError
from fcot_engine.formats._cvat_reading import read_cvat
from fcot_engine.formats._writing import safe_name
from fcot_engine.formats.coco import read_coco, write_coco
from fcot_engine.formats.cvat import write_cvat
from fcot_engine.formats.mot import read_mot, write_mot
from fcot_engine.formats.single_target import write_got10k, write_lasot
from fcot_engine.formats.yolo import write_yolo
from fcot_engine.video import FrameSource

_FORMAT_OF_SUFFIX = {".txt": "mot", ".json": "coco", ".xml": "cvat", ".zip": "cvat"}


def export_tracks(
    folder: str | os.PathLike[str],
    annotations: Annotations,
    source: FrameSource,
    formats: Iterable[str] = ("mot", "coco"),
) -> list[Path]:
    """Write the targets of a video in several formats.

        FOLDER/mot/...                                    see `fcot_engine.formats.mot`
        FOLDER/coco/annotations/instances_NAME.json       see `fcot_engine.formats.coco`
        FOLDER/cvat/NAME.xml                              see `fcot_engine.formats.cvat`
        FOLDER/yolo/NAME/...                              see `fcot_engine.formats.yolo`
        FOLDER/lasot/NAME/...                     see `formats.single_target`
        FOLDER/got10k/NAME/...                    see `formats.single_target`

    Each format is read again after writing and compared with what was to be written.

    Args:
        folder: where the files go; made if needed.
        annotations: the targets; nothing may change them meanwhile.
        source: the video they belong to.
        formats: names out of `FORMATS`.

    Returns:
        All files that were written.

    Raises:
        ExportError: a format is unknown (then nothing is written), there is nothing to
            write, or writing fails; formats written before stay.
    """
    wanted = list(dict.fromkeys(name.strip().lower() for name in formats))
    unknown = [name for name in wanted if name not in FORMATS]
    if unknown or not wanted:
        raise ExportError(
            f"Unknown export format {', '.join(unknown) or '(none given)'}; choose out "
            f"of: {', '.join(FORMATS)}."
        )
    written = []
    for name in wanted:
        written += FORMATS[name](Path(folder), annotations, source)
    return written


def _export_mot(
    folder: Path, annotations: Annotations, source: FrameSource
) -> list[Path]:
    return write_mot(folder / "mot", annotations, source)


def _export_coco(
    folder: Path, annotations: Annotations, source: FrameSource
) -> list[Path]:
    file_name = f"instances_{safe_name(source.name)}.json"
    path = folder / "coco" / "annotations" / file_name
    return [write_coco(path, annotations, source)]


def _export_cvat(
    folder: Path, annotations: Annotations, source: FrameSource
) -> list[Path]:
    file_name = f"{safe_name(source.name)}.xml"
    return [write_cvat(folder / "cvat" / file_name, annotations, source)]


def _export_yolo(
    folder: Path, annotations: Annotations, source: FrameSource
) -> list[Path]:
    return write_yolo(folder / "yolo" / safe_name(source.name), annotations, source)


def _export_lasot(
    folder: Path, annotations: Annotations, source: FrameSource
) -> list[Path]:
    return write_lasot(folder / "lasot" / safe_name(source.name), annotations, source)


def _export_got10k(
    folder: Path, annotations: Annotations, source: FrameSource
) -> list[Path]:
    return write_got10k(folder / "got10k" / safe_name(source.name), annotations, source)


FORMATS: dict[str, Callable[[Path, Annotations, FrameSource], list[Path]]] = {
    "mot": _export_mot,
    "coco": _export_coco,
    "cvat": _export_cvat,
    "yolo": _export_yolo,
    "lasot": _export_lasot,
    "got10k": _export_got10k,
}
"""Writers by the name that the command line and the plugin offer."""


def read_tracks(
    path: str | os.PathLike[str],
    format_name: str | None = None,
    *,
    pixel_origin: int | None = None,
    video_name: str | None = None,
) -> ReadTracks:
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
        annotations = read_tracks("gulls/gt/gt.txt").annotations
    """
    file = Path(path)
    if format_name is None:
        format_name = "mot" if file.is_dir() else _tell_format(file)
    if format_name not in READERS:
        raise TrackFileError(
            f"There is no format {format_name!r} to read; choose out of: "
            f"{', '.join(READERS)}."
        )
    return READERS[format_name](file, pixel_origin, video_name)


def _tell_format(path: Path) -> str:
    try:
        return _FORMAT_OF_SUFFIX[path.suffix.lower()]
    except KeyError:
        known = ", ".join(_FORMAT_OF_SUFFIX)
        raise TrackFileError(
            f"{path.name} does not tell its format: expected an ending out of {known}. "
            f"Name the format ({', '.join(READERS)})."
        ) from None


def _read_mot(path: Path, pixel_origin: int | None, _: str | None) -> ReadTracks:
    return read_mot(path, pixel_origin=pixel_origin)


def _read_coco(path: Path, _: int | None, video_name: str | None) -> ReadTracks:
    return read_coco(path, video_name=video_name)


def _read_cvat(path: Path, _: int | None, __: str | None) -> ReadTracks:
    return read_cvat(path)


READERS: dict[str, Callable[[Path, int | None, str | None], ReadTracks]] = {
    "mot": _read_mot,
    "coco": _read_coco,
    "cvat": _read_cvat,
}
"""Readers by the name that the command line and the plugin offer."""
