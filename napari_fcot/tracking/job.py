"""Work for the worker thread: plain generators that touch nothing on the screen.

A job yields events; the main thread hands them to the controller. An error is an event
too: superqt's generator worker drops a RuntimeError, and torch raises little else.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fcot_engine.io import export_tracks
from fcot_engine.session.frame_source import FrameSource
from fcot_engine.session.propagation import propagate
from fcot_engine.session.track_store import Track, TrackBox, TrackStore
from fcot_engine.tracker.results import ScoreMaps
from napari_fcot.tracking.pupil import PupilRoom
from napari_fcot.tracking.video_session import VideoSession

__all__ = [
    "ExportJob",
    "Exported",
    "Failed",
    "FrameDone",
    "Job",
    "JobEvent",
    "PrepareJob",
    "Ready",
    "Stage",
    "TrackJob",
]


@dataclass(frozen=True)
class Stage:
    """What the worker does next, in words for the status line."""

    text: str


@dataclass(frozen=True)
class Ready:
    """The tracker is loaded."""

    device_name: str


@dataclass(frozen=True, eq=False)  # arrays do not compare to one bool
class FrameDone:
    """One frame is tracked."""

    box: TrackBox
    score_maps: ScoreMaps | None


@dataclass(frozen=True)
class Exported:
    """Files are written."""

    folder: Path
    paths: tuple[Path, ...]


@dataclass(frozen=True)
class Failed:
    """The job ended with an error; what it yielded before stays good."""

    error: Exception


JobEvent = Stage | Ready | FrameDone | Exported | Failed


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

    def __init__(self, room: PupilRoom) -> None:
        super().__init__()
        self._room = room

    def _steps(self) -> Iterator[JobEvent]:
        yield Stage("Loading the network")
        yield Ready(self._room.prepare().tracker.device_name)


class TrackJob(Job):
    """Learn what a person drew, then follow the target forward.

    Works on a copy of the track: the store belongs to the main thread.
    """

    def __init__(
        self,
        session: VideoSession,
        track: Track,
        start: TrackBox,
        *,
        room: PupilRoom,
    ) -> None:
        super().__init__()
        self.track_id = track.track_id
        self.start = start
        self._session = session
        self._source = session.source
        self._track = track.copy()
        self._room = room

    @property
    def n_frames(self) -> int:
        """Number of frames to track."""
        return len(self._source) - self.start.frame_index - 1

    def _steps(self) -> Iterator[JobEvent]:
        yield Stage("Loading the network")
        pupil = self._room.take(self._session, self.track_id)
        yield Ready(pupil.tracker.device_name)
        for lesson in pupil.lessons(self._track, self.start):
            yield Stage(f"Learning the box of frame {lesson.frame_index}")
            pupil.teach(lesson, self._source)
        pupil.tracker.place(self.start.box_xywh)
        for found in propagate(
            pupil.tracker,
            self._source,
            self._track,
            start=self.start.frame_index,
            stop=len(self._source),
        ):
            pupil.note(found.box)
            yield FrameDone(found.box, found.result.score_maps)


class ExportJob(Job):
    """Write the boxes to files."""

    def __init__(
        self,
        store: TrackStore,
        source: FrameSource,
        folder: Path,
        *,
        formats: tuple[str, ...],
    ) -> None:
        super().__init__()
        self._store = store.copy()
        self._source = source
        self._folder = folder
        self._formats = formats

    def _steps(self) -> Iterator[JobEvent]:
        yield Stage(f"Exporting to {self._folder}")
        paths = export_tracks(
            self._folder, self._store, self._source, formats=self._formats
        )
        yield Exported(self._folder, tuple(paths))
