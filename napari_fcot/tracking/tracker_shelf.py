"""Trackers for the annotation session, the first one loaded ahead of its use."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from fcot_engine.annotation import TargetTracker, TrackerFactory

if TYPE_CHECKING:
    from fcot_engine.tracker import LoadedPreset

__all__ = ["DefaultTrackers", "TrackerShelf"]


class DefaultTrackers:
    """Makes trackers around one network, which is loaded with the first of them.

    Loading is slow, since it brings in torch: call it in a worker.

    Args:
        preset: size of the network, `auto` for the best there is for the device.
        device: where it computes, `auto` for the best there is.
    """

    def __init__(self, preset: str = "auto", device: str = "auto") -> None:
        self._preset = preset
        self._device = device
        self._loaded: LoadedPreset | None = None

    def choose(self, preset: str, device: str) -> None:
        """Take another network or device for the trackers made from now on."""
        if (preset, device) != (self._preset, self._device):
            self._preset, self._device = preset, device
            self._loaded = None

    def __call__(self) -> TargetTracker:
        """Make one more tracker."""
        from fcot_engine.tracker import MultiTracker, load_preset

        if self._loaded is None:
            self._loaded = load_preset(self._preset, device=self._device)
        loaded = self._loaded
        return MultiTracker[int](
            loaded.network, loaded.config, device=self._device, maker=loaded.maker
        )


class TrackerShelf:
    """Hands out trackers, those made ahead first; called by workers.

    Args:
        make_tracker: makes one.
    """

    def __init__(self, make_tracker: TrackerFactory) -> None:
        self._make_tracker = make_tracker
        self._lock = threading.Lock()
        self._spare: TargetTracker | None = None
        self.device_name = ""
        """On what the trackers compute; empty before the first one."""

    def __call__(self) -> TargetTracker:
        """Return a tracker that nobody else has."""
        with self._lock:
            tracker, self._spare = self._spare or self._make(), None
            return tracker

    def prepare(self) -> None:
        """Make a tracker ahead of its first use."""
        with self._lock:
            if self._spare is None:
                self._spare = self._make()

    def _make(self) -> TargetTracker:
        tracker = self._make_tracker()
        self.device_name = tracker.device_name
        return tracker
