"""`fcot track`: a box of each object in, its boxes in all later frames out."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from fcot_engine.cli.options import (
    DEFAULT_FORMATS,
    add_tracker_options,
    make_tracker,
    parse_formats,
    parse_given_box,
)
from fcot_engine.cli.results import prepare_folder, report, write_results
from fcot_engine.cli.tracking_job import (
    check_boxes,
    follow,
    last_frame_of,
    open_session,
)

if TYPE_CHECKING:
    from fcot_engine.video import FrameSource

EXAMPLES = """\
  fcot track dog.mp4 --box 120,80,64,48 --out dog-boxes
  fcot track street.mp4 --box car=40,60,80,50 --box car=300,64,70,48 --out cars
  fcot track images/ --box 10,20,30,40 --frame 25 --end 300 --out out --format mot
  fcot track stack.tif --box 10,20,30,40 --out out --device cuda --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fcot track`."""
    add = parser.add_argument
    add("video", type=Path, metavar="VIDEO", help="video, TIFF stack or image folder")
    add(
        "--box",
        type=parse_given_box,
        action="append",
        required=True,
        metavar="[LABEL=]X,Y,W,H",
        help="an object: left, top, width, height in pixels, with its class name "
        "before it if you like; may be repeated, all objects are tracked together",
    )
    add("--frame", type=int, default=0, metavar="N", help="frame of the boxes (0)")
    add("--end", type=int, metavar="N", help="last frame to track (the last one)")
    add("--out", type=Path, required=True, metavar="FOLDER", help="gets the files")
    add(
        "--format",
        type=parse_formats,
        default=DEFAULT_FORMATS,
        metavar="NAMES",
        help="out of mot, coco, cvat, yolo, lasot, got10k, with commas (mot,coco)",
    )
    add("--label", default="object", help="class name of the others (object)")
    add("--json", action="store_true", help="print the summary as JSON")
    add_tracker_options(parser)


def run(args: argparse.Namespace) -> int:
    """Track as asked for; returns the exit code.

    Raises:
        FcotError: something is wrong with the video, the box, the weights or the disk.
    """
    from fcot_engine.video import open_frames

    source = open_frames(args.video)
    try:
        return _track(args, source)
    finally:
        source.close()


def _track(args: argparse.Namespace, source: FrameSource) -> int:
    last = last_frame_of(source, frame=args.frame, end=args.end)
    boxes = [box.labelled(args.label) for box in args.box]
    check_boxes(source, boxes)
    tracker = make_tracker(args)
    prepare_folder(args.out)
    session = open_session(source, tracker, boxes, frame=args.frame)
    ending = follow(session, f"Tracking {source.name}", start=args.frame, last=last)
    files = write_results(args.out, session, args.format)
    return report(session, ending, files, as_json=args.json)
