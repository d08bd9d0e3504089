"""`fcot import`: boxes of other programs as targets of a project."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from fcot_engine.cli.results import print_json
from fcot_engine.errors import ConfigError, TrackerStateError

if TYPE_CHECKING:
    from fcot_engine.annotation import AnnotationSession

EXAMPLES = """\
  fcot import gt/gt.txt --video film.mp4
  fcot import annotations.xml --video film.mp4 --project film.fcot
  fcot import boxes.json --project film.fcot --json
  fcot import cvat-mot/gt/gt.txt --video film.mp4 --pixel-origin 0"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fcot import`."""
    add = parser.add_argument
    add(
        "file",
        type=Path,
        metavar="FILE",
        help="MOT text or sequence folder, COCO JSON, CVAT XML or its ZIP",
    )
    add("--video", type=Path, metavar="VIDEO", help="the video they belong to")
    add(
        "--project",
        type=Path,
        metavar="PROJECT",
        help="gets the targets; made if needed (beside the video, by its name)",
    )
    add(
        "--format",
        choices=("mot", "coco", "cvat"),
        help="format of the file (by its ending)",
    )
    add(
        "--pixel-origin",
        type=int,
        choices=(0, 1),
        help="MOT: coordinate of the frame's left and top edge; CVAT and Datumaro "
        "write 0 (1, or what the export says)",
    )
    add("--json", action="store_true", help="print what was done as JSON")


def run(args: argparse.Namespace) -> int:
    """Import as asked for; returns the exit code.

    Raises:
        FcotError: something is wrong with the file, the video or the project.
    """
    from fcot_engine.annotation import project_path_for
    from fcot_engine.formats import read_tracks

    if args.video is None and args.project is None:
        raise ConfigError("Say where the boxes go: give --video, --project or both.")
    place = args.project or project_path_for(args.video)
    session = _open(place, args.video)
    try:
        tracks = read_tracks(
            args.file,
            args.format,
            pixel_origin=args.pixel_origin,
            video_name=session.source.name,
        )
        added = session.edit.add_tracks(tracks)
    finally:
        session.close()
        session.source.close()
    for note in added.notes:
        print(f"Note: {note}", file=sys.stderr)
    if args.json:
        print_json(
            {
                "project": str(place),
                "targets": {str(k): v for k, v in added.target_ids.items()},
                "boxes": added.n_boxes,
                "human_boxes": added.n_human_boxes,
                "notes": list(added.notes),
            }
        )
    else:
        print(
            f"Imported into {place}: targets {len(added.target_ids)}, boxes "
            f"{added.n_boxes}, of them drawn by a person {added.n_human_boxes}."
        )
    return 0


def _open(place: Path, video: Path | None) -> AnnotationSession:
    """Open a project, or begin one that appears with its first edit."""
    from fcot_engine.annotation import AnnotationSession
    from fcot_engine.video import open_frames

    if place.exists():
        return AnnotationSession.open(place, _no_tracker, video_path=video)
    if video is None:
        raise ConfigError(
            f"There is no project {place}. Give the video with --video to begin one."
        )
    source = open_frames(video)
    try:
        return AnnotationSession.begin(source, _no_tracker, place, video_path=video)
    except BaseException:
        source.close()
        raise


def _no_tracker() -> NoReturn:
    raise TrackerStateError("Nothing is tracked while tracks are imported.")
