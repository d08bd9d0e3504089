"""Writing what was tracked, and saying where."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fcot_engine.cli.preview import write_preview
from fcot_engine.cli.tracking_job import Ending
from fcot_engine.errors import ExportError, FcotError
from fcot_engine.session import Track, TrackStore
from fcot_engine.video import FrameSource

if TYPE_CHECKING:
    from fcot_engine.annotation import Annotations

__all__ = [
    "finish",
    "prepare_folder",
    "print_json",
    "report_ending",
    "summarise",
    "write_results",
]

PREVIEW_NAME = "preview.png"


def write_results(
    folder: Path,
    store: TrackStore,
    source: FrameSource,
    track: Track,
    formats: Sequence[str],
) -> list[Path]:
    """Write the boxes and a preview picture; return the files.

    Raises:
        ExportError: something cannot be written. If it is the boxes, they are in
            another folder instead, which the message names.
    """
    from fcot_engine.formats import export_tracks

    annotations = to_annotations(store)
    try:
        paths = list(export_tracks(folder, annotations, source, formats=formats))
    except ExportError as error:
        refuge = Path(tempfile.mkdtemp(prefix="fcot-"))
        export_tracks(refuge, annotations, source, formats=formats)
        raise ExportError(f"{error} The boxes are in {refuge} instead.") from error
    preview = folder / PREVIEW_NAME
    write_preview(preview, source, track)
    return [*paths, preview]


def to_annotations(store: TrackStore) -> Annotations:
    """Return the boxes of a store for the exporters."""
    from fcot_engine.annotation import (
        Annotations,
        Box,
        Maker,
        Origin,
        TargetInfo,
        colour_of,
        name_of,
    )

    annotations = Annotations()
    for track in store:
        name = track.info.name or name_of(track.track_id, track.label)
        colour = track.info.colour or colour_of(track.track_id)
        info = TargetInfo(track.track_id, name, track.label, colour)
        annotations.add(info).boxes.put_boxes(
            [
                Box(
                    box.frame_index,
                    box.box_xywh,
                    Origin[box.origin.name],
                    score=box.score,
                    is_lost=box.is_lost,
                    maker=Maker(box.engine, weights=box.weights),
                )
                for box in track
            ]
        )
    return annotations


def prepare_folder(folder: Path) -> None:
    """Make the folder for results, so that a wrong one shows before the work starts.

    Raises:
        ExportError: it cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(
            f"The folder {folder} cannot be made: {error.strerror or error}. "
            "Choose another one for --out."
        ) from error
    if not os.access(folder, os.W_OK):
        raise ExportError(
            f"The folder {folder} cannot be written to. Choose another one for --out."
        )


def summarise(
    source: FrameSource,
    track: Track,
    ending: Ending,
    files: Sequence[Path],
    *,
    device: str,
) -> dict[str, Any]:
    """Facts about a job, for `--json` and for the lines a person reads."""
    boxes = list(track)
    return {
        "video": source.name,
        "frames": len(source),
        "first_frame": boxes[0].frame_index,
        "last_frame": boxes[-1].frame_index,
        "tracked": ending.n_tracked,
        "lost": sum(box.is_lost for box in boxes),
        "seconds": round(ending.seconds, 3),
        "frames_per_second": round(ending.frames_per_second, 2),
        "device": device,
        "interrupted": ending.is_interrupted,
        "error": None if ending.error is None else str(ending.error),
        "files": [str(path) for path in files],
    }


def print_json(facts: Mapping[str, Any]) -> None:
    """Print facts for machines."""
    print(json.dumps(facts, indent=1))


def report_ending(facts: Mapping[str, Any]) -> None:
    """Tell a person what was done and where it is."""
    print(
        f"{facts['tracked']} frames tracked at {facts['frames_per_second']:.1f} "
        f"frames/s on {facts['device']}; target lost in {facts['lost']}."
    )
    for path in facts["files"]:
        print(f"Written: {path}")


def finish(ending: Ending) -> int:
    """Return the exit code; say on stderr why tracking ended early, if it did.

    Raises:
        FcotError: what stopped it; the results are written by then.
    """
    if ending.error is not None:
        raise FcotError(
            f"Stopped after {ending.n_tracked} frames, which are kept. {ending.error}"
        ) from ending.error
    if ending.is_interrupted:
        print(
            f"Interrupted after {ending.n_tracked} frames, which are kept.",
            file=sys.stderr,
        )
        return 130
    return 0
