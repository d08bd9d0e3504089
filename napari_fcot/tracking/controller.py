"""What the tracking panel can do; knows videos, boxes and jobs, not widgets."""

from __future__ import annotations

import time
from collections.abc import Callable

from fcot_engine.annotation import TrackerFactory
from fcot_engine.errors import FcotError
from napari_fcot.tracking.editing import Editing
from napari_fcot.tracking.projects import Opened, SessionOpener
from napari_fcot.tracking.runs import Activity, Runs
from napari_fcot.tracking.state import PanelState
from napari_fcot.tracking.trackers import TrackerChoice, TrackerMaker
from napari_fcot.tracking.work import WorkStops


class TrackingController:
    """The parts of one panel, and what concerns several of them.

    Every method belongs to the main thread, here and in the parts.

    Args:
        make_tracker: makes a tracker, in a worker; the engine's own by default.
        opener: makes the part that opens videos and projects.
        clock: seconds on a steady clock, for the speed.
    """

    def __init__(
        self,
        make_tracker: TrackerFactory | None = None,
        *,
        opener: Callable[[TrackerFactory], SessionOpener] = SessionOpener,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.trackers = TrackerMaker(make_tracker)
        """Says which network is used, and on what it computes."""
        self.state = PanelState()
        """What is on the screen."""
        self.edits = Editing(self.state)
        """What a person changes."""
        self.runs = Runs(self.state, self.trackers, clock=clock)
        """What goes on in the worker."""
        self.work = WorkStops(self.state)
        """Where to look next."""
        self.opener = opener(self.trackers)
        """Opens videos and projects."""
        self._is_stale = False
        self.edits.box_drawn.connect(self.runs.on_drawn)
        self.runs.ended.connect(self._renew_trackers)

    def open_session(self, opened: Opened | None) -> None:
        """Work on another video, or on none; the one before is saved and let go."""
        state = self.state
        self.runs.stop()
        if state.session is not None:
            try:
                state.session.annotation.close()
            except FcotError as error:
                state.tell_error(error)
        state.session = None if opened is None else opened.session
        state.selected_id = None
        if state.session is not None:
            state.frame_index = min(state.frame_index, state.session.n_frames - 1)
            state.select_something()
        self.runs.forget()
        self.work.stops, self.work.cuts = [], ()
        state.session_changed.emit()
        state.tell_boxes("" if opened is None else opened.message)
        self.runs.prepare()

    def use_trackers(self, choice: TrackerChoice) -> None:
        """Take another network or device from the next run on; one goes on as it is."""
        if choice == self.trackers.choice:
            return
        self.trackers.choice = choice
        self._is_stale = True
        self._renew_trackers()
        self.state.changed.emit()

    def _renew_trackers(self) -> None:
        session = self.state.session
        if self._is_stale and self.runs.activity is Activity.IDLE:
            self._is_stale = False
            if session is not None:
                session.annotation.pool.renew()
                self.runs.prepare()

    def undo(self) -> None:
        """Take the last edit or run back; a run that goes on ends."""
        self.runs.stop()
        self.edits.undo()

    def redo(self) -> None:
        """Repeat what was taken back last; a run that goes on ends."""
        self.runs.stop()
        self.edits.redo()
