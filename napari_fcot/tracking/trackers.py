"""Which trackers the sessions of a panel get."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fcot_engine.annotation import TargetTracker, TrackerFactory
from fcot_engine.config import PRESETS

if TYPE_CHECKING:
    from fcot_engine.tracker import LoadedPreset


DEVICES = ("auto", "cpu", "cuda", "mps")


@dataclass(frozen=True, kw_only=True)
class TrackerChoice:
    """Which network, and where it computes."""

    preset: Annotated[str, {"label": "Network", "choices": ["auto", *PRESETS]}] = "auto"
    """auto takes the best that keeps up on the device; lite is faster, base needs fewer
    boxes; paper needs a weights file first. Counts from the next run on."""
    device: Annotated[str, {"choices": list(DEVICES)}] = "auto"
    """auto takes a GPU if there is one. Counts from the next run on."""


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
        self.network_name = ""
        """The preset that they were made of."""
        self._made_with: TrackerChoice | None = None

    def __call__(self) -> TargetTracker:
        """Make one more tracker."""
        choice = self.choice
        tracker = self._make()
        self.device_name = tracker.device_name
        self.network_name = tracker.maker.preset
        self._made_with = choice
        return tracker

    @property
    def is_other_chosen(self) -> bool:
        """Whether the last tracker was made with another choice than the present."""
        return self._made_with not in (None, self.choice)

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
