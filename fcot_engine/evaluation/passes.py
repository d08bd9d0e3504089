"""One pass of a tracker over one sequence."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fcot_engine.evaluation.sequences import EvalSequence
from fcot_engine.session import TrackerLike
from fcot_engine.tracker import TrackResult

__all__ = ["OnePass", "run_one_pass"]


def _ignore() -> None:
    """Tell nobody that a frame is done."""


@dataclass(frozen=True, eq=False)  # arrays do not compare to one bool
class OnePass:
    """What came out of tracking from the first box to the end, without help."""

    results: tuple[TrackResult, ...]
    """The given box and what was found after it, one a frame, without score maps."""
    seconds: float
    """Time within `track`, reading of frames not counted."""

    @property
    def boxes_xywh(self) -> NDArray[np.float64]:
        """The given box and those found, shape (n, 4)."""
        boxes = [result.box_xywh for result in self.results]
        return np.array(boxes, dtype=np.float64)

    @property
    def frames_per_second(self) -> float:
        """Tracked frames per second."""
        return (len(self.results) - 1) / max(self.seconds, 1e-9)


def run_one_pass(
    tracker: TrackerLike, sequence: EvalSequence, on_frame: Callable[[], None] = _ignore
) -> OnePass:
    """Start on the first true box and track to the end.

    Args:
        tracker: fresh, or one that forgets on `init`.
        sequence: the frames and their truth.
        on_frame: called after each frame.
    """
    results = [tracker.init(sequence.read(0), sequence.truth_xywh[0].tolist())]
    on_frame()
    seconds = 0.0
    for index in range(1, len(sequence)):
        frame = sequence.read(index)
        begin = time.perf_counter()
        result = tracker.track(frame)
        seconds += time.perf_counter() - begin
        results.append(replace(result, score_maps=None))
        on_frame()
    return OnePass(tuple(results), seconds)
