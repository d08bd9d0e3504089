"""A viewer without a window, and a mouse without a hand."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from napari.components import ViewerModel
from napari.utils._proxies import ReadOnlyWrapper
from napari.utils.interactions import (
    mouse_move_callbacks,
    mouse_press_callbacks,
    mouse_release_callbacks,
)

from napari_fcot.layers import ViewerLink
from napari_fcot.tracking import TrackingController


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def video(viewer, frames):
    layer = viewer.add_image(frames, rgb=True, name="square", contrast_limits=(0, 255))
    viewer.dims.set_current_step(0, 0)
    return layer


@pytest.fixture
def controller(tracker):
    return TrackingController(lambda: tracker)


@pytest.fixture
def link(viewer, video, controller):
    link = ViewerLink(viewer, controller)
    link.choose_video(video)
    yield link
    link.close()


@pytest.fixture
def boxes(viewer, link):
    """The Shapes layer that people see."""
    return viewer.layers["FCOT boxes"]


@pytest.fixture
def drag():
    """Press at one (y, x) of the world, move over others, let go at the last."""

    def drag(layer, *positions, before_release=lambda: None):
        def event(kind, position):
            told = SimpleNamespace(
                type=kind,
                position=position,
                pos=position,
                modifiers=(),
                is_dragging=kind == "mouse_move",
            )
            # napari hands generators one event and puts later ones inside of it
            return ReadOnlyWrapper(told)

        mouse_press_callbacks(layer, event("mouse_press", positions[0]))
        for position in positions[1:]:
            mouse_move_callbacks(layer, event("mouse_move", position))
        before_release()
        mouse_release_callbacks(layer, event("mouse_release", positions[-1]))

    return drag
