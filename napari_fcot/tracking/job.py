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
from napari_fcot.tracking.tracker_shelf import TrackerShelf

__all__ = [
    "CheckJob",
    "Checked",
    "CheckedOne",
    "ExportJob",
    "Exported",
    "Failed",
    "FrameDone",
    "Fused",
    "Job",
    "JobEvent",
    "Note",
    "PrepareJob",
    "Ready",
    "RunJob",
    "Stage",
]


@dataclass(frozen=True)
class Ready:
    """The tracker is loaded."""

    device_name: str


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


JobEvent = (
    Stage | Ready | FrameDone | Fused | Note | Exported | CheckedOne | Checked | Failed
)


class Job:
    """One piece of work that can be cancelled between two of its steps."""

    def __init__(self) -> None:
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Ask the job to end before its next step; returns at once."""
        self._cancelled.set()

    @property
    def is_cancelled(self) -> bool:
        """Whether the job was asked to end."""
        return self._cancelled.is_set()

    def run(self) -> Iterator[JobEvent]:
        """Do the work step by step, in any one thread."""
        try:
            for event in self._steps():
                if self.is_cancelled:
                    return
                yield event
                if self.is_cancelled:
                    return
        except Exception as error:  # noqa: BLE001 - the controller reports every kind
            yield Failed(error)

    def _steps(self) -> Iterator[JobEvent]:
        raise NotImplementedError


class PrepareJob(Job):
    """Load a tracker ahead of its first use."""

    def __init__(self, shelf: TrackerShelf) -> None:
        super().__init__()
        self._shelf = shelf

    def _steps(self) -> Iterator[JobEvent]:
        yield Stage("Loading the network")
        self._shelf.prepare()
        yield Ready(self._shelf.device_name)


class RunJob(Job):
    """Carry boxes through the video."""

    def __init__(self, run: Run, shelf: TrackerShelf) -> None:
        super().__init__()
        self.carrying = run
        self._shelf = shelf

    def cancel(self) -> None:
        """End the run before its next frame; returns at once."""
        super().cancel()
        self.carrying.cancel()

    def _steps(self) -> Iterator[JobEvent]:
        told = ""
        for event in self.carrying:
            if self._shelf.device_name != told:
                told = self._shelf.device_name
                yield Ready(told)
            yield event


class ExportJob(Job):
    """Write the boxes to files.

    Args:
        annotations: a copy that nothing changes.
        source: the video.
        folder: where the files go.
        formats: names that `fcot_engine.formats.export_tracks` knows.
    """

    def __init__(
        self,
        annotations: Annotations,
        source: FrameSource,
        folder: Path,
        *,
        formats: tuple[str, ...],
    ) -> None:
        super().__init__()
        self._annotations = annotations
        self._source = source
        self._folder = folder
        self._formats = formats

    def _steps(self) -> Iterator[JobEvent]:
        yield Stage(f"Exporting to {self._folder}")
        paths = export_tracks(
            self._folder, self._annotations, self._source, formats=self._formats
        )
        yield Exported(self._folder, tuple(paths))


class CheckJob(Job):
    """Leave each drawn box out in turn, and see whether it is found again."""

    def __init__(self, annotation: AnnotationSession) -> None:
        super().__init__()
        self._annotation = annotation

    def _steps(self) -> Iterator[JobEvent]:
        yield Stage("Estimating the quality")
        answers = []
        for answer in self._annotation.self_check():
            answers.append(answer)
            yield CheckedOne(len(answers))
        yield Checked(SelfCheck(tuple(answers)))
