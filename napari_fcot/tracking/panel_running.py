"""What goes on in the worker: runs, checks and exports, and what comes of them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

from fcot_engine.annotation import (
    Direction,
    Edit,
    Overwrite,
    SelfCheck,
    TargetReport,
    Until,
)
from fcot_engine.errors import FcotError
from napari_fcot.tracking.job import (
    Checked,
    CheckedOne,
    CheckJob,
    Exported,
    ExportJob,
    Failed,
    FrameDone,
    Fused,
    Job,
    JobEvent,
    Note,
    PrepareJob,
    Ready,
    RunJob,
    Stage,
)
from napari_fcot.tracking.panel_editing import PanelEditing
from napari_fcot.tracking.panel_state import Activity
from napari_fcot.tracking.progress import Progress
from napari_fcot.tracking.tracker_shelf import TrackerShelf

__all__ = ["PanelRunning"]

_log = logging.getLogger(__name__)


class PanelRunning(PanelEditing):
    """Runs that carry boxes, one at a time, and other work for the worker.

    Args:
        shelf: hands out trackers, in a worker.
        clock: seconds on a steady clock, for the speed.
    """

    def __init__(
        self,
        shelf: TrackerShelf,
        *,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__()
        self._shelf = shelf
        self._clock = clock
        self._job: Job | None = None
        self._preparing: PrepareJob | None = None
        self._notes: list[str] = []
        self._lesson_run: RunJob | None = None
        self.teaches_at_once = True
        """Whether a box drawn on a tracked target teaches and is carried at once."""
        self.overwrite = Overwrite.MACHINE
        """What a run may replace."""
        self.report: list[TargetReport] = []
        """What the last correction has changed, until it is kept or taken back."""
        self.cuts: tuple[int, ...] = ()
        """Frames that begin a new shot, as far as known."""
        self.check: SelfCheck | None = None
        """The last estimate of the quality, if there was one."""
        self.n_checked = 0
        """Drawn boxes that an estimate under way has left out so far."""
        self.box_drawn.connect(self._on_drawn)

    # --- what can be done ----------------------------------------------------

    @property
    def can_track(self) -> bool:
        """Whether a run could start from the frame on the screen."""
        return (
            self._session is not None
            and self._activity is Activity.IDLE
            and self.current_box is not None
            and self._session.n_frames > 1
        )

    @property
    def can_stop(self) -> bool:
        """Whether a run is going on."""
        return self._activity in (Activity.TRACKING, Activity.CHECKING)

    @property
    def can_export(self) -> bool:
        """Whether there are boxes and nothing else is going on."""
        return self._activity is Activity.IDLE and any(
            len(target.boxes) for target in self.targets
        )

    @property
    def can_check(self) -> bool:
        """Whether a target has two drawn boxes, and nothing else is going on."""
        return self._activity is Activity.IDLE and any(
            len(target.boxes.human_frames()) > 1 for target in self.targets
        )

    @property
    def is_preparing(self) -> bool:
        """Whether a tracker is being loaded ahead of its use."""
        return self._preparing is not None

    @property
    def is_teaching(self) -> bool:
        """Whether the run carries a correction, and not a box along the video."""
        return self._job is not None and self._job is self._lesson_run

    # --- runs ----------------------------------------------------------------

    def prepare(self) -> None:
        """Load a tracker ahead of its use, unless there was one."""
        if self._preparing is None and not self._device_name:
            self._preparing = PrepareJob(self._shelf)
            self.changed.emit()
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
                alone; locked ones are left out.
        """
        session = self._session
        if session is None or not self.can_track:
            return False
        annotation, start = session.annotation, self._frame_index
        chosen = list(annotation.boxes_at(start)) if is_for_all else [self._selected_id]
        ids = [t for t in chosen if t is not None and not self.is_locked(t)]
        if not ids:
            self._refuse_locked(*(t for t in chosen if t is not None))
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
            self._tell_error(error)
            return False
        self._begin_run(RunJob(run, self._shelf))
        return True

    def teach(self, target_id: int, frame_index: int) -> bool:
        """Let a drawn box teach, and carry it to its neighbours; False if it can't."""
        session = self._session
        if session is None or self._refuse_locked(target_id):
            return False
        if self._activity in (Activity.EXPORTING, Activity.CHECKING):
            return False
        annotation = session.annotation
        try:
            run = annotation.teach(target_id, frame_index)
        except FcotError as error:
            self._tell_error(error)
            return False
        run.look_at(frame_index)
        if isinstance(self._job, RunJob) and self._job.carrying is run:
            self._message = ""  # the run that goes on does this, too
            return True
        job = RunJob(run, self._shelf)
        self._lesson_run = job
        self._begin_run(job)
        return True

    def _on_drawn(self, target_id: int, frame_index: int) -> None:
        """Teach at once where the target has been tracked."""
        target = self.selected
        if target is None or not self.teaches_at_once:
            return
        if len(target.boxes) > len(target.boxes.human_frames()):
            self.teach(target_id, frame_index)

    def _begin_run(self, job: RunJob) -> None:
        self.report = []
        self._notes = []
        self._begin(job, Activity.TRACKING)
        self._progress = Progress(total=max(job.carrying.progress[1], 1))
        self.started.emit()
        self.changed.emit()
        self.job_started.emit(job)

    def _tell_edit(self, edit: Edit) -> None:
        self.report = []  # going on with something else is being content with it
        super()._tell_edit(edit)

    def keep_report(self) -> None:
        """Be content with what the last correction has changed."""
        self.report = []
        self.changed.emit()

    def reject_report(self) -> None:
        """Take back what the last correction has changed; the drawn box stays."""
        if self._session is None or self._lesson_run is None:
            return
        annotation = self._session.annotation
        try:
            annotation.reject(self._lesson_run.carrying)
        except FcotError as error:
            self._tell_error(error)
            return
        self.report = []
        self._message = "Taken back; the box that you drew is kept"
        edit = annotation.document.last_edit
        if edit is not None:
            self._tell_edit(edit)

    # --- other work ----------------------------------------------------------

    def start_check(self) -> None:
        """Estimate the quality from the drawn boxes."""
        if self._session is None or not self.can_check:
            return
        self.check, self.n_checked = None, 0
        job = CheckJob(self._session.annotation)
        self._begin(job, Activity.CHECKING)
        self.changed.emit()
        self.job_started.emit(job)

    def start_export(self, folder: Path, *, formats: tuple[str, ...]) -> None:
        """Write all boxes into a folder, if there are any.

        Args:
            folder: where the files go.
            formats: names that `fcot_engine.formats.export_tracks` knows.
        """
        if not self.can_export or self._session is None:
            return
        if not formats:
            self.failed.emit("Nothing to export: choose one format or more.")
            return
        annotations = self._session.annotation.copy_annotations()
        job = ExportJob(annotations, self._session.source, folder, formats=formats)
        self._begin(job, Activity.EXPORTING)
        self.changed.emit()
        self.job_started.emit(job)

    # --- jobs ----------------------------------------------------------------

    def _begin(self, job: Job, activity: Activity) -> None:
        self._job = job
        self._activity = activity
        self._stage = ""
        self._message = ""

    def stop(self) -> None:
        """End what goes on, if anything does; what was tracked stays.

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
        elif isinstance(event, FrameDone) and isinstance(job, RunJob):
            self._accept_frame(job, event)
            return  # whoever draws, draws some of them: see `frame_tracked`
        elif isinstance(event, Fused):
            self.frames_changed.emit(event.target_id, event.first, event.last)
            self.boxes_changed.emit()
        elif isinstance(event, Note):
            self._notes.append(event.text)
            self.cuts = self._known_cuts()
        elif isinstance(event, Ready):
            self._device_name = event.device_name
            self._stage = ""
        elif isinstance(event, Stage):
            self._stage = event.text
        elif isinstance(event, Exported):
            self._message = f"Exported to {event.folder} ({len(event.paths)} files)"
        elif isinstance(event, CheckedOne):
            self._stage, self.n_checked = "", event.n_checked
        elif isinstance(event, Checked):
            self.check = event.check
        elif isinstance(event, Failed):
            self._fail(event.error)
        self.changed.emit()

    def finish(self, job: Job) -> None:
        """Take note that a job has ended by itself."""
        if job is self._preparing:
            self._preparing = None
        elif job is self._job:
            if job is self._lesson_run and isinstance(job, RunJob):
                self.report = job.carrying.report()
            self._end(self._message or self._describe_end())
        self.changed.emit()

    def _describe_end(self) -> str:
        if self._activity is not Activity.TRACKING or self._progress is None:
            return ""
        notes = "" if not self._notes else ". " + ". ".join(self._notes[-2:])
        if self.is_teaching:
            what = "" if self.report else ": nothing else changed"
            return f"Learned from your box{what}{notes}"
        return f"Tracked {self._progress.done} frames{notes}"

    def _accept_prepared(self, event: JobEvent) -> None:
        if isinstance(event, Ready):
            self._device_name = event.device_name
        elif isinstance(event, Failed):  # Track tries again, and then it is a dialog
            _log.warning("The network could not be loaded.", exc_info=event.error)
            self._message = f"The network could not be loaded: {event.error}"

    def _accept_frame(self, job: RunJob, event: FrameDone) -> None:
        if self._session is None:
            return
        self._stage = ""
        frame = event.frame_index
        for target_id, maps in event.score_maps.items():
            if target_id in event.boxes:
                self._session.scores_of(target_id).put(frame, maps)
        for target_id in event.boxes:
            self.frames_changed.emit(target_id, frame, frame)
        if self._progress is not None:
            done, total = job.carrying.progress
            self._progress.advance(at_s=self._clock(), done=done, total=total)
        self.frame_tracked.emit(frame)

    def _known_cuts(self) -> tuple[int, ...]:
        if self._session is None:
            return ()
        return tuple(self._session.annotation.cuts.known())

    def _fail(self, error: Exception) -> None:
        """Say in one sentence what went wrong; boxes found before are kept."""
        _log.error("A job failed.", exc_info=error)
        kept = ""
        progress = self._progress
        if self._activity is Activity.TRACKING and progress and progress.done:
            kept = f" The {progress.done} frames tracked before are kept."
        self._end("Ended with an error; all boxes are kept")
        self._tell_error(error, kept)

    def _end(self, message: str) -> None:
        self._job = None
        self._activity = Activity.IDLE
        self._stage = ""
        self._message = message
        self._tell_boxes()
        self.settled.emit()
