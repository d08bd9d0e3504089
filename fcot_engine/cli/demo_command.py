"""`fcot demo`: the main job, in a window where there is a screen."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from fcot_engine.cli.info_command import can_open_window
from fcot_engine.cli.options import (
    DEFAULT_FORMATS,
    add_tracker_options,
    make_tracker,
    parse_box,
)
from fcot_engine.cli.results import (
    finish,
    prepare_folder,
    print_json,
    report_ending,
    summarise,
    write_results,
)
from fcot_engine.cli.sample_story import tell_sample_story
from fcot_engine.cli.tracking_job import draw_box, follow
from fcot_engine.errors import BoxError
from fcot_engine.session import TrackStore

__all__ = ["EXAMPLES", "add_arguments", "run"]

EXAMPLES = """\
  fcot demo
  fcot demo dog.mp4 --box 120,80,64,48
  fcot demo --headless --out /tmp/demo

The tracker options count only where no window is opened."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fcot demo`."""
    add = parser.add_argument
    add("video", type=Path, nargs="?", metavar="VIDEO", help="your own (the sample)")
    add(
        "--box",
        type=parse_box,
        metavar="X,Y,W,H",
        help="the object in the first frame: left, top, width, height in pixels",
    )
    add("--headless", action="store_true", help="open no window even if one could be")
    add(
        "--out",
        type=Path,
        default=Path("fcot-demo"),
        metavar="FOLDER",
        help="gets the files when no window is opened (fcot-demo)",
    )
    add("--json", action="store_true", help="print the summary as JSON; no window")
    add_tracker_options(parser)


def run(args: argparse.Namespace) -> int:
    """Open napari, or do the same job without a screen; returns the exit code.

    Raises:
        FcotError: something is wrong with the video, the box, the weights or the disk.
    """
    if args.video is not None:
        _check_video(args)
    elif args.box is not None:
        raise BoxError("--box belongs to a video: the sample has its own. Name both.")
    if can_open_window() and not (args.headless or args.json):
        return _open_window(args)
    prepare_folder(args.out)
    if args.video is None:
        return tell_sample_story(
            make_tracker(args), args.out, DEFAULT_FORMATS, as_json=args.json
        )
    return _track_video(args)


def _check_video(args: argparse.Namespace) -> None:
    """Raise at once if the video cannot be opened or the box is not inside it."""
    from fcot_engine.video import open_frames

    source = open_frames(args.video)
    try:
        if args.box is not None:
            draw_box(TrackStore().add_track(), source, 0, args.box)
    finally:
        source.close()


def _open_window(args: argparse.Namespace) -> int:
    """Run napari as a program of its own: the engine knows nothing of it."""
    words = [sys.executable, "-m", "napari_fcot.launch"]
    if args.video is not None:
        words.append(str(args.video))
    if args.box is not None:
        words.append("--box=" + ",".join(str(value) for value in args.box))
    return subprocess.run(words, check=False).returncode


def _track_video(args: argparse.Namespace) -> int:
    from fcot_engine.video import open_frames

    if args.box is None:
        raise BoxError(
            f"Without a window, the object in {args.video.name} must be given: add "
            "--box X,Y,W,H, its left, top, width and height in pixels of frame 0."
        )
    source = open_frames(args.video)
    try:
        store = TrackStore()
        track = store.add_track()
        draw_box(track, source, 0, args.box)
        tracker = make_tracker(args)
        ending = follow(tracker, source, track, start=0, last=len(source) - 1)
        files = write_results(args.out, store, source, track, DEFAULT_FORMATS)
        facts = summarise(source, track, ending, files, device=tracker.device_name)
    finally:
        source.close()
    if args.json:
        print_json(facts)
    else:
        report_ending(facts)
    return finish(ending)
