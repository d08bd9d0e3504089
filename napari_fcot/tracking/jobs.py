"""Work for the worker thread: plain generators that touch nothing on the screen.

A job yields events; the main thread hands them to the controller. An error is an event
too: superqt's generator worker drops a RuntimeError, and torch raises little else.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
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
from fcot_engine.formats import export_tracks
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
    "Stage",
    "check",
    "export",
    "prepare",
]


@dataclass(frozen=True)
class Exported:
    """Files are written."""

    folder: Path
    paths: tuple[Path, ...]


@dataclass(frozen=True)
class CheckedOne:
    """One more drawn box was left out."""

    n_checked: int


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
) -> Iterator[JobEvent]:
    """Write boxes to files.

    Args:
        annotations: a copy, so that edits meanwhile do not reach the files.
        source: the video.
        folder: where the files go.
        formats: names that `fcot_engine.formats.export_tracks` knows.
    """
    yield Stage(f"Exporting to {folder}")
    paths = export_tracks(folder, annotations, source, formats=formats)
    yield Exported(folder, tuple(paths))


def check(annotation: AnnotationSession) -> Iterator[JobEvent]:
    """Leave each drawn box out in turn, and see whether it is found again."""
    yield Stage("Estimating the quality")
    answers = []
    for answer in annotation.self_check():
        answers.append(answer)
        yield CheckedOne(len(answers))
    yield Checked(SelfCheck(tuple(answers)))
