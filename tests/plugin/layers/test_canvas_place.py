"""Image pixels on the canvas, read off the viewer."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image

from napari_fcot.layers.pixel_frame import CanvasPlace

CANVAS = (800.0, 600.0)


@pytest.fixture
def viewer():
    return ViewerModel()


def add_video(viewer, **options) -> Image:
    return viewer.add_image(np.zeros((5, 60, 80)), **options)


class TestCanvasPlace:
    def test_what_the_camera_looks_at_is_in_the_middle(self, viewer):
        video = add_video(viewer)
        viewer.scene.camera.center = (0, 20, 30)  # napari's y = 20, x = 30
        place = CanvasPlace.of(viewer, video, CANVAS)
        np.testing.assert_allclose(place.to_canvas((30.5, 20.5)), (400, 300))

    def test_zoom_is_screen_pixels_for_one_of_the_image(self, viewer):
        video = add_video(viewer, scale=(1, 0.5, 0.5))
        viewer.scene.camera.zoom = 6.0
        place = CanvasPlace.of(viewer, video, CANVAS)
        step = place.to_canvas((11, 5)) - place.to_canvas((10, 5))
        np.testing.assert_allclose(step, (3, 0), atol=1e-9)
        assert place.scale == pytest.approx(3.0)

    def test_turned_video_is_turned(self, viewer):
        video = add_video(viewer, rotate=90)
        viewer.scene.camera.zoom = 2.0
        place = CanvasPlace.of(viewer, video, CANVAS)
        step = place.to_canvas((11, 5)) - place.to_canvas((10, 5))
        world = np.subtract(
            video.data_to_world((0, 4.5, 10.5)), video.data_to_world((0, 4.5, 9.5))
        )
        np.testing.assert_allclose(step, 2 * world[[2, 1]], atol=1e-9)

    @pytest.mark.parametrize(
        ("orientation", "expected"),
        [
            pytest.param(("down", "right"), (1, 1), id="usual"),
            pytest.param(("up", "right"), (1, -1), id="y_up"),
            pytest.param(("down", "left"), (-1, 1), id="x_left"),
        ],
    )
    def test_axes_may_point_the_other_way(self, viewer, orientation, expected):
        video = add_video(viewer)
        viewer.scene.camera.orientation2d = orientation
        viewer.scene.camera.zoom = 1.0
        place = CanvasPlace.of(viewer, video, CANVAS)
        step = place.to_canvas((11, 6)) - place.to_canvas((10, 5))
        np.testing.assert_allclose(step, expected)

    def test_way_back(self, viewer):
        video = add_video(viewer, scale=(1, 2, 3), rotate=20, translate=(0, 5, 7))
        place = CanvasPlace.of(viewer, video, CANVAS)
        points = np.array([[1.0, 2.0], [30.0, 4.5]])
        np.testing.assert_allclose(place.to_image(place.to_canvas(points)), points)

    def test_other_views_have_no_place(self, viewer):
        video = add_video(viewer)
        viewer.dims.ndisplay = 3
        assert CanvasPlace.of(viewer, video, CANVAS) is None
        viewer.dims.ndisplay = 2
        viewer.dims.order = (1, 0, 2)
        assert CanvasPlace.of(viewer, video, CANVAS) is None
        viewer.dims.order = (0, 1, 2)
        viewer.canvas.grid.enabled = True
        assert CanvasPlace.of(viewer, video, CANVAS) is None
        viewer.canvas.grid.enabled = False
        assert CanvasPlace.of(viewer, video, CANVAS) is not None
