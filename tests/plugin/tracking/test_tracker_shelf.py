"""Trackers are made ahead, and never given twice."""

from __future__ import annotations

import pytest

from fcot_engine.model import load_network
from napari_fcot.tracking import DefaultTrackers
from napari_fcot.tracking.tracker_shelf import TrackerShelf


def test_the_one_made_ahead_is_given_first(helpers):
    made = []

    def make():
        made.append(helpers.FakeTracker())
        return made[-1]

    shelf = TrackerShelf(make)
    shelf.prepare()
    shelf.prepare()
    assert len(made) == 1
    assert shelf() is made[0]
    assert shelf() is made[1]


def test_device_is_known_from_the_first_tracker_on(helpers):
    shelf = TrackerShelf(helpers.FakeTracker)
    assert shelf.device_name == ""
    shelf.prepare()
    assert shelf.device_name == "a fake (0 threads)"


def test_a_tracker_that_cannot_be_made_leaves_none(helpers):
    def make():
        raise OSError("no such file")

    shelf = TrackerShelf(make)
    with pytest.raises(OSError, match="no such file"):
        shelf.prepare()
    assert shelf.device_name == ""


def test_default_trackers_share_one_network(frames, helpers, monkeypatch):
    loaded = []
    monkeypatch.setattr(
        "fcot_engine.tracker.options.load_network",
        lambda *args, **kwargs: loaded.append(args) or load_network(*args, **kwargs),
    )
    make = DefaultTrackers(device="cpu")
    first, second = make(), make()
    assert len(loaded) == 1
    first.init(1, frames[0], helpers.square_box(0))
    second.init(1, frames[5], helpers.square_box(5))
    assert first.track(frames[1])[1].box_xywh != second.track(frames[6])[1].box_xywh
