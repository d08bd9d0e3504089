"""The sheet over a real canvas."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtGui import QColor

from napari_fcot.layers import ShownBox, find_canvas
from napari_fcot.layers.canvas import CanvasOverlay
from napari_fcot.layers.painted import ThinBoxes

pytestmark = pytest.mark.window

BOX = (20.0, 10.0, 60.0, 40.0)


@pytest.fixture
def viewer(make_napari_viewer):
    viewer = make_napari_viewer(show=True)
    viewer.add_image(np.zeros((5, 80, 120), np.uint8), contrast_limits=(0, 255))
    return viewer


@pytest.fixture
def boxes():
    boxes = ThinBoxes()
    boxes.show([ShownBox(1, BOX, "#ff0000", is_selected=True)])
    return boxes


@pytest.fixture
def overlay(viewer, boxes):
    canvas = find_canvas(viewer.window._qt_window)
    overlay = CanvasOverlay(viewer, canvas, boxes)
    overlay.set_video(viewer.layers[0])
    yield overlay
    overlay.close_for_good()


def on_vispy_canvas(viewer, point_xy) -> list[float]:
    """Where napari itself draws a place of the image."""
    canvas = viewer.window._qt_viewer.canvas
    y, x = viewer.layers[0].data_to_world((0, point_xy[1] - 0.5, point_xy[0] - 0.5))[1:]
    return list(canvas.view.scene.transform.map([x, y, 0, 1])[:2])


def test_lies_where_napari_draws_the_image(qtbot, viewer, overlay):
    for center, zoom in (((0, 40, 60), 3.0), ((0, 10, 90), 7.5)):
        viewer.scene.camera.center, viewer.scene.camera.zoom = center, zoom
        qtbot.wait(50)
        for point in ((20.0, 10.0), (80.0, 50.0)):
            expected = on_vispy_canvas(viewer, point)
            found = overlay.place().to_canvas(point)
            np.testing.assert_allclose(found, expected, atol=0.6)


def test_keeps_lying_there_when_the_window_grows(qtbot, viewer, overlay):
    viewer.window.resize(900, 700)
    qtbot.waitUntil(lambda: overlay.size() == overlay.parentWidget().size())
    qtbot.wait(50)
    expected = on_vispy_canvas(viewer, (80.0, 50.0))
    np.testing.assert_allclose(
        overlay.place().to_canvas((80.0, 50.0)), expected, atol=0.6
    )


def test_box_is_seen_over_the_canvas(qtbot, viewer, overlay):
    qtbot.wait(50)
    picture = overlay.parentWidget().grab().toImage()
    x, y = overlay.place().to_canvas((50.0, 10.0)).tolist()
    assert picture.pixelColor(round(x), round(y)) == QColor("#ff0000")


def test_mouse_goes_through(viewer, overlay):
    canvas = overlay.parentWidget()
    assert canvas.childAt(canvas.rect().center()) is not overlay


def test_closed_it_is_gone(qtbot, viewer, boxes):
    canvas = find_canvas(viewer.window._qt_window)
    overlay = CanvasOverlay(viewer, canvas, boxes)
    overlay.set_video(viewer.layers[0])
    overlay.close_for_good()
    qtbot.waitUntil(lambda: canvas.findChildren(CanvasOverlay) == [])
    viewer.scene.camera.zoom = 2.0  # nobody is there to be told
    boxes.show([])
