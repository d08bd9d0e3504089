"""What a person does to shapes comes back as boxes of targets."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Image

from napari_fcot.layers import BoxLayer, ShownBox

ROWS = [
    ShownBox(1, (10.0, 20.0, 30.0, 40.0), "#ffb000", is_selected=True),
    ShownBox(2, (60.0, 20.0, 10.0, 10.0), "#00d5ff"),
]


@pytest.fixture
def box_layer():
    layer = BoxLayer(Image(np.zeros((3, 80, 120))), width=120, height=80)
    layer.show(ROWS)
    return layer


@pytest.fixture
def told(box_layer):
    """Everything that the layer told, in order."""
    told = []
    box_layer.drawn.connect(lambda box: told.append(("drawn", box)))
    box_layer.edited.connect(lambda key, box: told.append(("edited", key, box)))
    box_layer.deleted.connect(lambda key: told.append(("deleted", key)))
    box_layer.picked.connect(lambda key: told.append(("picked", key)))
    return told


class TestShow:
    def test_writing_tells_nothing(self, box_layer, told):
        box_layer.show(ROWS[:1])
        box_layer.show([])
        box_layer.show(ROWS)
        assert told == []

    def test_one_rectangle_a_box(self, box_layer):
        assert set(box_layer.layer.shape_type) == {"rectangle"}
        np.testing.assert_allclose(
            box_layer.layer.data[0],
            [[19.5, 9.5], [19.5, 39.5], [59.5, 39.5], [59.5, 9.5]],
        )

    def test_same_boxes_are_not_written_again(self, box_layer):
        events = []
        box_layer.layer.events.data.connect(events.append)
        box_layer.show(ROWS)
        assert events == []

    def test_colours_follow_the_targets(self, box_layer):
        box_layer.show([ROWS[1]])
        np.testing.assert_allclose(
            box_layer.layer.edge_color, [[0, 0xD5 / 255, 1, 1]], atol=1e-6
        )

    def test_lost_target_is_paler(self, box_layer):
        lost = ShownBox(1, ROWS[0].box_xywh, "#ffb000", is_lost=True)
        box_layer.show([lost, ROWS[1]])
        assert box_layer.layer.edge_color[0, 3] < 0.5

    def test_line_width_is_that_of_the_selected_box(self, box_layer):
        box_layer.show(ROWS, line_width=2.0)
        assert box_layer.layer.edge_width == [2.0, 1.2]
        box_layer.show(ROWS, line_width=3.0)
        assert box_layer.layer.edge_width[0] == 3.0

    def test_handles_stay_on_the_picked_box(self, box_layer):
        box_layer.pick(2)
        moved = ShownBox(2, (61.0, 20.0, 10.0, 10.0), "#00d5ff")
        box_layer.show([ROWS[0], moved])
        assert box_layer.layer.selected_data == {1}


class TestEdits:
    def test_a_new_rectangle_is_drawn(self, box_layer, told):
        box_layer.layer.add_rectangles(np.array([[-0.5, -0.5], [9.5, 19.5]]))
        assert told == [("drawn", (0.0, 0.0, 20.0, 10.0))]

    def test_dragging_draws_once_when_the_button_is_let_go(self, box_layer, told, drag):
        box_layer.start_drawing()
        drag(box_layer.layer, (5.5, 5.5), (20.5, 20.5), (25.5, 45.5))
        drawn = [event for event in told if event[0] == "drawn"]
        assert len(drawn) == 1
        np.testing.assert_allclose(drawn[0][1], (6.0, 6.0, 40.0, 20.0), atol=0.5)

    def test_dragging_a_box_moves_it(self, box_layer, told, drag):
        box_layer.pick(1)
        drag(box_layer.layer, (40.0, 20.0), (41.0, 21.0), (45.0, 30.0))
        edits = [event for event in told if event[0] == "edited"]
        assert len(edits) == 1
        assert edits[0][1] == 1
        np.testing.assert_allclose(edits[0][2], (20.0, 25.0, 30.0, 40.0), atol=1e-6)

    def test_deleting_a_shape_deletes_a_box(self, box_layer, told):
        box_layer.layer.selected_data = {1}
        box_layer.layer.remove_selected()
        assert told == [("picked", 2), ("deleted", 2)]

    def test_clicking_a_box_picks_its_target(self, box_layer, told, drag):
        box_layer.layer.mode = "select"
        drag(box_layer.layer, (24.0, 64.0))
        assert told == [("picked", 2)]

    def test_mouse_button_is_known_to_be_down(self, box_layer, drag):
        box_layer.start_drawing()
        seen = []
        drag(
            box_layer.layer,
            (5.0, 5.0),
            (30.0, 30.0),
            before_release=lambda: seen.append(box_layer.is_dragging),
        )
        assert seen == [True]
        assert not box_layer.is_dragging


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        pytest.param("add_rectangle", "add_rectangle", id="rectangle"),
        pytest.param("select", "select", id="select"),
        pytest.param("add_ellipse", "add_rectangle", id="ellipse"),
        pytest.param("add_polygon", "add_rectangle", id="polygon"),
        pytest.param("add_path", "add_rectangle", id="path"),
        pytest.param("direct", "select", id="vertices"),
        pytest.param("vertex_remove", "select", id="vertex_remove"),
        pytest.param("transform", "select", id="transform"),
    ],
)
def test_only_tools_for_upright_boxes_are_left(box_layer, wanted, given):
    box_layer.layer.mode = wanted
    assert box_layer.layer.mode == given
