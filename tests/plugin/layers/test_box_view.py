"""Boxes over a canvas: painted while frames go by, shapes while one edits."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtWidgets import QWidget

from fcot_engine.annotation import Origin

OTHER_BOX = (80.0, 10.0, 24.0, 20.0)


@pytest.fixture
def canvas(qtbot):
    """Stands in for napari's: nothing but a place to paint on."""
    canvas = QWidget()
    canvas.resize(360, 240)
    qtbot.addWidget(canvas)
    return canvas


@pytest.fixture
def painted(link, controller, canvas, helpers):
    """The ids of the targets whose boxes are painted, as they are now.

    Target 1 has a box in each of frames 0 to 4, target 2 in frames 0 and 1.
    """
    link.set_canvas(canvas)
    controller.runs.teaches_at_once = False
    for frame in range(5):
        controller.edits.draw_box(helpers.square_box(frame), frame_index=frame)
    controller.edits.add_target()
    for frame in range(2):
        controller.edits.draw_box(OTHER_BOX, frame_index=frame)
    controller.state.select(1)
    return lambda: {box.target_id for box in link._sheet.boxes.painted}


def click(link, place_xy):
    link._clicks.clicked.emit(*place_xy, frozenset())


class TestPainting:
    def test_no_box_is_a_shape_while_one_looks(self, qtbot, viewer, boxes, painted):
        for frame in (1, 0):
            viewer.dims.set_current_step(0, frame)
            qtbot.wait(200)
            assert len(boxes.data) == 0
            assert painted() == {1, 2}

    def test_hidden_targets_are_not_painted(self, link, controller, boxes, painted):
        controller.state.show_target(2, False)
        assert painted() == {1}

    def test_hidden_or_removed_layer_hides_what_is_painted(
        self, viewer, link, controller, boxes, painted
    ):
        boxes.visible = False
        assert painted() == set()
        boxes.visible = True
        assert painted() == {1, 2}
        viewer.layers.remove(boxes)
        assert painted() == set()
        link.start_drawing()
        assert painted() == {1, 2}

    def test_in_3d_there_are_none_and_back_in_2d_they_are(
        self, qtbot, viewer, link, controller, boxes, painted
    ):
        link.start_editing()
        viewer.dims.ndisplay = 3
        assert len(boxes.data) == 0
        link.start_drawing()
        assert "2D" in controller.state.message
        viewer.dims.ndisplay = 2
        assert painted() | set(range(1, 1 + len(boxes.data))) == {1, 2}

    def test_in_a_grid_all_are_boxes(self, viewer, boxes, painted):
        viewer.canvas.grid.enabled = True
        assert len(boxes.data) == 2
        viewer.canvas.grid.enabled = False
        assert len(boxes.data) == 0
        assert painted() == {1, 2}

    def test_removed_video_leaves_nothing(self, viewer, link, controller, painted):
        viewer.layers.remove("square")
        assert painted() == set()
        assert not link._sheet.is_seen


