"""The demo on the sample: track it, be fooled, correct once, go on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fcot_engine.cli.results import (
    finish,
    print_json,
    report_ending,
    summarise,
    write_results,
)
from fcot_engine.cli.tracking_job import draw_box, follow_run
from fcot_engine.evaluation import overlaps
from fcot_engine.session import BoxOrigin, TargetRun, Track, TrackStore

if TYPE_CHECKING:
    from fcot_engine.sample import SampleVideo
    from fcot_engine.tracker import Tracker

__all__ = ["mean_iou", "tell_sample_story"]

GOOD_IOU = 0.5
LOOK_AFTER_FRAMES = 7
"""So long after the look-alike has left, a person looks whether the box is right."""


def tell_sample_story(
    tracker: Tracker, folder: Path, formats: Sequence[str], *, as_json: bool
) -> int:
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
    store = TrackStore()
    track = store.add_track("cup")
    draw_box(track, source, 0, sample.boxes_xywh[0].tolist())
    run = TargetRun(tracker, source, track)
    last = len(source) - 1
    ending = follow_run(run, "Tracking the sample", start=0, last=last)
    alone = mean_iou(sample, track)
    look_at = min(sample.distractor_frames.stop + LOOK_AFTER_FRAMES, last)
    is_corrected = ending.is_complete and _is_wrong(sample, track, look_at)
    if is_corrected:
        truth = sample.boxes_xywh[look_at].tolist()
        draw_box(track, source, look_at, truth, origin=BoxOrigin.CORRECTED)
        title = f"Corrected in frame {look_at}"
        ending = ending.then(follow_run(run, title, start=look_at, last=last))
    files = write_results(folder, store, source, track, formats)
    facts = summarise(source, track, ending, files, device=tracker.device_name) | {
        "mean_iou_alone": round(alone, 4),
        "corrected_in_frame": look_at if is_corrected else None,
        "mean_iou": round(mean_iou(sample, track), 4),
    }
    if as_json:
        print_json(facts)
    else:
        report_ending(facts)
        _report_truth(facts)
    return finish(ending)


def mean_iou(sample: SampleVideo, track: Track) -> float:
    """Mean overlap with the truth over the frames that have a box, the first not."""
    boxes = [box for box in track if box.frame_index > 0]
    if not boxes:
        return 0.0
    found = np.array([box.box_xywh for box in boxes])
    truth = sample.boxes_xywh[[box.frame_index for box in boxes]]
    return float(overlaps(found, truth).mean())


def _is_wrong(sample: SampleVideo, track: Track, frame: int) -> bool:
    box = track.get(frame)
    if box is None:
        return True
    truth = sample.boxes_xywh[frame : frame + 1]
    return bool(overlaps(np.array([box.box_xywh]), truth)[0] < GOOD_IOU)


def _report_truth(facts: dict[str, Any]) -> None:
    print(
        f"Mean IoU with the truth, from the first box alone: {facts['mean_iou_alone']}"
    )
    if facts["corrected_in_frame"] is not None:
        print(
            "After the look-alike had passed, the box was wrong. Corrected once, in "
            f"frame {facts['corrected_in_frame']}: mean IoU {facts['mean_iou']}"
        )
