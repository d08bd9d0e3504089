"""The ways of the targets, as a Tracks layer."""

from __future__ import annotations

import numpy as np
import pytest

NAME = "FCOT trails"


@pytest.fixture
def tracked(link, controller, helpers):
    """Target 1 has a box in every frame, target 2 in the first two."""
    controller.runs.teaches_at_once = False
    controller.edits.draw_box(helpers.square_box(0), frame_index=0)
    helpers.run_jobs(controller, controller.runs.start_tracking)
    controller.edits.add_target()
    for frame in range(2):
        controller.edits.draw_box((80.0, 10.0, 24.0, 20.0), frame_index=frame)
    return controller


def test_are_off_until_asked_for(viewer, link, tracked):
    assert NAME not in viewer.layers
    link.trails.show(True)
    assert NAME in viewer.layers
    link.trails.show(False)
    assert NAME not in viewer.layers


def test_go_through_the_middles_of_all_boxes(viewer, link, tracked, helpers):
    link.trails.show(True)
    rows = viewer.layers[NAME].data
    first = rows[rows[:, 0] == 1]
    assert first[:, 1].tolist() == list(range(12))
    x, y, w, h = helpers.square_box(7)
    np.testing.assert_allclose(first[7, 2:], (y + h / 2 - 0.5, x + w / 2 - 0.5), atol=1)
    assert (rows[:, 0] == 2).sum() == 2
    assert set(viewer.layers[NAME].features["target"]) == {"object 1", "object 2"}


def test_have_the_colours_of_the_targets(viewer, link, tracked):
    link.trails.show(True)
    layer = viewer.layers[NAME]
    for target in tracked.state.targets:
        place = np.flatnonzero(layer.data[:, 0] == target.target_id)[0]
        wanted = [int(target.info.colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        np.testing.assert_allclose(layer.track_colors[place, :3], wanted, atol=0.02)


def test_follow_an_edit(qtbot, viewer, link, tracked):
    link.trails.show(True)
    tracked.edits.delete_box(2, 1)
    qtbot.waitUntil(lambda: (viewer.layers[NAME].data[:, 0] == 2).sum() == 1)


def test_removed_by_hand_are_switched_off(viewer, link, tracked):
    told = []
    link.trails.toggled.connect(told.append)
    link.trails.show(True)
    viewer.layers.remove(NAME)
    assert told == [True, False]
    link.trails.show(True)
    assert NAME in viewer.layers


def test_go_with_the_video(viewer, link, tracked):
    link.trails.show(True)
    link.choose_video(None)
    assert [layer.name for layer in viewer.layers] == ["square"]
