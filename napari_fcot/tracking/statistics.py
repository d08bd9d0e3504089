"""What the work on a video has come to, and what it has cost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from fcot_engine.annotation import AnnotationSession
from napari_fcot.tracking.jobs import format_seconds

LONGEST_PAUSE_S = 120.0
"""Between two edits; who is away longer does something else."""


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """Counts of one video."""

    n_drawn: int
    """Boxes that a person drew, corrections among them."""
    n_corrections: int
    n_boxes: int
    n_done: int
    """Frames with a box of any target."""
    n_frames: int
    seconds: float
    """Time between edits, without pauses."""
    drawn_per_100_frames: float

    @property
    def text(self) -> str:
        """The counts in lines for people."""
        return (
            f"Boxes: {self.n_boxes}, of them drawn by you {self.n_drawn} "
            f"(corrections: {self.n_corrections})\n"
            f"Frames with a box: {self.n_done} of {self.n_frames}\n"
            f"Time between edits: {format_seconds(self.seconds)}\n"
            f"Effort: {self.drawn_per_100_frames:.1f} boxes drawn per 100 frames"
        )


def count_work(annotation: AnnotationSession) -> Statistics:
    """Count what was done on a video, over all days; takes a while for many edits."""
    with annotation.lock:
        effort = annotation.effort_report()
        has_box = np.zeros(len(annotation.source), bool)
        for target in annotation.annotations:
            has_box[target.boxes.frames()] = True
        times = [edit.at for edit in annotation.document.project.edits()]
    return Statistics(
        n_drawn=effort.n_drawn,
        n_corrections=effort.n_corrections,
        n_boxes=effort.n_boxes,
        n_done=int(has_box.sum()),
        n_frames=len(annotation.source),
        seconds=sum_times(times),
        drawn_per_100_frames=effort.drawn_per_100_frames,
    )


def sum_times(times: Iterable[str]) -> float:
    """Sum up the time between edits, in seconds, without pauses.

    Args:
        times: ISO 8601, ascending.

    Example:
        >>> sum_times(["2030-01-01T10:00:00", "2030-01-01T10:00:40",
        ...            "2030-01-01T12:00:00"])
        40.0
    """
    stamps = [datetime.fromisoformat(time).timestamp() for time in times]
    gaps = np.diff(stamps)
    return float(gaps[(gaps > 0) & (gaps <= LONGEST_PAUSE_S)].sum())
