"""`fcot export`: the boxes of a project as files, and what they have cost."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fcot_engine.cli.options import DEFAULT_FORMATS, parse_formats
from fcot_engine.cli.results import print_json
from fcot_engine.errors import ConfigError

if TYPE_CHECKING:
    from fcot_engine.annotation import EffortReport, Project

EXAMPLES = """\
  fcot export film.fcot --out boxes
  fcot export film.fcot --format cvat,yolo --out boxes --video moved/film.mp4
  fcot export film.fcot --format json --out boxes
  fcot export film.fcot --report
  fcot export film.fcot --report --out boxes --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fcot export`."""
    add = parser.add_argument
    add("project", type=Path, metavar="PROJECT", help="a NAME.fcot file")
    add("--out", type=Path, metavar="FOLDER", help="gets the files")
    add(
        "--format",
        type=_parse_formats,
        default=DEFAULT_FORMATS,
        metavar="NAMES",
        help="out of mot, coco, cvat, yolo, lasot, got10k, and json for the whole "
        "project in words, with commas (mot,coco)",
    )
    add("--video", type=Path, metavar="VIDEO", help="where the video is, if it moved")
    add(
        "--report",
        action="store_true",
        help="say how many boxes were drawn; with --out also as effort.json",
    )
    add("--json", action="store_true", help="print what was done as JSON")


def run(args: argparse.Namespace) -> int:
    """Export as asked for; returns the exit code.

    Raises:
        FcotError: something is wrong with the project, the video or the disk.
    """
    from fcot_engine.annotation import Project, report_effort

    if args.out is None and not args.report:
        raise ConfigError("Nothing to do: give a folder with --out, or --report.")
    project = Project.open(args.project, read_only=True)
    try:
        files: list[Path] = []
        report = None
        if args.report:
            n_frames = project.video.n_frames
            report = report_effort(project, n_frames=n_frames)
        if args.out is not None:
            files = _export(project, args)
            if report is not None:
                files.append(_write_report(args.out / "effort.json", report))
    finally:
        project.close()
    _tell(files, report, as_json=args.json)
    return 0


def _parse_formats(text: str) -> tuple[str, ...]:
    """Read `mot,json`."""
    return parse_formats(text, more=(_JSON,))


def _export(project: Project, args: argparse.Namespace) -> list[Path]:
    from fcot_engine.annotation import write_project_json

    formats = tuple(name for name in args.format if name != _JSON)
    files = _export_tracks(project, args, formats) if formats else []
    if _JSON in args.format:
        path = args.out / f"{args.project.stem}.json"
        files.append(write_project_json(path, project))
    return files


def _export_tracks(
    project: Project, args: argparse.Namespace, formats: tuple[str, ...]
) -> list[Path]:
    from fcot_engine.annotation import identify_video
    from fcot_engine.formats import export_tracks
    from fcot_engine.video import open_frames

    place = project.find_video(args.video)
    source = open_frames(place)
    try:
        project.check_video(identify_video(source, place))
        return export_tracks(args.out, project.annotations, source, formats=formats)
    finally:
        source.close()


def _write_report(path: Path, report: EffortReport) -> Path:
    from fcot_engine.atomic_write import write_together

    with write_together() as files:
        files.write_text(path, json.dumps(report.to_json(), indent=1) + "\n")
    return path


def _tell(files: list[Path], report: EffortReport | None, *, as_json: bool) -> None:
    if as_json:
        facts: dict[str, Any] = {"files": [str(path) for path in files]}
        if report is not None:
            facts["effort"] = report.to_json()
        print_json(facts)
        return
    if report is not None:
        print(report.text)
    shown = files if len(files) <= _MOST_NAMES else files[:_MOST_NAMES]
    for path in shown:
        print(f"Written: {path}")
    if len(shown) < len(files):
        print(f"and {len(files) - len(shown)} more files")


_JSON = "json"
_MOST_NAMES = 20  # YOLO has a file for each frame
