"""Work for the worker thread: plain generators that touch nothing on the screen.

A job yields events; the main thread hands them to the controller. An error is an event
too: superqt's generator worker drops a RuntimeError, and torch raises little else.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from fcot_engine.annotation import (
    Annotations,
    AnnotationSession,
    FrameDone,
    Fused,
    Note,
    Run,
    SelfCheck,
    Stage,
)
from fcot_engine.formats import export_images, export_tracks
from fcot_engine.video import FrameSource

__all__ = [
    "Checked",
    "CheckedOne",
    "Exported",
    "Failed",
    "FrameDone",
    "Fused",
    "Job",
    "JobEvent",
    "Note",
    "Progress",
    "Stage",
    "check",
    "export",
    "format_seconds",
    "prepare",
]

WINDOW = 30
"""Frames over which the speed is averaged: steady, yet quick to follow a change."""


@dataclass(frozen=True)
class Exported:
    """Files are written."""

    folder: Path
    paths: tuple[Path, ...]


@dataclass(frozen=True)
class CheckedOne:
    """One more drawn box was left out."""

    n_checked: int
    n_all: int
    """Boxes to leave out; some are passed over where no other is near."""


@dataclass(frozen=True)
class Checked:
    """How good the boxes are, judged by those that a person drew."""

    check: SelfCheck


@dataclass(frozen=True)
class Failed:
    """The job ended with an error; what it yielded before stays good."""

    error: Exception


JobEvent = Stage | FrameDone | Fused | Note | Exported | CheckedOne | Checked | Failed


class Job:
    """One piece of work that can be cancelled between two of its steps.

    Args:
        steps: the work; a run of a session, or one of the functions below.
    """

    def __init__(self, steps: Run | Iterator[JobEvent]) -> None:
        self.carrying = steps if isinstance(steps, Run) else None
        """The run that this is the work of, if it is one."""
        self._steps = steps
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Ask the job to end before its next step; returns at once."""
        self._cancelled.set()
        if self.carrying is not None:
            self.carrying.cancel()

    @property
    def is_cancelled(self) -> bool:
        """Whether the job was asked to end."""
        return self._cancelled.is_set()

    def run(self) -> Iterator[JobEvent]:
        """Do the work step by step, in any one thread."""
        try:
            if self.is_cancelled:
                return
            for event in self._steps:
                if self.is_cancelled:
                    return
                yield event
                if self.is_cancelled:
                    return
        except Exception as error:  # noqa: BLE001 - the controller reports every kind
            yield Failed(error)


def prepare(annotation: AnnotationSession) -> Iterator[JobEvent]:
    """Load a tracker ahead of its first use."""
    yield Stage("Loading the network")
    annotation.prepare()


def export(
    annotations: Annotations,
    source: FrameSource,
    folder: Path,
    formats: tuple[str, ...],
    *,
    with_images: bool = False,
) -> Iterator[JobEvent]:
    """Write boxes to files.

    Args:
        annotations: a copy, so that edits meanwhile do not reach the files.
        source: the video.
        folder: where the files go.
        formats: names that `fcot_engine.formats.export_tracks` knows.
        with_images: whether the frames are written, too.
    """
    yield Stage(f"Exporting to {folder}")
    paths = export_tracks(folder, annotations, source, formats=formats)
    if with_images:
        for n_written, more in enumerate(export_images(folder, source, formats), 1):
            paths += more
            yield Stage(f"Writing images: {n_written} of {len(source)} frames")
    yield Exported(folder, tuple(paths))


def check(annotation: AnnotationSession) -> Iterator[JobEvent]:
    """Leave each drawn box out in turn, and see whether it is found again."""
    yield Stage("Estimating the quality")
    answers = []
    n_all = annotation.count_to_check()
    for answer in annotation.self_check():
        answers.append(answer)
        yield CheckedOne(len(answers), n_all)
    yield Checked(SelfCheck(tuple(answers)))


@dataclass
class Progress:
    """Frames done out of a total, with the times at which they came.

    Example:
        >>> progress = Progress(total=10)
        >>> for second in range(3):
        ...     progress.advance(at_s=float(second))
        >>> progress.frames_per_s, progress.seconds_left
        (1.0, 7.0)
    """

    total: int
    """Frames to track, 1 or more."""
    done: int = 0
    """Frames tracked so far."""
    _marks: deque[tuple[float, int]] = field(
        default_factory=lambda: deque(maxlen=WINDOW + 1), repr=False
    )

    def advance(
        self, *, at_s: float, done: int | None = None, total: int | None = None
    ) -> None:
        """Count one more frame, finished at `at_s` on any steady clock.

        Args:
            at_s: when.
            done: frames done in all, where others were done beside it.
            total: frames in all, where that has changed.
        """
        self.done = self.done + 1 if done is None else done
        self.total = self.total if total is None else max(total, 1)
        self._marks.append((at_s, self.done))

    @property
    def frames_per_s(self) -> float | None:
        """Speed over the last frames, or None before there are two of them."""
        if len(self._marks) < 2:
            return None
        (start_s, first), (end_s, last) = self._marks[0], self._marks[-1]
        return (last - first) / (end_s - start_s) if end_s > start_s else None

    @property
    def seconds_left(self) -> float | None:
        """Time the rest takes at the present speed, or None while it is unknown."""
        speed = self.frames_per_s
        return (self.total - self.done) / speed if speed else None

    def describe(self, *, is_running: bool) -> str:
        """Say it in one line, such as `12/199 · 14.2 frames/s · 0:13 left`."""
        parts = [f"{self.done}/{self.total}"]
        speed, left = self.frames_per_s, self.seconds_left
        if speed is not None:
            parts.append(f"{speed:.1f} frames/s")
        if left and is_running:
            parts.append(f"{format_seconds(left)} left")
        return " · ".join(parts)


def format_seconds(seconds: float) -> str:
    """Write a time span as `m:ss` or `h:mm:ss`, rounded up so it never says 0 early.

    Example:
        >>> format_seconds(3725), format_seconds(0.2)
        ('1:02:05', '0:01')
    """
    whole = int(-(-seconds // 1))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
