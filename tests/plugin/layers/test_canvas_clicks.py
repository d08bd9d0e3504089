"""Clicks on the canvas, and rings where peaks are."""

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
from qtpy.QtGui import QImage, QPainter

from napari_fcot.layers.canvas import CanvasClicks
from napari_fcot.layers.painted import PeakRings
from napari_fcot.layers.pixel_frame import CanvasPlace
from napari_fcot.tracking import MapPeak

PEAKS = (MapPeak(10.0, 12.0, 0.9, 1.0), MapPeak(50.0, 12.0, 0.6, 0.66))


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


class TestRings:
    def test_lie_around_the_peaks(self):
        rings = PeakRings()
        rings.show(PEAKS)
        sheet = QImage(120, 60, QImage.Format.Format_Grayscale8)
        sheet.fill(0)
        painter = QPainter(sheet)
        rings.paint(painter, CanvasPlace(np.diag([2.0, 2.0, 1.0])))
        painter.end()
        bits = sheet.constBits()
        bits.setsize(sheet.sizeInBytes())
        pixels = np.frombuffer(bytes(bits), np.uint8).reshape(60, -1)[:, :120] > 100
        for x, half in ((20, slice(0, 60)), (100, slice(60, 120))):
            rows, columns = np.nonzero(pixels[:, half])
            assert (rows.min() + rows.max()) / 2 == pytest.approx(24, abs=1)
            middle = half.start + (columns.min() + columns.max()) / 2
            assert middle == pytest.approx(x, abs=1)
