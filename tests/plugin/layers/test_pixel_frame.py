"""Half a pixel, the order of axes, and where a layer lies in the world."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from napari.layers import Image

from napari_fcot.layers.pixel_frame import (
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
