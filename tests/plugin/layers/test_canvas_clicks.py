"""Clicks on the canvas, whichever layer is chosen."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.utils._proxies import ReadOnlyWrapper
from napari.utils.interactions import (
    mouse_move_callbacks,
    mouse_press_callbacks,
    mouse_release_callbacks,
)

from napari_fcot.layers.canvas import CanvasClicks


@pytest.fixture
def viewer():
    viewer = ViewerModel()
    viewer.add_image(np.zeros((5, 60, 80)), scale=(1, 2, 2))
    return viewer


@pytest.fixture
def clicks(viewer):
    clicks = CanvasClicks(viewer)
    clicks.set_video(viewer.layers[0])
    yield clicks
    clicks.close()


@pytest.fixture
def click(viewer):
    """Click at image pixels of the video, which is shown twice as large."""

    def click(x, y, *, modifiers=(), move_px=0.0, button=1):
        position = (0.0, 2 * (y - 0.5), 2 * (x - 0.5))

        def event(kind, moved=0.0):
            told = SimpleNamespace(
                type=kind,
                position=position,
                pos=np.array([100.0 + moved, 50.0]),
                modifiers=modifiers,
                button=button,
                is_dragging=kind == "mouse_move",
                handled=False,
            )
            return ReadOnlyWrapper(told, exceptions=("handled",))

        mouse_press_callbacks(viewer, event("mouse_press"))
        mouse_move_callbacks(viewer, event("mouse_move", move_px))
        mouse_release_callbacks(viewer, event("mouse_release", move_px))

    return click


class TestClicks:
    def test_places_are_image_pixels_and_keys_are_named(self, clicks, click):
        told = []
        clicks.clicked.connect(lambda *values: told.append(values))
        click(10.0, 7.5, modifiers=(SimpleNamespace(name="Control"),))
        click(3.0, 4.0)
        assert told == [(10.0, 7.5, {"Control"}), (3.0, 4.0, set())]

    def test_drags_and_other_buttons_are_no_clicks(self, clicks, click):
        told = []
        clicks.clicked.connect(lambda *values: told.append(values))
        click(10.0, 7.5, move_px=30.0)
        click(10.0, 7.5, button=2)
        assert told == []

    def test_none_without_a_video_or_in_3d(self, viewer, clicks, click):
        told = []
        clicks.clicked.connect(lambda *values: told.append(values))
        viewer.dims.ndisplay = 3
        click(10.0, 7.5)
        viewer.dims.ndisplay = 2
        clicks.set_video(None)
        click(10.0, 7.5)
        assert told == []

    def test_closed_ones_leave_the_viewer_as_it_was(self, viewer):
        before = list(viewer.mouse_drag_callbacks)
        CanvasClicks(viewer).close()
        assert viewer.mouse_drag_callbacks == before