class TestEditing:
    def test_only_the_selected_box_has_handles(
        self, link, controller, boxes, painted, helpers
    ):
        link.start_editing()
        x, y, _, _ = helpers.square_box(0)
        np.testing.assert_allclose(boxes.data[0].min(axis=0), (y - 0.5, x - 0.5))
        assert len(boxes.data) == 1
        assert boxes.selected_data == {0}
        assert painted() == {2}

    def test_steps_take_them_away_and_a_rest_brings_them_back(
        self, qtbot, viewer, link, controller, boxes, painted, helpers
    ):
        link.start_editing()
        viewer.dims.set_current_step(0, 1)
        assert len(boxes.data) == 0
        assert painted() == {1, 2}
        qtbot.waitUntil(lambda: len(boxes.data) == 1)
        x, y, _, _ = helpers.square_box(1)
        np.testing.assert_allclose(boxes.data[0].min(axis=0), (y - 0.5, x - 0.5))
        assert boxes.selected_data == {0}
        assert painted() == {2}

    def test_another_target_gets_them(self, link, controller, boxes, painted):
        link.start_editing()
        controller.state.select(2)
        x, y, _, _ = OTHER_BOX
        np.testing.assert_allclose(boxes.data[0].min(axis=0), (y - 0.5, x - 0.5))
        assert painted() == {1}

    def test_napari_s_own_tool_brings_and_takes_them(self, boxes, painted):
        boxes.mode = "select"
        assert (len(boxes.data), painted()) == (1, {2})
        boxes.mode = "pan_zoom"
        assert (len(boxes.data), painted()) == (0, {1, 2})

    def test_line_is_as_thick_as_painted_ones_at_any_zoom(
        self, qtbot, viewer, link, controller, boxes, painted
    ):
        link.start_editing()
        for zoom in (2.0, 8.0):
            viewer.scene.camera.zoom = zoom
            qtbot.waitUntil(
                lambda zoom=zoom: boxes.edge_width[0] == pytest.approx(3.5 / zoom)
            )

    def test_playing_takes_them_away_until_it_ends(
        self, qtbot, link, controller, boxes, painted
    ):
        link.start_editing()
        link.play()
        qtbot.waitUntil(lambda: controller.state.frame_index >= 2)
        assert len(boxes.data) == 0
        link.play()
        qtbot.waitUntil(lambda: len(boxes.data) == 1)


class TestMouse:
    def test_dragging_moves_the_box_under_its_shape(
        self, link, controller, boxes, painted, drag, helpers
    ):
        link.start_editing()
        x, y, w, h = helpers.square_box(0)
        drag(boxes, (28.0, 18.0), (29.0, 18.0), (31.0, 20.0))
        moved = controller.state.current_box.box_xywh
        np.testing.assert_allclose(moved, (x + 2, y + 3, w, h), atol=1e-6)
        shown = boxes.data[0].min(axis=0) + 0.5
        np.testing.assert_allclose(shown, (moved[1], moved[0]), atol=1e-5)

    def test_drawing_gives_the_box_handles(
        self, viewer, link, controller, boxes, drag, painted
    ):
        link.go_to(6)
        link.start_drawing()
        drag(boxes, (29.5, 49.5), (32, 52), (49.5, 73.5))
        box = controller.state.current_box
        assert box.origin is Origin.HUMAN
        np.testing.assert_allclose(box.box_xywh, (50, 30, 24, 20), atol=1.5)
        assert len(boxes.data) == 1
        assert boxes.selected_data == {0}
        assert painted() == set()

    def test_deleting_takes_the_box_of_this_frame(
        self, link, controller, boxes, painted
    ):
        link.start_editing()
        boxes.remove_selected()
        assert controller.state.current_box is None
        assert len(controller.state.selected.boxes) == 4
        assert painted() == {2}

    def test_a_box_of_a_locked_target_jumps_back(
        self, viewer, link, controller, boxes, drag, helpers, painted
    ):
        controller.state.lock_target(1, True)
        link.start_editing()
        x, y, w, h = helpers.square_box(0)
        drag(boxes, (28.0, 18.0), (29.0, 18.0), (31.0, 20.0))
        assert controller.state.current_box.box_xywh == (x, y, w, h)
        np.testing.assert_allclose(boxes.data[0].min(axis=0), (y - 0.5, x - 0.5))

    @pytest.mark.parametrize("is_editing", [False, True])
    def test_click_selects_the_target_of_a_painted_box(
        self, qtbot, viewer, link, controller, boxes, is_editing, painted
    ):
        if is_editing:
            link.start_editing()
        click(link, (90, 20))
        assert controller.state.selected_id == 2
        assert len(boxes.data) == is_editing

    def test_click_beside_all_boxes_selects_nothing_else(
        self, qtbot, viewer, link, controller, painted
    ):
        click(link, (60, 70))
        assert controller.state.selected_id == 1

    def test_click_with_a_tool_of_another_layer_selects_nothing(
        self, qtbot, viewer, link, controller, painted
    ):
        viewer.add_points(ndim=3).mode = "add"
        click(link, (90, 20))
        assert controller.state.selected_id == 1
