"""What the tracking panel can do; knows videos, boxes and jobs, not widgets."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from psygnal import Signal

from fcot_engine.annotation import Edit, Editor, TrackerFactory, WorkStop
from fcot_engine.errors import FcotError
from fcot_engine.formats import read_tracks
from napari_fcot.tracking.panel_running import PanelRunning
from napari_fcot.tracking.panel_state import Activity
from napari_fcot.tracking.session_opening import Opened, SessionOpener
from napari_fcot.tracking.tracker_shelf import DefaultTrackers, TrackerShelf
from napari_fcot.tracking.video_session import VideoSession

__all__ = ["Activity", "TrackingController"]

N_STOPS = 20
"""Stops of the work list that are shown at once."""


class TrackingController(PanelRunning):
    """One panel's state and its actions; every method belongs to the main thread.

    Args:
        make_tracker: loads a tracker; called in a worker.
        opener: opens sessions; one with the usual settings by default.
        clock: seconds on a steady clock, for the speed.
    """

    stops_changed = Signal()
    """Other frames are worth a look, or other shot cuts are known."""

    def __init__(
        self,
        make_tracker: TrackerFactory | None = None,
        *,
        opener: Callable[[TrackerShelf], SessionOpener] = SessionOpener,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        shelf = TrackerShelf(make_tracker or DefaultTrackers())
        super().__init__(shelf, clock=clock)
        self.opener = opener(shelf)
        """Opens videos and projects."""
        self.stops: list[WorkStop] = []
        """Where to look next, the most worthwhile first."""

    # --- what the panel shows ------------------------------------------------

    @property
    def project_path(self) -> Path | None:
        """Where the work is saved, or None without a video."""
        return None if self._session is None else self._session.annotation.project_path

    @property
    def is_saved(self) -> bool:
        """Whether there is a project on the disk, and not only a place for it."""
        return self._session is not None and self._session.annotation.is_saved

    # --- videos and projects -------------------------------------------------

    def open_session(self, opened: Opened | VideoSession | None) -> None:
        """Work on another video, or on none; the one before is saved and let go."""
        session = opened.session if isinstance(opened, Opened) else opened
        if session is self._session:
            return
        self.stop()
        self._close_session()
        self._session = session
        self._selected_id = None
        self._message = opened.message if isinstance(opened, Opened) else ""
        self._progress = None
        self.report, self.stops, self.cuts, self.check = [], [], (), None
        if session is not None:
            self._frame_index = min(self._frame_index, session.n_frames - 1)
            self._select_something()
        self.session_changed.emit()
        self._tell_boxes()
        self.settled.emit()

    def _close_session(self) -> None:
        if self._session is None:
            return
        try:
            self._session.annotation.close()
        except FcotError as error:
            self._tell_error(error)
        self._session = None

    def save(self) -> None:
        """Write the project file anew; every edit is saved without it."""
        if self._session is None:
            return
        try:
            self._session.annotation.save()
        except FcotError as error:
            self._tell_error(error)
        else:
            self.say(f"Saved in {self.project_path}")

    # --- undo ----------------------------------------------------------------

    @property
    def can_undo(self) -> bool:
        """Whether there is something to take back."""
        return self._session is not None and self._session.annotation.edit.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether there is something to repeat."""
        return self._session is not None and self._session.annotation.edit.can_redo

    def undo(self) -> None:
        """Take the last edit or run back; a run that goes on ends."""
        if self._session is not None:
            self._go_in_time(self._session.annotation.edit.undo, "Taken back")

    def redo(self) -> None:
        """Repeat what was taken back last; a run that goes on ends."""
        if self._session is not None:
            self._go_in_time(self._session.annotation.edit.redo, "Done again")

    def _go_in_time(self, step: Callable[[], Edit], words: str) -> None:
        self.stop()
        try:
            edit = step()
        except FcotError as error:
            self.say(str(error))
            return
        self.report = []
        self._message = f"{words}: {edit.text}"
        self._tell_edit(edit)

    # --- where to look -------------------------------------------------------

    def refresh_stops(self) -> None:
        """Find out anew where to look; costs some ms, so not for every frame."""
        if self._session is None:
            return
        annotation = self._session.annotation
        self.stops = annotation.work_list(N_STOPS)
        self.cuts = self._known_cuts()
        self.stops_changed.emit()

    def pass_over(self, stop: WorkStop) -> None:
        """Leave a frame of the work list as it is."""
        if self._session is not None:
            self._session.annotation.pass_over(stop)
            self.refresh_stops()

    # --- files --------------------------------------------------------------

    def import_boxes(self, path: Path) -> None:
        """Take boxes from a MOT, COCO or CVAT file as new targets."""
        name = None if self._session is None else self._session.source.name

        def add(edits: Editor) -> None:
            edits.add_tracks(read_tracks(path, video_name=name))

        if self._edit(add):
            self.say(f"Imported {path.name}")
