"""Boxes over a real canvas: painted while frames go by, shapes while one edits."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Layer
from qtpy.QtCore import QPoint, Qt

from napari_fcot.layers import find_canvas, video_layer_data
from napari_fcot.preferences import PreferencesStore
from napari_fcot.tracking import TrackingController
from napari_fcot.widgets import TrackingWidget

pytestmark = pytest.mark.window

OTHER_BOX = (80.0, 10.0, 24.0, 20.0)


@pytest.fixture
def viewer(make_napari_viewer, frames):
    viewer = make_napari_viewer(show=True)
    data = video_layer_data(frames, name="square", frame_rate=25.0)
    viewer.add_layer(Layer.create(*data))
    return viewer


@pytest.fixture
def panel(qtbot, viewer, tracker, helpers):
    """Target 1 has a box in each of frames 0 to 4, target 2 in frames 0 and 1."""
    panel = TrackingWidget(
        viewer,
        TrackingController(lambda: tracker),
        preferences=PreferencesStore.in_memory(),
    )
    viewer.window.add_dock_widget(panel, name="Track boxes", area="right")
    qtbot.waitUntil(lambda: not panel.runner.is_busy)
    controller = panel.controller
    controller.runs.teaches_at_once = False
    for frame in range(5):
        controller.edits.draw_box(helpers.square_box(frame), frame_index=frame)
    controller.edits.add_target()
    for frame in range(2):
        controller.edits.draw_box(OTHER_BOX, frame_index=frame)
    controller.state.select(1)
    yield panel
    controller.runs.stop()
    qtbot.waitUntil(lambda: not panel.runner.is_busy)


@pytest.fixture
def shapes(viewer, panel):
    return viewer.layers["FCOT boxes"]


@pytest.fixture
def painted(panel):
    """The ids of the targets whose boxes are painted, as they are now."""
    return lambda: {box.target_id for box in panel.link._sheet.boxes.painted}


def click(qtbot, viewer, panel, place_xy, modifier=Qt.KeyboardModifier.NoModifier):
    canvas = find_canvas(panel)
    x, y = panel.link._sheet._place().to_canvas(place_xy)
    point = QPoint(round(x), round(y))
    qtbot.mouseMove(canvas, point)
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, modifier, point)


def test_closed_panel_leaves_nothing(qtbot, viewer, panel):
    canvas = find_canvas(panel)
    viewer.window.remove_dock_widget(panel)
    name = "fcot canvas overlay"
    qtbot.waitUntil(
        lambda: all(child.objectName() != name for child in canvas.children())
    )
    viewer.scene.camera.zoom *= 2  # nobody is there to be told


def test_dragging_moves_the_box_under_its_shape(
    qtbot, viewer, panel, shapes, canvas_drag, helpers
):
    panel.edit.click()
    x, y, w, h = helpers.square_box(0)
    start = (x + w / 2, y + h / 2)
    canvas_drag(viewer, shapes, start, (start[0] + 12, start[1] + 6))
    moved = panel.controller.state.current_box.box_xywh
    np.testing.assert_allclose(moved, (x + 12, y + 6, w, h), atol=1.5)
    shown = shapes.data[0].min(axis=0) + 0.5
    np.testing.assert_allclose(shown, (moved[1], moved[0]), atol=1e-5)


def test_click_selects_the_target_of_a_painted_box(qtbot, viewer, panel):
    click(qtbot, viewer, panel, (90, 20))
    assert panel.controller.state.selected_id == 2


def test_control_click_on_a_peak_moves_the_box(qtbot, viewer, panel, helpers):
    from fcot_engine.tracker import ScoreMap, ScoreMaps

    rows, columns = np.mgrid[:20, :30] * 4.0
    bumps = [(18, 28, 1.0), (90, 60, 0.7)]
    scores = sum(
        height * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 40)
        for x, y, height in bumps
    ).astype(np.float16)
    maps = ScoreMaps(*[ScoreMap(scores, (0.0, 0.0), 4.0)] * 3)
    panel.controller.state.session.score_maps.put(1, 0, maps)
    control = Qt.KeyboardModifier.ControlModifier
    click(qtbot, viewer, panel, (91, 59), control)
    x, y, w, h = panel.controller.state.current_box.box_xywh
    np.testing.assert_allclose((x + w / 2, y + h / 2), (90, 60), atol=1.0)
