"""Where to look next."""

from __future__ import annotations

from psygnal import Signal

from fcot_engine.annotation import WorkStop
from napari_fcot.tracking.state import PanelState

N_STOPS = 20
"""Stops of the work list that are shown at once."""


class WorkStops:
    """The frames whose correction is worth most, and the shot cuts.

    Args:
        state: the video at work.
    """

    changed = Signal()
    """Other frames are worth a look, or other shot cuts are known."""

    def __init__(self, state: PanelState) -> None:
        self._state = state
        self.stops: list[WorkStop] = []
        """Where to look next, the most worthwhile first."""
        self.cuts: tuple[int, ...] = ()
        """Frames that begin a new shot, as far as known."""

    def refresh(self) -> None:
        """Find out anew where to look; costs some ms, so not for every frame."""
        session = self._state.session
        self.stops = [] if session is None else session.annotation.work_list(N_STOPS)
        self.cuts = () if session is None else tuple(session.annotation.cuts.known())
        self.changed.emit()

    def pass_over(self, stop: WorkStop) -> None:
        """Leave a frame of the work list as it is."""
        if self._state.session is not None:
            self._state.session.annotation.pass_over(stop)
            self.refresh()
