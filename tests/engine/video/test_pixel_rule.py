"""Pixels of every kind become RGB by one rule."""

from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.errors import FrameError, ShapeError
from fcot_engine.video import PixelRule, to_rgb8


def ramp(dtype, low, high):
    return np.linspace(low, high, 256).astype(dtype).reshape(16, 16)


class TestToRgb8:
    @pytest.mark.parametrize("channels", [(), (1,), (3,), (4,)], ids=str)
    @pytest.mark.parametrize(
        "dtype", ["bool", "uint8", "int8", "uint16", "int32", "float16", "float64"]
    )
    def test_every_kind_gives_rgb_bytes(self, dtype, channels):
        rgb = to_rgb8(np.ones((6, 5, *channels), dtype))
        assert rgb.shape == (6, 5, 3)
        assert rgb.dtype == np.uint8

    def test_bytes_are_taken_as_they_are(self):
        frame = np.random.default_rng(0).integers(0, 255, (6, 5, 3), np.uint8)
        np.testing.assert_array_equal(to_rgb8(frame), frame)

    def test_gray_is_repeated(self):
        rgb = to_rgb8(np.arange(4, dtype=np.uint8).reshape(2, 2))
        np.testing.assert_array_equal(rgb[1, 0], [2, 2, 2])

    def test_alpha_is_ignored(self):
        rgba = np.zeros((2, 2, 4), np.uint8)
        rgba[..., 3] = 200
        assert to_rgb8(rgba).max() == 0

    def test_alpha_does_not_set_the_range(self):
        rgba = np.zeros((20, 20, 4), np.uint16)
        rgba[..., 0] = ramp(np.uint16, 0, 100).repeat(2)[:400].reshape(20, 20)
        rgba[..., 3] = 65535
        assert PixelRule.from_samples([rgba]).high <= 100

    def test_bool_becomes_black_and_white(self):
        rgb = to_rgb8(np.array([[False, True]]))
        assert rgb[0, :, 0].tolist() == [0, 255]

    def test_floats_within_one_keep_their_zero_and_one(self):
        rgb = to_rgb8(np.array([[0.2, 0.4]]))
        assert rgb[0, :, 0].tolist() == [51, 102]

    def test_wide_integers_fill_the_range(self):
        rgb = to_rgb8(ramp(np.uint16, 1000, 3000))
        assert (rgb.min(), rgb.max()) == (0, 255)

    def test_negative_values_are_fine(self):
        rgb = to_rgb8(ramp(np.int16, -500, 500))
        assert abs(int(rgb[8, 0, 0]) - 128) <= 1

    def test_nan_and_infinity_become_black(self):
        frame = np.array([[np.nan, np.inf, -np.inf, 1.0]])
        assert to_rgb8(frame)[0, :, 0].tolist() == [0, 0, 0, 255]

    def test_largest_floats_do_not_overflow(self):
        rgb = to_rgb8(np.array([[-1.7e308, 0.0, 1.7e308]]), PixelRule(-1.0, 1.0))
        assert rgb[0, :, 0].tolist() == [0, 128, 255]

    def test_one_hot_pixel_does_not_darken_the_frame(self):
        frame = ramp(np.uint16, 0, 1000).repeat(100).reshape(160, 160)
        frame[0, 0] = 65535
        assert to_rgb8(frame)[-1, -1, 0] == 255

    def test_frame_of_one_value_is_black(self):
        assert to_rgb8(np.full((4, 4), 700, np.uint16)).max() == 0

    def test_complex_pixels_are_refused(self):
        with pytest.raises(FrameError, match="got complex128"):
            to_rgb8(np.zeros((4, 4), complex))

    @pytest.mark.parametrize("shape", [(4,), (4, 4, 2), (2, 4, 4, 3)], ids=str)
    def test_other_shapes_are_refused(self, shape):
        with pytest.raises(ShapeError, match="1, 3 or 4 channels"):
            to_rgb8(np.zeros(shape, np.uint8))

    def test_result_is_a_copy(self):
        frame = np.zeros((4, 4, 3), np.uint8)
        to_rgb8(frame)[:] = 9
        assert frame.max() == 0


class TestPixelRule:
    def test_range_is_the_same_for_all_frames(self):
        dark, bright = np.full((9, 9), 100, np.uint16), np.full((9, 9), 200, np.uint16)
        rule = PixelRule.from_samples([dark, bright])
        assert rule.apply(dark).max() == 0
        assert rule.apply(bright).min() == 255

    def test_values_beyond_the_range_are_cut(self):
        rule = PixelRule(10.0, 20.0)
        rgb = rule.apply(np.array([[0, 15, 99]], np.int32))
        assert rgb[0, :, 0].tolist() == [0, 128, 255]

    def test_bytes_need_no_range(self):
        assert PixelRule.from_samples([np.zeros((4, 4), np.uint8)]) == PixelRule()

    def test_samples_without_finite_pixels_do_not_matter(self):
        rule = PixelRule.from_samples([np.full((4, 4), np.nan)])
        assert rule == PixelRule(0.0, 1.0)
