"""Boxes over a canvas: shapes of a layer, painted while frames go by."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from qtpy.QtWidgets import QWidget

from fcot_engine.annotation import Editor, Origin, SpanKind

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


@pytest.fixture
def shown(boxes, controller):
    """The boxes in image pixels that are shapes, by name of the target."""

    def shown():
        corners = [np.asarray(shape) + 0.5 for shape in boxes.data]
        return {
            name: (*one.min(axis=0)[::-1], *np.ptp(one, axis=0)[::-1])
            for name, one in zip(boxes.features["target"], corners, strict=True)
        }

    return shown


@pytest.fixture
def where(boxes):
    """Return where the layer's first pixel is in the world."""
    return lambda: boxes.data_to_world((0, 0))


@pytest.fixture
def press(viewer, link):
    """Press the mouse at a place in the world; returns what lets it go."""

    def press(position):
        event = SimpleNamespace(
            type="mouse_press",
            button=1,
            modifiers=(),
            pos=position[-2:],
            position=position,
        )
        gestures = [watch(viewer, event) for watch in viewer.mouse_drag_callbacks]
        gestures = [one for one in gestures if next(one, "over") != "over"]

        def release():
            event.type = "mouse_release"
            for gesture in gestures:
                next(gesture, None)

        return release

    return press


FIRST, SECOND = "object 1", "object 2"


def click(link, place_xy):
    link._clicks.clicked.emit(*place_xy, frozenset())


class TestShapes:
    def test_all_boxes_of_a_resting_frame_are_shapes(
        self, viewer, boxes, painted, shown, helpers
    ):
        assert shown().keys() == {FIRST, SECOND}
        assert shown()[FIRST] == pytest.approx(helpers.square_box(0))
        assert shown()[SECOND] == pytest.approx(OTHER_BOX)
        assert painted() == set()

    def test_they_have_names_colours_and_say_where_they_come_from(
        self, controller, boxes, painted
    ):
        controller.edits.do(Editor.mark_span, 2, 0, 1, SpanKind.OCCLUDED)
        controller.edits.describe_target(2, name="Ann", class_name="bird")
        row = boxes.features[boxes.features["target"] == "Ann"].iloc[0]
        assert (row["class"], row["origin"], row["occluded"]) == (
            "bird",
            "drawn by you",
            True,
        )
        assert set(boxes.text.values) == {FIRST, "Ann"}
        assert len(np.unique(boxes.edge_color, axis=0)) == 2

    def test_hidden_targets_are_not_there(self, controller, boxes, painted, shown):
        controller.state.show_target(2, False)
        assert shown().keys() == {FIRST}

    def test_look_that_a_person_set_stays(self, viewer, link, boxes, painted, qtbot):
        boxes.opacity, boxes.text.visible, boxes.name = 0.5, False, "mine"
        for frame in (1, 2, 0):
            viewer.dims.set_current_step(0, frame)
        qtbot.wait(200)
        assert (boxes.opacity, boxes.text.visible, boxes.name) == (0.5, False, "mine")

    def test_layer_removed_by_hand_comes_back(
        self, qtbot, viewer, controller, boxes, painted, shown
    ):
        viewer.layers.remove(boxes)
        qtbot.waitUntil(lambda: boxes in viewer.layers)
        assert shown().keys() == {FIRST, SECOND}
        assert "is back" in controller.state.message

    def test_in_3d_there_are_none_and_back_in_2d_they_are(
        self, qtbot, viewer, link, controller, boxes, painted
    ):
        link.start_editing()
        viewer.dims.ndisplay = 3
        assert len(boxes.data) == 0
        link.start_drawing()
        assert "2D" in controller.state.message
        viewer.dims.ndisplay = 2
        assert len(boxes.data) == 2

    def test_removed_video_leaves_nothing(
        self, qtbot, viewer, link, controller, painted
    ):
        viewer.layers.remove("square")
        qtbot.wait(20)
        assert len(viewer.layers) == 0
        assert not link._sheet.is_seen


