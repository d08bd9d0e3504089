"""Boxes and heatmap on a real canvas: seen, pressed on, and in pictures of it."""

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


def two_peaks():
    """Peaks at (18, 28), where the first box is, and at (90, 60)."""
    from fcot_engine.tracker import ScoreMap, ScoreMaps

    rows, columns = np.mgrid[:20, :30] * 4.0
    bumps = [(18, 28, 1.0), (90, 60, 0.7)]
    scores = sum(
        height * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 40)
        for x, y, height in bumps
    ).astype(np.float16)
    return ScoreMaps(*[ScoreMap(scores, (0.0, 0.0), 4.0)] * 3)


@pytest.fixture
def picture(qtbot, viewer, panel):
    """Take a picture of the canvas alone, and cut what is around a point out of it."""
    size = None
    while size != find_canvas(panel).size():  # the parts beside it may still move
        size = find_canvas(panel).size()
        qtbot.wait(300)
    viewer.reset_view()
    qtbot.wait(300)  # lines get their width once the zoom rests

    def picture(place_xy, *, side_px=9):
        pixels = viewer.screenshot(flash=False)[..., :3].astype(int)
        x, y = panel.link._sheet._place().to_canvas(place_xy)
        scale = pixels.shape[1] / find_canvas(panel).width()
        row, column, reach = round(y * scale), round(x * scale), side_px // 2
        return pixels[
            row - reach : row + reach + 1, column - reach : column + reach + 1
        ]

    return picture


def is_near(pixels, colour) -> bool:
    """Whether a colour is among some pixels."""
    wanted = [int(colour[n : n + 2], 16) for n in (1, 3, 5)]
    return bool((np.abs(pixels - wanted).max(axis=-1) < 40).any())


class TestPictureOfTheCanvas:
    def test_has_every_box_in_its_colour(self, panel, picture, helpers):
        for target in panel.controller.state.targets:
            x, y, w, h = target.boxes.get(0).box_xywh
            assert is_near(picture((x + w / 4, y + h)), target.info.colour)
        assert not is_near(picture((60, 70)), "#e69f00")

    def test_has_the_boxes_of_the_frame_right_after_a_step(
        self, viewer, panel, picture, helpers
    ):
        for frame in (1, 2, 3):  # nobody lets Qt work in between
            viewer.dims.set_current_step(0, frame)
            x, y, w, h = helpers.square_box(frame)
            assert is_near(picture((x + w / 4, y + h)), "#e69f00")
            assert not is_near(picture((x + w / 4, y + h + 4)), "#e69f00")

    def test_has_the_name_beside_its_box(self, viewer, panel, shapes, picture):
        x, y, _, _ = OTHER_BOX
        colour = panel.controller.state.targets[1].info.colour

        def count():
            beside = picture((x + 6, y), side_px=61)[5:26]
            wanted = [int(colour[n : n + 2], 16) for n in (1, 3, 5)]
            return int((np.abs(beside - wanted).max(axis=-1) < 60).sum())

        with_name = count()
        shapes.text.visible = False
        assert with_name > count() + 20

    def test_has_the_heatmap(self, panel, picture):
        before = picture((90, 60)).mean(axis=(0, 1))
        panel.controller.state.session.score_maps.put(1, 0, two_peaks())
        panel.heatmap.click()
        after = picture((90, 60)).mean(axis=(0, 1))
        assert after[0] > before[0] + 60  # red and yellow are added
        assert abs(picture((60, 30)).mean() - picture((60, 72)).mean()) < 5


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
    x, y, w, h = helpers.square_box(0)
    start = (x + w / 2, y + h / 2)
    canvas_drag(viewer, shapes, start, (start[0] + 12, start[1] + 6))
    moved = panel.controller.state.current_box.box_xywh
    np.testing.assert_allclose(moved, (x + 12, y + 6, w, h), atol=1.5)
    place = list(shapes.features["target"]).index("object 1")
    shown = shapes.data[place].min(axis=0) + 0.5
    np.testing.assert_allclose(shown, (moved[1], moved[0]), atol=1e-4)


def test_dragging_beside_all_boxes_moves_the_view(
    viewer, panel, shapes, canvas_drag, helpers
):
    before = np.array(viewer.scene.camera.center)
    canvas_drag(viewer, shapes, (60, 70), (40, 60))
    assert np.abs(np.array(viewer.scene.camera.center) - before).max() > 5
    assert panel.controller.state.current_box.box_xywh == helpers.square_box(0)
    assert shapes.mode == "select"


def test_click_selects_the_target_of_a_painted_box(qtbot, viewer, panel):
    click(qtbot, viewer, panel, (90, 20))
    assert panel.controller.state.selected_id == 2


def test_control_click_on_a_peak_moves_the_box(qtbot, viewer, panel, helpers):
    panel.controller.state.session.score_maps.put(1, 0, two_peaks())
    control = Qt.KeyboardModifier.ControlModifier
    click(qtbot, viewer, panel, (91, 59), control)
    x, y, w, h = panel.controller.state.current_box.box_xywh
    np.testing.assert_allclose((x + w / 2, y + h / 2), (90, 60), atol=1.0)
