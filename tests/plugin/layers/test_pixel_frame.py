"""Image pixels, napari's pixels, and the canvas."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from napari.components import ViewerModel
from napari.layers import Image

from napari_fcot.layers.pixel_frame import (
    CanvasPlace,
    box_to_corners,
    corners_to_box,
    pixel_to_world,
    plane_of,
)

coordinate = st.floats(-1e4, 1e4, allow_nan=False)
side = st.floats(0.1, 1e4, allow_nan=False)


class TestBoxes:
    def test_box_of_one_pixel_reaches_half_a_pixel_around_its_centre(self):
        corners = box_to_corners((3.0, 7.0, 1.0, 1.0))
        assert corners.min(axis=0).tolist() == [6.5, 2.5]
        assert corners.max(axis=0).tolist() == [7.5, 3.5]

    @given(coordinate, coordinate, side, side)
    def test_round_trip(self, x, y, w, h):
        box = corners_to_box(box_to_corners((x, y, w, h)))
        np.testing.assert_allclose(box, (x, y, w, h), atol=1e-9)

    def test_turned_shape_becomes_the_upright_box_around_it(self):
        diamond = np.array([[0.0, 5.0], [5.0, 10.0], [10.0, 5.0], [5.0, 0.0]])
        assert corners_to_box(diamond) == (0.5, 0.5, 10.0, 10.0)


class TestPixelToWorld:
    def test_scale_and_translation(self):
        layer = Image(np.zeros((4, 5, 6)), scale=(2, 0.5, 0.25), translate=(1, 10, 20))
        expected = [[2, 0, 0, 1], [0, 0.5, 0, 10], [0, 0, 0.25, 20], [0, 0, 0, 1]]
        np.testing.assert_allclose(pixel_to_world(layer), expected)

    def test_rotation_is_part_of_it(self):
        layer = Image(np.zeros((4, 5, 6)), rotate=90, scale=(1, 2, 2))
        matrix = pixel_to_world(layer)
        point = np.array([1.0, 3.0, 4.0])
        np.testing.assert_allclose(
            (matrix @ [*point, 1])[:3], layer.data_to_world(point), atol=1e-12
        )

    def test_plane_leaves_time_out(self):
        layer = Image(np.zeros((4, 5, 6)), scale=(2, 0.5, 0.25), translate=(1, 10, 20))
        expected = [[0.5, 0, 10], [0, 0.25, 20], [0, 0, 1]]
        np.testing.assert_allclose(plane_of(pixel_to_world(layer)), expected)


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