class TestPainting:
    def test_steps_are_painted_until_the_frame_rests(
        self, qtbot, viewer, boxes, painted, shown, helpers, where
    ):
        for frame in (1, 2, 1):
            viewer.dims.set_current_step(0, frame)
        assert painted() == {1, 2}
        assert where()[0] > 1000  # out of sight
        qtbot.waitUntil(lambda: painted() == set())
        assert shown()[FIRST] == pytest.approx(helpers.square_box(1))
        assert where() == (0, 0)

    def test_press_does_not_wait_for_that(
        self, viewer, boxes, painted, shown, helpers, press
    ):
        viewer.dims.set_current_step(0, 1)
        press((1, 70.0, 60.0))
        assert shown()[FIRST] == pytest.approx(helpers.square_box(1))

    def test_picture_of_the_canvas_has_shapes_at_any_time(
        self, viewer, link, boxes, painted, shown, helpers, where
    ):
        for frame in (1, 2, 1):
            viewer.dims.set_current_step(0, frame)
        link._sheet.grabbed.emit()
        assert where() == (0, 0)
        assert shown()[FIRST] == pytest.approx(helpers.square_box(1))

    def test_hidden_layer_hides_what_is_painted(self, viewer, boxes, painted):
        boxes.visible = False
        for frame in (1, 2, 1):
            viewer.dims.set_current_step(0, frame)
        assert painted() == set()
        boxes.visible = True
        assert painted() == {1, 2}

    def test_in_a_grid_nothing_is_painted(self, viewer, boxes, painted):
        viewer.canvas.grid.enabled = True
        for frame in (1, 2, 1):
            viewer.dims.set_current_step(0, frame)
        assert len(boxes.data) == 2
        assert painted() == set()

    def test_playing_paints_until_it_ends(
        self, qtbot, link, controller, boxes, painted
    ):
        link.play()
        qtbot.waitUntil(lambda: controller.state.frame_index >= 2)
        assert len(boxes.data) == 0
        link.play()
        qtbot.waitUntil(lambda: len(boxes.data) > 0)

    def test_line_is_as_thick_as_painted_ones_at_any_zoom(
        self, qtbot, viewer, link, controller, boxes, painted
    ):
        for zoom in (2.0, 8.0):
            viewer.scene.camera.zoom = zoom
            qtbot.waitUntil(
                lambda zoom=zoom: max(boxes.edge_width) == pytest.approx(5.0 / zoom)
            )


def test_boxes_from_before_a_correction_are_seen_until_it_is_kept(
    link, controller, painted, helpers
):
    controller.state.show_frame(4)
    helpers.run_jobs(controller, controller.runs.start_tracking)
    before = controller.state.selected.boxes.get(8).box_xywh
    controller.runs.teaches_at_once = True
    wide = (*helpers.square_box(7)[:2], 30.0, 16.0)
    helpers.run_jobs(controller, lambda: controller.edits.draw_box(wide, frame_index=7))
    link.go_to(8)
    (ghost,) = link._sheet.ghosts.painted
    assert ghost.box_xywh == pytest.approx(before)
    controller.runs.keep_report()
    assert link._sheet.ghosts.painted == ()


class TestEditing:
    def test_handles_are_on_the_selected_box_without_being_asked_for(
        self, link, controller, boxes, painted
    ):
        for target_id, name in ((1, FIRST), (2, SECOND)):
            controller.state.select(target_id)
            (place,) = boxes.selected_data
            assert boxes.features["target"][place] == name
        assert boxes.mode == "select"

    def test_a_run_leaves_them(self, controller, boxes, painted, helpers):
        helpers.run_jobs(controller, controller.runs.start_tracking)
        assert boxes.mode == "select"
        assert len(boxes.selected_data) == 1

    def test_napari_s_pan_tool_takes_them_until_editing_begins_again(
        self, link, boxes, painted
    ):
        boxes.mode = "pan_zoom"
        assert len(boxes.data) == 2
        link.start_editing()
        assert boxes.mode == "select"


