"""Trackers of one panel, around one network."""

from __future__ import annotations

from fcot_engine.model import load_network
from napari_fcot.tracking import TrackerChoice, TrackingController


def test_device_is_known_from_the_first_tracker_on(helpers):
    make = TrackingController(helpers.FakeTracker).trackers
    assert make.device_name == ""
    make()
    assert make.device_name == "a fake (0 threads)"


def test_trackers_share_one_network_until_another_is_chosen(monkeypatch):
    loaded = []
    monkeypatch.setattr(
        "fcot_engine.tracker.presets.load_network",
        lambda *args, **kwargs: loaded.append(args) or load_network(*args, **kwargs),
    )
    make = TrackingController().trackers
    make.choice = TrackerChoice(preset="lite", device="cpu")
    first, second = make(), make()
    assert first is not second
    assert len(loaded) == 1
    make.choice = TrackerChoice(device="cpu")
    make()
    assert len(loaded) == 2
