"""Which trackers the sessions of a panel get."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fcot_engine.annotation import TargetTracker, TrackerFactory

if TYPE_CHECKING:
    from fcot_engine.tracker import LoadedPreset


@dataclass(frozen=True, kw_only=True)
class TrackerChoice:
    """Which network, and where it computes; `auto` for the best there is."""

    preset: str = "auto"
    device: str = "auto"


class TrackerMaker:
    """Makes the trackers of all videos around one network; called by workers.

    Args:
        make: makes a tracker; with the engine's own network by default. That one is
            loaded with the first tracker, which is slow.
    """

    def __init__(self, make: TrackerFactory | None = None) -> None:
        self._make = make or self._make_chosen
        self._loaded: tuple[TrackerChoice, LoadedPreset] | None = None
        self.choice = TrackerChoice()
        """What trackers made from now on take."""
        self.device_name = ""
        """On what the trackers compute; empty before the first one."""

    def __call__(self) -> TargetTracker:
        """Make one more tracker."""
        tracker = self._make()
        self.device_name = tracker.device_name
        return tracker

    def _make_chosen(self) -> TargetTracker:
        from fcot_engine.tracker import MultiTracker, load_preset

        choice = self.choice
        is_new = self._loaded is None or self._loaded[0] != choice
        if self._loaded is None or is_new:
            self._loaded = choice, load_preset(choice.preset, device=choice.device)
        loaded = self._loaded[1]
        tracker = MultiTracker[int](
            loaded.network, loaded.config, device=choice.device, maker=loaded.maker
        )
        if is_new:  # while the person is still drawing
            tracker.warm_up()
        return tracker
