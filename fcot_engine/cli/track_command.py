"""`fcot track`: one box in, a box for every later frame out."""

from __future__ import annotations

import argparse
from pathlib import Path

from fcot_engine.cli.options import (
    DEFAULT_FORMATS,
    add_tracker_options,
    make_tracker,
    parse_box,
    parse_formats,
)
from fcot_engine.cli.results import (
    finish,
    prepare_folder,
    print_json,
    report_ending,
    summarise,
    write_results,
)
from fcot_engine.cli.tracking_job import draw_box, follow, last_frame_of
from fcot_engine.session import TrackStore
from fcot_engine.video import FrameSource

__all__ = ["EXAMPLES", "add_arguments", "run"]

EXAMPLES = """\
  fcot track dog.mp4 --box 120,80,64,48 --out dog-boxes
  fcot track images/ --box 10,20,30,40 --frame 25 --end 300 --out out --format mot
  fcot track stack.tif --box 10,20,30,40 --out out --device cuda --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fcot track`."""
    add = parser.add_argument
    add("video", type=Path, metavar="VIDEO", help="video, TIFF stack or image folder")
    add(
        "--box",
        type=parse_box,
        required=True,
        metavar="X,Y,W,H",
        help="the object: left, top, width, height in pixels",
    )
    add("--frame", type=int, default=0, metavar="N", help="frame of the box (0)")
    add("--end", type=int, metavar="N", help="last frame to track (the last one)")
    add("--out", type=Path, required=True, metavar="FOLDER", help="gets the files")
    add(
        "--format",
        type=parse_formats,
        default=DEFAULT_FORMATS,
        metavar="NAMES",
        help="out of mot, coco, cvat, yolo, lasot, got10k, with commas (mot,coco)",
    )
    add("--label", default="object", help="class name in the files (object)")
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
    store = TrackStore()
    track = store.add_track(args.label)
    last = last_frame_of(source, frame=args.frame, end=args.end)
    draw_box(track, source, args.frame, args.box)
    tracker = make_tracker(args)
    prepare_folder(args.out)
    ending = follow(tracker, source, track, start=args.frame, last=last)
    files = write_results(args.out, store, source, track, args.format)
    facts = summarise(source, track, ending, files, device=tracker.device_name)
    if args.json:
        print_json(facts)
    else:
        report_ending(facts)
    return finish(ending)
