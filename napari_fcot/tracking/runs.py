"""What goes on in the worker: runs, checks and exports, and what comes of them."""

from __future__ import annotations

import enum
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from psygnal import Signal

from fcot_engine.annotation import Direction, Overwrite, SelfCheck, TargetReport, Until
from fcot_engine.errors import FcotError
from napari_fcot.tracking import jobs
from napari_fcot.tracking.jobs import Job, JobEvent, Progress
from napari_fcot.tracking.state import PanelState
from napari_fcot.tracking.trackers import TrackerMaker

_log = logging.getLogger(__name__)


class Activity(enum.Enum):
    """What is going on."""

    IDLE = "idle"
    TRACKING = "tracking"
    EXPORTING = "exporting"
    CHECKING = "checking"


class Runs:
    """Runs that carry boxes, one at a time, and other work for the worker.

    Args:
        state: the video at work, and what is on the screen.
        trackers: knows on what they compute.
        clock: seconds on a steady clock, for the speed.
    """

    job_started = Signal(object)
    """A `Job` that a worker should run; what it yields comes back to `accept`."""
    started = Signal()
    """A run begins."""
    frame_tracked = Signal(int)
    """A tracked frame came in; comes often, so whoever draws should skip some."""
    stopped = Signal()
    """A run was ended before its end: whoever draws should draw no more of it."""
    ended = Signal()
    """Nothing goes on any more."""

    def __init__(
        self,
        state: PanelState,
        trackers: TrackerMaker,
        *,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._state = state
        self._trackers = trackers
        self._clock = clock
        self._job: Job | None = None
        self._preparing: Job | None = None
        self._lesson: Job | None = None
        self._taught_ids: set[int] = set()
        self._outcome = ""
        self._found: set[tuple[int, int]] = set()
        self._notes: list[str] = []
        self.activity = Activity.IDLE
        """What is going on."""
        self.stage = ""
        """What a job does before its first result, such as loading the network."""
        self.progress: Progress | None = None
        """How far the last run came, or None before the first."""
        self.teaches_at_once = True
        """Whether a box drawn on a tracked target teaches and is carried at once."""
        self.overwrite = Overwrite.MACHINE
        """What a run may replace."""
        self.report: list[TargetReport] = []
        """What the last correction has changed, until it is kept or taken back."""
        self.check: SelfCheck | None = None
        """The last estimate of the quality, if there was one."""
        self.n_checked = 0
        """Drawn boxes that an estimate under way has left out so far."""
        self.n_to_check: int | None = None
        """Drawn boxes that it will leave out at most, or None before it begins."""
        # going on with something else is being content with the report
        state.edited.connect(self._forget_report)

    # --- what can be done ----------------------------------------------------

    @property
    def can_track(self) -> bool:
        """Whether a run could start from the frame on the screen."""
        state = self._state
        return (
            state.session is not None
            and self.activity is Activity.IDLE
            and state.current_box is not None
            and state.session.n_frames > 1
        )

    @property
    def can_stop(self) -> bool:
        """Whether a run is going on."""
        return self.activity in (Activity.TRACKING, Activity.CHECKING)

    @property
    def can_export(self) -> bool:
        """Whether there are boxes and nothing else is going on."""
        return self.activity is Activity.IDLE and any(
            len(target.boxes) for target in self._state.targets
        )

    @property
    def can_check(self) -> bool:
        """Whether a target has two drawn boxes, and nothing else is going on."""
        return self.activity is Activity.IDLE and any(
            len(target.boxes.human_frames()) > 1 for target in self._state.targets
        )

    @property
    def is_preparing(self) -> bool:
        """Whether a tracker is being loaded ahead of its use."""
        return self._preparing is not None

    @property
    def is_teaching(self) -> bool:
        """Whether the run carries a correction, and not a box along the video."""
        return self._job is not None and self._job is self._lesson

    # --- runs ----------------------------------------------------------------

    def prepare(self) -> None:
        """Load a tracker for the video at work, ahead of its use."""
        session = self._state.session
        if session is not None and self._preparing is None:
            self._preparing = Job(jobs.prepare(session.annotation))
            self._state.changed.emit()
            self.job_started.emit(self._preparing)

    def start_tracking(
        self,
        direction: Direction = Direction.FORWARD,
        *,
        until: Until | int = Until.END,
        is_for_all: bool = False,
    ) -> bool:
        """Carry boxes from the frame on the screen; return whether that began.

        Args:
            direction: which way.
            until: how far, or the last frame to fill.
            is_for_all: every target with a box in the frame, not the selected one
                alone; locked ones are left out. All go on one frame together.
        """
        state = self._state
        if state.session is None or not self.can_track:
            return False
        annotation, start = state.session.annotation, state.frame_index
        chosen = list(annotation.boxes_at(start)) if is_for_all else [state.selected_id]
        ids = [t for t in chosen if t is not None and not state.is_locked(t)]
        if not ids:
            state.refuse_locked(*(t for t in chosen if t is not None))
            return False
        try:
            run = annotation.propagate(
                start,
                target_ids=ids,
                direction=direction,
                until=until,
                overwrite=self.overwrite,
            )
        except FcotError as error:
            state.tell_error(error)
            return False
        self._begin_run(Job(run))
        return True

    def teach(self, target_id: int, frame_index: int) -> bool:
        """Let a drawn box teach, and carry it to its neighbours; False if it can't."""
        state = self._state
        if state.session is None or state.refuse_locked(target_id):
            return False
        if self.activity in (Activity.EXPORTING, Activity.CHECKING):
            return False
        try:
            run = state.session.annotation.teach(target_id, frame_index)
        except FcotError as error:
            state.tell_error(error)
            return False
        run.look_at(frame_index)
        if self._job is not None and self._job.carrying is run:
            state.message = ""  # the run that goes on does this, too
            self._taught_ids.add(target_id)
            return True
        self._lesson = Job(run)
        self._begin_run(self._lesson)
        self._taught_ids.add(target_id)
        return True

    def on_drawn(self, target_id: int, frame_index: int) -> None:
        """Teach at once where the target has been tracked."""
        target = self._state.selected
        if target is None or not self.teaches_at_once:
            return
        if len(target.boxes) > len(target.boxes.human_frames()):
            self.teach(target_id, frame_index)

    def keep_report(self) -> None:
        """Be content with what the last correction has changed."""
        self.report = []
        self._state.tell_boxes()

    def largest_change(self) -> tuple[int, int] | None:
        """Return target and frame of the box that moved furthest, or None."""
        moved = [one for one in self.report if one.largest_frame is not None]
        if not moved:
            return None
        most = max(moved, key=lambda one: float(one.shift_px.max()))
        return most.target_id, int(most.largest_frame or 0)

    def reject_report(self) -> None:
        """Take back what the last correction has changed; the drawn box stays."""
        session = self._state.session
        if session is None or self._lesson is None or self._lesson.carrying is None:
            return
        annotation = session.annotation
        try:
            annotation.reject(self._lesson.carrying)
        except FcotError as error:
            self._state.tell_error(error)
            return
        edit = annotation.document.last_edit
        if edit is not None:
            kept = "Taken back; the box that you drew is kept"
            self._state.tell_edit(edit, kept)

    def _forget_report(self) -> None:
        self.report = []

    # --- other work ----------------------------------------------------------

    def start_check(self) -> None:
        """Estimate the quality from the drawn boxes."""
        session = self._state.session
        if session is not None and self.can_check:
            self.check, self.n_checked, self.n_to_check = None, 0, None
            self._begin(Job(jobs.check(session.annotation)), Activity.CHECKING)

    def start_export(
        self,
        folder: Path,
        *,
        formats: tuple[str, ...],
        target_ids: Sequence[int] | None = None,
        with_images: bool = False,
    ) -> None:
        """Write boxes into a folder, if there are any.

        Args:
            folder: where the files go.
            formats: names that `fcot_engine.formats.export_tracks` knows.
            target_ids: whose boxes; all if None.
            with_images: whether the frames are written, too.
        """
        session = self._state.session
        if session is not None and self.can_export:
            boxes = session.annotation.copy_annotations()
            if target_ids is not None:
                boxes = boxes.only(target_ids)
            job = Job(
                jobs.export(
                    boxes, session.source, folder, formats, with_images=with_images
                )
            )
            self._begin(job, Activity.EXPORTING)

    def stop(self) -> None:
        """End what goes on, if anything does; what was tracked stays.

        Returns at once: the worker ends before its next frame, and nothing that it
        still yields is taken.
        """
        if self._job is not None:
            self._job.cancel()
            self.stopped.emit()
            n_done = None if self.progress is None else self.progress.done
            self._end("Stopped" if n_done is None else f"Stopped after {n_done} frames")

    def forget(self) -> None:
        """Know nothing of the video before any more."""
        self.progress, self.report, self.check = None, [], None
        self._lesson = None

    # --- jobs ----------------------------------------------------------------

    def _begin_run(self, job: Job) -> None:
        assert job.carrying is not None
        self.report, self._taught_ids = [], set()
        self._found = set()
        self.progress = Progress(total=max(job.carrying.progress[1], 1))
        self._begin(job, Activity.TRACKING)

    def _begin(self, job: Job, activity: Activity) -> None:
        self._job, self.activity = job, activity
        self.stage = self._outcome = self._state.message = ""
        self._notes = []
        if activity is Activity.TRACKING:
            self.started.emit()
        self._state.changed.emit()
        self.job_started.emit(job)

    def accept(self, job: Job, event: JobEvent) -> None:
        """Take what a job yielded; events of a stopped job are dropped."""
        if job is self._preparing:
            if isinstance(event, jobs.Failed):  # Track tries again, then it is a dialog
                _log.warning("The network could not be loaded.", exc_info=event.error)
                self._state.message = f"The network could not be loaded: {event.error}"
        elif job is not self._job:
            return
        elif isinstance(event, jobs.FrameDone):
            self._accept_frame(job, event)
            return  # whoever draws, draws some of them: see `frame_tracked`
        elif isinstance(event, jobs.Fused):
            self._state.frames_changed.emit(event.target_id, event.first, event.last)
            self._state.boxes_changed.emit()
        elif isinstance(event, jobs.Note):
            self._notes.append(event.text)
        elif isinstance(event, jobs.Stage):
            self.stage = event.text
        elif isinstance(event, jobs.Exported):
            n_files = len(event.paths)
            self._outcome = f"Exported to {event.folder} ({n_files} files)"
        elif isinstance(event, jobs.CheckedOne):
            self.stage, self.n_checked = "", event.n_checked
            self.n_to_check = event.n_all
        elif isinstance(event, jobs.Checked):
            self.check = event.check
        elif isinstance(event, jobs.Failed):
            self._fail(event.error)
        self._state.changed.emit()

    def finish(self, job: Job) -> None:
        """Take note that a job has ended by itself."""
        if job is self._preparing:
            self._preparing = None
        elif job is self._job:
            if self._taught_ids and job.carrying is not None:
                # a correction during a run is a part of it: what is new is the run's
                self.report = [
                    one
                    for one in job.carrying.report()
                    if self.is_teaching
                    or (one.target_id in self._taught_ids and len(one.moved))
                ]
            self._end(self._outcome or self._describe_end())
        self._state.changed.emit()

    def _accept_frame(self, job: Job, event: jobs.FrameDone) -> None:
        session = self._state.session
        if session is None or job.carrying is None:
            return
        self.stage = ""
        frame = event.frame_index
        for target_id, maps in event.score_maps.items():
            if target_id in event.boxes:
                session.score_maps.put(target_id, frame, maps)
        for target_id in event.boxes:
            self._found.add((target_id, frame))
            self._state.frames_changed.emit(target_id, frame, frame)
        if self.progress is not None:
            done, total = job.carrying.progress
            self.progress.advance(at_s=self._clock(), done=done, total=total)
        self.frame_tracked.emit(frame)

    def _describe_end(self) -> str:
        if self.activity is not Activity.TRACKING or self.progress is None:
            return ""
        notes = "" if not self._notes else ". " + ". ".join(self._notes[-2:])
        if self.is_teaching:
            what = "" if self.report else ": nothing else changed"
            return f"Learned from your box{what}{notes}"
        n_frames, n_boxes = len({frame for _, frame in self._found}), len(self._found)
        if n_boxes > n_frames:  # several targets
            return f"Tracked {n_boxes} boxes in {n_frames} frames{notes}"
        return f"Tracked {n_frames} frames{notes}"

    def _fail(self, error: Exception) -> None:
        """Say in one sentence what went wrong; boxes found before are kept."""
        _log.error("A job failed.", exc_info=error)
        kept, progress = "", self.progress
        if self.activity is Activity.TRACKING and progress and progress.done:
            kept = f" The {progress.done} frames tracked before are kept."
        self._end("Ended with an error; all boxes are kept")
        self._state.tell_error(error, kept)

    def _end(self, message: str) -> None:
        self._job, self.activity = None, Activity.IDLE
        self.stage = ""
        self.ended.emit()
        self._state.tell_boxes(message)
