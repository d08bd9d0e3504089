"""All export formats by name."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from fcot_engine.errors import ExportError
from fcot_engine.formats.coco import write_coco
from fcot_engine.formats.cvat import write_cvat
from fcot_engine.formats.exported_boxes import safe_name
from fcot_engine.formats.mot import write_mot
from fcot_engine.formats.single_target import write_got10k, write_lasot
from fcot_engine.formats.yolo import write_yolo
from fcot_engine.session import TrackStore
from fcot_engine.video import FrameSource

__all__ = ["FORMATS", "export_tracks"]


def export_tracks(
    folder: str | os.PathLike[str],
    store: TrackStore,
    source: FrameSource,
    formats: Iterable[str] = ("mot", "coco"),
) -> list[Path]:
    """Write the tracks of a video in several formats.

        FOLDER/mot/...                                    see `fcot_engine.formats.mot`
        FOLDER/coco/annotations/instances_NAME.json       see `fcot_engine.formats.coco`
        FOLDER/cvat/NAME.xml                              see `fcot_engine.formats.cvat`
        FOLDER/yolo/NAME/...                              see `fcot_engine.formats.yolo`
        FOLDER/lasot/NAME/...                     see `formats.single_target`
        FOLDER/got10k/NAME/...                    see `formats.single_target`

    Each format is read again after writing and compared with what was to be written.

    Args:
        folder: where the files go; made if needed.
        store: the tracks.
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
        written += FORMATS[name](Path(folder), store, source)
    return written


def _export_mot(folder: Path, store: TrackStore, source: FrameSource) -> list[Path]:
    return write_mot(folder / "mot", store, source)


def _export_coco(folder: Path, store: TrackStore, source: FrameSource) -> list[Path]:
    file_name = f"instances_{safe_name(source.name)}.json"
    return [write_coco(folder / "coco" / "annotations" / file_name, store, source)]


def _export_cvat(folder: Path, store: TrackStore, source: FrameSource) -> list[Path]:
    file_name = f"{safe_name(source.name)}.xml"
    return [write_cvat(folder / "cvat" / file_name, store, source)]


def _export_yolo(folder: Path, store: TrackStore, source: FrameSource) -> list[Path]:
    return write_yolo(folder / "yolo" / safe_name(source.name), store, source)


def _export_lasot(folder: Path, store: TrackStore, source: FrameSource) -> list[Path]:
    return write_lasot(folder / "lasot" / safe_name(source.name), store, source)


def _export_got10k(folder: Path, store: TrackStore, source: FrameSource) -> list[Path]:
    return write_got10k(folder / "got10k" / safe_name(source.name), store, source)


FORMATS: dict[str, Callable[[Path, TrackStore, FrameSource], list[Path]]] = {
    "mot": _export_mot,
    "coco": _export_coco,
    "cvat": _export_cvat,
    "yolo": _export_yolo,
    "lasot": _export_lasot,
    "got10k": _export_got10k,
}
"""Writers by the name that the command line and the plugin offer."""
