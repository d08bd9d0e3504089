"""What the tracking panel can do; knows videos, boxes and jobs, not widgets."""

from __future__ import annotations

import enum
import logging
import time
from collections.abc import Callable
from pathlib import Path

from psygnal import Signal

from fcot_engine.errors import BoxError, FcotError
from fcot_engine.geometry.boxes import BoxXywh, check_box_in_frame
from fcot_engine.session.track_store import BoxOrigin, Track, TrackBox
from napari_fcot.tracking.job import (
    Exported,
    ExportJob,
    Failed,
    FrameDone,
    Job,
    JobEvent,
    PrepareJob,
    Ready,
    Stage,
    TrackJob,
)
from napari_fcot.tracking.progress import Progress
from napari_fcot.tracking.pupil import PupilRoom, TrackerFactory, load_default_tracker
from napari_fcot.tracking.video_session import VideoSession

__all__ = ["Activity", "TrackingController"]

_log = logging.getLogger(__name__)

MIN_DRAWN_SIDE_PX = 2.0
"""Nobody draws a box smaller than this on purpose."""


class Activity(enum.Enum):
    """What is going on."""

    IDLE = "idle"
    TRACKING = "tracking"
    EXPORTING = "exporting"


class TrackingController:
    """One panel's state and its actions; every method belongs to the main thread.

    Args:
        make_tracker: loads a tracker; called in a worker.
        clock: seconds on a steady clock, for the speed.
    """

    changed = Signal()
    """Anything that the panel shows."""
    boxes_changed = Signal()
    """The boxes, the targets or the selected target."""
    box_changed = Signal(int, int)
    """One box came, changed or went: track id, frame."""
    frame_tracked = Signal(int)
    """A tracked frame came in; comes often, so whoever draws should skip some."""
    started = Signal()
    """A run begins."""
    stopped = Signal()
    """A run was ended before its end: whoever draws should draw no more of it."""
    failed = Signal(str)
    """One clear sentence for a dialog."""

    def __init__(
        self,
        make_tracker: TrackerFactory = load_default_tracker,
        *,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._room = PupilRoom(make_tracker)
        self._clock = clock
        self._session: VideoSession | None = None
        self._selected: Track | None = None
        self._frame_index = 0
        self._activity = Activity.IDLE
        self._job: Job | None = None
        self._preparing: PrepareJob | None = None
        self._device_name = ""
        self._stage = ""
        self._message = ""
        self._progress: Progress | None = None

    # --- what the panel shows ------------------------------------------------

    @property
    def session(self) -> VideoSession | None:
        """The video at work, or None."""
        return self._session

    @property
    def activity(self) -> Activity:
        """What is going on."""
        return self._activity

    @property
    def selected(self) -> Track | None:
        """The target that is drawn and tracked, or None without a video."""
        return self._selected

    @property
    def targets(self) -> list[Track]:
        """All targets of the video."""
        return [] if self._session is None else list(self._session.store)

    @property
    def frame_index(self) -> int:
        """The frame on the screen, 0-based."""
        return self._frame_index

    @property
    def current_box(self) -> TrackBox | None:
        """The selected target's box in the frame on the screen, or None."""
        return None if self._selected is None else self._selected.get(self._frame_index)

    @property
    def progress(self) -> Progress | None:
        """How far the last run came, or None before the first."""
        return self._progress

    @property
    def device_name(self) -> str:
        """On what the tracker computes; empty until it is loaded."""
        return self._device_name

    @property
    def can_edit(self) -> bool:
        """Whether there is a video to draw on."""
        return self._session is not None

    @property
    def can_track(self) -> bool:
        """Whether a run could start from the frame on the screen."""
        return (
            self._session is not None
            and self._activity is Activity.IDLE
            and self.current_box is not None
            and self._frame_index + 1 < self._session.n_frames
        )

    @property
    def can_stop(self) -> bool:
        """Whether a run is going on."""
        return self._activity is Activity.TRACKING

    @property
    def can_export(self) -> bool:
        """Whether there are boxes and nothing else is going on."""
        return self._activity is Activity.IDLE and any(map(len, self.targets))

    @property
    def is_preparing(self) -> bool:
        """Whether a tracker is being loaded ahead of its use."""
        return self._preparing is not None

    @property
    def stage(self) -> str:
        """What a job does before its first result, such as loading the network."""
        return self._stage

    @property
    def message(self) -> str:
        """What just happened, until the next thing happens; often empty."""
        return self._message

    @property
    def tracked_id(self) -> int | None:
        """The target that is being tracked, or None."""
        return self._job.track_id if isinstance(self._job, TrackJob) else None

    # --- video and targets ---------------------------------------------------

    def open_session(self, session: VideoSession | None) -> None:
        """Work on another video, or on none; its boxes are as they were left."""
        if session is self._session:
            return
        self.stop()
        self._session = session
        self._selected = None
        self._message = ""
        self._progress = None
        if session is not None:
            tracks = list(session.store)
            self._selected = tracks[0] if tracks else session.store.add_track()
            self._frame_index = min(self._frame_index, session.n_frames - 1)
        self._tell_boxes()

    def say(self, message: str) -> None:
        """Put something into the status line until the next thing happens."""
        self._message = message
        self.changed.emit()

    def show_frame(self, frame_index: int) -> None:
        """Tell which frame is on the screen."""
        if frame_index == self._frame_index:
            return
        self._frame_index = frame_index
        if self._activity is Activity.IDLE:
            self._message = ""
        self._tell_boxes()

    def select(self, track_id: int) -> None:
        """Choose the target that is drawn and tracked."""
        if self._session is None:
            return
        track = self._session.store[track_id]
        if track is not self._selected:
            self._selected = track
            self._message = ""
            self._tell_boxes()

    def add_target(self, label: str = "object") -> Track | None:
        """Make and select a new target, or select one that has no box yet."""
        if self._session is None:
            return None
        empty = [track for track in self._session.store if len(track) == 0]
        self._selected = empty[0] if empty else self._session.store.add_track(label)
        self._message = f"Draw a box around target {self._selected.track_id}"
        self._tell_boxes()
        return self._selected

    def rename(self, track_id: int, label: str) -> None:
        """Give a target another class name for exports."""
        if self._session is not None and label.strip():
            self._session.store[track_id].label = label.strip()
            self._tell_boxes()

    # --- boxes ---------------------------------------------------------------

    def set_box(
        self, box_xywh: BoxXywh, *, track_id: int | None = None, frame_index: int
    ) -> bool:
        """Take a box that a person drew or moved; return whether it was usable.

        A box on a frame of the target that has one already is a correction. A run of
        the same target stops: Track goes on from the corrected frame.

        Args:
            box_xywh: image pixels; cut at the frame's border.
            track_id: the target, the selected one if None.
            frame_index: the frame it was drawn on.
        """
        session = self._session
        track = self._track_of(track_id)
        if session is None or track is None:
            return False
        if min(box_xywh[2:]) < MIN_DRAWN_SIDE_PX:
            self._message = "That box is too small: press and drag over the object"
            self._tell_boxes()
            return False
        try:
            usable = check_box_in_frame(
                box_xywh, width=session.source.width, height=session.source.height
            )
        except BoxError as error:
            self._tell_boxes()  # shows the boxes as they are kept
            self.failed.emit(str(error))
            return False
        self._stop_run_of(track)
        old = track.get(frame_index)
        is_correction = old is not None and old.origin is not BoxOrigin.HUMAN
        origin = BoxOrigin.CORRECTED if is_correction else BoxOrigin.HUMAN
        track.put(TrackBox(frame_index, usable, origin))
        session.scores_of(track).put(frame_index, None)
        self.box_changed.emit(track.track_id, frame_index)
        self._selected = track
        self._message = (
            f"Frame {frame_index} corrected. Track forward learns from it and goes on"
            if is_correction
            else ""
        )
        self._tell_boxes()
        return True

    def remove_box(self, *, track_id: int, frame_index: int) -> None:
        """Take one frame's box away; the target keeps all others."""
        track = self._track_of(track_id)
        if self._session is None or track is None:
            return
        self._stop_run_of(track)
        track.remove(frame_index)
        self._session.scores_of(track).put(frame_index, None)
        self.box_changed.emit(track.track_id, frame_index)
        self._message = f"Box of frame {frame_index} deleted, all others are kept"
        self._tell_boxes()

    def _track_of(self, track_id: int | None) -> Track | None:
        if self._session is None or track_id is None:
            return self._selected
        return self._session.store[track_id]

    def _stop_run_of(self, track: Track) -> None:
        if isinstance(self._job, TrackJob) and self._job.track_id == track.track_id:
            self.stop()

    # --- jobs ----------------------------------------------------------------

    def prepare(self) -> Job | None:
        """Return a job that loads a tracker ahead of its use; None if there was one."""
        if self._preparing is not None or self._device_name:
            return None
        self._preparing = PrepareJob(self._room)
        self.changed.emit()
        return self._preparing

    def start_tracking(self) -> TrackJob | None:
        """Return a job that tracks forward from the frame on the screen, or None."""
        session, track, start = self._session, self._selected, self.current_box
        if not self.can_track or session is None or track is None or start is None:
            return None
        job = TrackJob(session, track, start, room=self._room)
        self._begin(job, Activity.TRACKING)
        self._progress = Progress(total=job.n_frames)
        self.started.emit()
        self.changed.emit()
        return job

    def start_export(self, folder: Path, *, formats: tuple[str, ...]) -> Job | None:
        """Return a job that writes all boxes into a folder, if there are any.

        Args:
            folder: where the files go.
            formats: `"mot"`, `"coco"` or both.
        """
        if not self.can_export or self._session is None:
            return None
        if not formats:
            self.failed.emit("Nothing to export: choose MOT, COCO or both.")
            return None
        session = self._session
        job = ExportJob(session.store, session.source, folder, formats=formats)
        self._begin(job, Activity.EXPORTING)
        self.changed.emit()
        return job

    def _begin(self, job: Job, activity: Activity) -> None:
        self._job = job
        self._activity = activity
        self._stage = ""
        self._message = ""

    def stop(self) -> None:
        """End the run, if there is one; what was tracked stays.

        Returns at once: the worker ends before its next frame, and nothing that it
        still yields is taken.
        """
        if self._job is None:
            return
        self._job.cancel()
        done = "" if self._progress is None else f" after {self._progress.done} frames"
        self.stopped.emit()
        self._end(f"Stopped{done}")

    def accept(self, job: Job, event: JobEvent) -> None:
        """Take what a job yielded; events of a stopped job are dropped."""
        if job is self._preparing:
            self._accept_prepared(event)
        elif job is not self._job:
            return
        elif isinstance(event, FrameDone) and isinstance(job, TrackJob):
            self._accept_frame(job, event)
        elif isinstance(event, Ready):
            self._device_name = event.device_name
            self._stage = ""
        elif isinstance(event, Stage):
            self._stage = event.text
        elif isinstance(event, Exported):
            self._message = f"Exported to {event.folder} ({len(event.paths)} files)"
        elif isinstance(event, Failed):
            self._fail(event.error)
        self.changed.emit()

    def finish(self, job: Job) -> None:
        """Take note that a job has ended by itself."""
        if job is self._preparing:
            self._preparing = None
        elif job is self._job:
            self._end(self._message or self._describe_end())
        self.changed.emit()

    def _describe_end(self) -> str:
        if self._progress is None:
            return ""
        return f"Tracked {self._progress.done} frames, to the end of the video"

    def _accept_prepared(self, event: JobEvent) -> None:
        if isinstance(event, Ready):
            self._device_name = event.device_name
        elif isinstance(event, Failed):  # Track tries again, and then it is a dialog
            _log.warning("The network could not be loaded.", exc_info=event.error)
            self._message = f"The network could not be loaded: {event.error}"

    def _accept_frame(self, job: TrackJob, event: FrameDone) -> None:
        if self._session is None:
            return
        self._stage = ""
        track = self._session.store[job.track_id]
        if track.put(event.box):
            self._session.scores_of(track).put(event.box.frame_index, event.score_maps)
            self.box_changed.emit(track.track_id, event.box.frame_index)
        if self._progress is not None:
            self._progress.advance(at_s=self._clock())
        self.frame_tracked.emit(event.box.frame_index)

    def _fail(self, error: Exception) -> None:
        """Say in one sentence what went wrong; boxes found before are kept."""
        _log.error("A job failed.", exc_info=error)
        sentence = str(error) or type(error).__name__
        if not isinstance(error, FcotError):
            kind = type(error).__name__
            sentence = f"Something unexpected went wrong ({kind}: {sentence})."
        progress = self._progress
        if self._activity is Activity.TRACKING and progress and progress.done:
            sentence += f" The {progress.done} frames tracked before are kept."
        self._end("Ended with an error; all boxes are kept")
        self.failed.emit(sentence)

    def _end(self, message: str) -> None:
        self._job = None
        self._activity = Activity.IDLE
        self._stage = ""
        self._message = message
        self._tell_boxes()

    def _tell_boxes(self) -> None:
        self.boxes_changed.emit()
        self.changed.emit()