class TestMouse:
    def test_dragging_moves_the_box_under_its_shape(
        self, link, controller, boxes, painted, drag, helpers, shown
    ):
        x, y, w, h = helpers.square_box(0)
        drag(boxes, (28.0, 18.0), (29.0, 18.0), (31.0, 20.0))
        moved = controller.state.current_box.box_xywh
        np.testing.assert_allclose(moved, (x + 2, y + 3, w, h), atol=1e-6)
        assert shown()[FIRST] == pytest.approx(moved, abs=1e-4)

    def test_dragging_another_box_moves_and_selects_it(
        self, link, controller, boxes, painted, drag, helpers
    ):
        drag(boxes, (20.0, 90.0), (21.0, 90.0), (23.0, 92.0))
        assert controller.state.selected_id == 2
        moved = controller.state.current_box.box_xywh
        np.testing.assert_allclose(moved, (82, 13, 24, 20), atol=1e-5)

    def test_press_beside_all_boxes_moves_the_view(
        self, viewer, link, controller, boxes, painted, press
    ):
        release = press((0, 70.0, 60.0))
        assert boxes.mode == "pan_zoom"
        release()
        assert boxes.mode == "select"
        assert len(boxes.selected_data) == 1

    def test_press_on_a_box_leaves_the_tool(self, boxes, painted, press):
        press((0, 25.0, 15.0))
        assert boxes.mode == "select"

    def test_turned_box_stays_as_it_was(
        self, link, controller, boxes, painted, drag, helpers, shown
    ):
        before = controller.state.current_box.box_xywh
        place = next(iter(boxes.selected_data))
        turned = boxes.data[place] @ np.array([[0.9, 0.436], [-0.436, 0.9]])
        data = list(boxes.data)
        data[place] = turned
        boxes.data = data
        assert controller.state.current_box.box_xywh == before
        assert shown()[FIRST] == pytest.approx(before)
        assert "upright" in controller.state.message

    def test_each_drag_makes_a_new_target_while_drawing_repeats(
        self, link, controller, boxes, painted, drag
    ):
        link.go_to(6)
        link.start_drawing(repeats=True)
        n_before = len(controller.state.targets)
        drag(boxes, (30.0, 50.0), (32, 52), (50.0, 74.0))
        drag(boxes, (5.0, 5.0), (8, 8), (20.0, 24.0))
        assert len(controller.state.targets) == n_before + 1  # one had no box here
        assert len(boxes.data) == 2
        assert boxes.mode == "add_rectangle"
        link.start_editing()
        assert boxes.mode == "select"

    @pytest.mark.parametrize("where", [(-60.0, -60.0), (90.0, 130.0)])
    def test_box_beside_the_picture_is_refused_and_leaves_nothing(
        self, link, controller, boxes, drag, where
    ):
        y, x = where
        link.start_drawing()
        drag(boxes, (y, x), (y + 5, x + 5), (y + 20, x + 20))
        assert controller.state.targets == []
        assert len(boxes.data) == 0
        assert "beside the picture" in controller.state.message

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

    def test_deleting_takes_the_box_of_this_frame(
        self, link, controller, boxes, painted
    ):
        link.start_editing()
        boxes.remove_selected()
        assert controller.state.current_box is None
        assert len(controller.state.selected.boxes) == 4
        assert len(boxes.data) == 1

    def test_a_box_of_a_locked_target_jumps_back(
        self, viewer, link, controller, boxes, drag, helpers, painted, shown
    ):
        controller.state.lock_target(1, True)
        link.start_editing()
        x, y, w, h = helpers.square_box(0)
        drag(boxes, (28.0, 18.0), (29.0, 18.0), (31.0, 20.0))
        assert controller.state.current_box.box_xywh == (x, y, w, h)
        assert shown()[FIRST] == pytest.approx((x, y, w, h))

    def test_click_selects_the_target_while_another_layer_is_active(
        self, viewer, link, controller, painted
    ):
        viewer.layers.selection.active = viewer.layers["square"]
        click(link, (90, 20))
        assert controller.state.selected_id == 2

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
