"""`fcot demo`: the main job, in a window where there is a screen."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fcot_engine.cli.info_command import can_open_window
from fcot_engine.cli.options import (
    DEFAULT_FORMATS,
    GivenBox,
    add_tracker_options,
    make_tracker,
    parse_given_box,
)
from fcot_engine.cli.results import prepare_folder, report, write_results
from fcot_engine.cli.tracking_job import check_boxes, follow, open_session
from fcot_engine.errors import BoxError

if TYPE_CHECKING:
    from fcot_engine.annotation import AnnotationSession
    from fcot_engine.sample import SampleVideo

GOOD_IOU = 0.5
LOOK_AFTER_FRAMES = 7
"""So long after the look-alike has left, a person looks whether the box is right."""

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
        type=parse_given_box,
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
        return _tell_sample_story(args)
    return _track_video(args)


def _check_video(args: argparse.Namespace) -> None:
    """Raise at once if the video cannot be opened or the box is not inside it."""
    from fcot_engine.video import open_frames

    source = open_frames(args.video)
    try:
        if args.box is not None:
            check_boxes(source, [args.box])
    finally:
        source.close()


def _open_window(args: argparse.Namespace) -> int:
    """Run napari as a program of its own: the engine knows nothing of it."""
    words = [sys.executable, "-m", "napari_fcot.launch"]
    if args.video is not None:
        words.append(str(args.video))
    if args.box is not None:
        words.append("--box=" + ",".join(str(value) for value in args.box.box_xywh))
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
        session = open_session(
            source, make_tracker(args), [args.box.labelled("object")]
        )
        title, last = f"Tracking {source.name}", len(source) - 1
        ending = follow(session, title, start=0, last=last)
        files = write_results(args.out, session, DEFAULT_FORMATS)
        return report(session, ending, files, as_json=args.json)
    finally:
        source.close()


def _tell_sample_story(args: argparse.Namespace) -> int:
    """Track the sample, correct it once if the look-alike took the box, write it all.

    Returns:
        The exit code.

    Raises:
        FcotError: scikit-image is not installed, or the files cannot be written.
    """
    from fcot_engine.sample import make_sample_video
    from fcot_engine.video import ArrayFrames

    sample = make_sample_video()
    source = ArrayFrames(sample.frames, name=sample.name, frame_rate=sample.frame_rate)
    x, y, w, h = sample.boxes_xywh[0].tolist()
    session = open_session(source, make_tracker(args), [GivenBox((x, y, w, h), "cup")])
    (target,) = session.annotations
    last = len(source) - 1
    ending = follow(session, "Tracking the sample", start=0, last=last)
    alone = _mean_iou(sample, session)
    look_at = min(sample.distractor_frames.stop + LOOK_AFTER_FRAMES, last)
    is_corrected = ending.is_complete and _iou_at(sample, session, look_at) < GOOD_IOU
    if is_corrected:
        truth = sample.boxes_xywh[look_at].tolist()
        session.edit.draw_box(target.target_id, look_at, truth)
        title = f"Corrected in frame {look_at}"
        ending = ending.then(follow(session, title, start=look_at, last=last))
    files = write_results(args.out, session, DEFAULT_FORMATS)
    mean_iou = _mean_iou(sample, session)
    facts = {
        "mean_iou_alone": round(alone, 4),
        "corrected_in_frame": look_at if is_corrected else None,
        "mean_iou": round(mean_iou, 4),
    }
    words = [f"Mean IoU with the truth, from the first box alone: {round(alone, 4)}"]
    if is_corrected:
        words.append(
            "After the look-alike had passed, the box was wrong. Corrected once, in "
            f"frame {look_at}: mean IoU {round(mean_iou, 4)}"
        )
    return report(session, ending, files, as_json=args.json, facts=facts, words=words)


def _mean_iou(sample: SampleVideo, session: AnnotationSession) -> float:
    """Mean overlap with the truth over the frames that have a box, the first not."""
    (target,) = session.annotations
    frames = [frame for frame in target.boxes.frames().tolist() if frame > 0]
    ious = [_iou_at(sample, session, frame) for frame in frames]
    return float(np.mean(ious)) if ious else 0.0


def _iou_at(sample: SampleVideo, session: AnnotationSession, frame: int) -> float:
    from fcot_engine.evaluation import overlaps

    (box,) = session.boxes_at(frame).values()
    truth = sample.boxes_xywh[frame : frame + 1]
    return float(overlaps(np.array([box.box_xywh]), truth)[0])
