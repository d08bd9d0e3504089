"""Passes of a tracker over one sequence."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fcot_engine.evaluation.metrics import overlaps
from fcot_engine.evaluation.sequences import EvalSequence
from fcot_engine.session.tracker_like import TrackerLike

__all__ = ["OnePass", "measure_effort", "run_one_pass"]


def _ignore() -> None:
    """Tell nobody that a frame is done."""


@dataclass(frozen=True, eq=False)  # arrays do not compare to one bool
class OnePass:
    """What came out of tracking from the first box to the end, without help."""

    boxes_xywh: NDArray[np.float64]
    """The given box and those found, shape (n, 4)."""
    seconds: float
    """Time within `track`, reading of frames not counted."""

    @property
    def frames_per_second(self) -> float:
        """Tracked frames per second."""
        return (len(self.boxes_xywh) - 1) / max(self.seconds, 1e-9)


def run_one_pass(
    tracker: TrackerLike, sequence: EvalSequence, on_frame: Callable[[], None] = _ignore
) -> OnePass:
    """Start on the first true box and track to the end.

    Args:
        tracker: fresh, or one that forgets on `init`.
        sequence: the frames and their truth.
        on_frame: called after each frame.
    """
    first = sequence.truth_xywh[0].tolist()
    tracker.init(sequence.read(0), first)
    on_frame()
    boxes, seconds = [first], 0.0
    for index in range(1, len(sequence)):
        frame = sequence.read(index)
        begin = time.perf_counter()
        result = tracker.track(frame)
        seconds += time.perf_counter() - begin
        boxes.append(list(result.box_xywh))
        on_frame()
    return OnePass(np.array(boxes, dtype=np.float64), seconds)


def measure_effort(
    tracker: TrackerLike,
    sequence: EvalSequence,
    *,
    min_iou: float,
    on_frame: Callable[[], None] = _ignore,
) -> float:
    """Count the boxes an annotator draws until every frame is good enough.

    The annotator looks at the frames in order and redraws each box whose IoU with the
    truth is below `min_iou`; the tracker learns from it by `correct` and goes on.

    Returns:
        Boxes per 100 frames, the first one included.
    """
    truth = sequence.truth_xywh
    tracker.init(sequence.read(0), truth[0].tolist())
    on_frame()
    drawn = 1
    for index in range(1, len(sequence)):
        frame = sequence.read(index)
        found = np.array([tracker.track(frame).box_xywh], dtype=np.float64)
        if overlaps(found, truth[index : index + 1])[0] < min_iou:  # NaN is never below
            tracker.correct(frame, truth[index].tolist())
            drawn += 1
        on_frame()
    return 100 * drawn / len(sequence)
