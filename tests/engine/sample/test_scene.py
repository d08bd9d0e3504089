"""Painting is exact to a fraction of a pixel, or the truth of the sample is not."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch

from fcot_engine.errors import FcotError
from fcot_engine.sample import make_sample_video
from fcot_engine.sample._scene import CutOut, Pose, cut_coffee, cut_view, paint_


@pytest.fixture
def white_square():
    """10 x 10 opaque white pixels around their centre, with an empty border of 3."""
    rgba = torch.zeros(4, 16, 16)
    rgba[:, 3:13, 3:13] = 1
    return CutOut(rgba, (8.0, 8.0), np.array([(-5.0, -5.0), (5.0, 5.0)]))


class TestCutView:
    def test_half_a_pixel_is_the_mean_of_two(self):
        photo = torch.rand(1, 4, 9)
        view = cut_view(photo, left=1.5, top=0, zoom=1, width=3, height=4)
        expected = (photo[:, :, 1:4] + photo[:, :, 2:5]) / 2
        torch.testing.assert_close(view, expected)


class TestPaint:
    def test_unturned_square_covers_its_pixels_exactly(self, white_square):
        frame = torch.zeros(3, 40, 50)
        paint_(frame, white_square, Pose((20.0, 15.0), 1.0, 0.0))
        assert frame[0, 11:19, 16:24].min() == 1
        assert frame[0].sum() == pytest.approx(100, abs=1e-3)

    def test_area_grows_with_the_square_of_the_scale(self, white_square):
        frame = torch.zeros(3, 60, 60)
        paint_(frame, white_square, Pose((30.0, 30.0), 3.0, 30.0))
        assert frame[0].sum() == pytest.approx(900, rel=0.02)

    def test_centre_of_mass_is_the_pose(self, white_square):
        frame = torch.zeros(3, 60, 60)
        paint_(frame, white_square, Pose((28.3, 31.7), 2.0, 20.0))
        places = torch.arange(60) + 0.5
        x = (frame[0].sum(0) * places).sum() / frame[0].sum()
        y = (frame[0].sum(1) * places).sum() / frame[0].sum()
        assert (x.item(), y.item()) == pytest.approx((28.3, 31.7), abs=0.02)

    def test_part_outside_is_left_out(self, white_square):
        frame = torch.zeros(3, 40, 50)
        paint_(frame, white_square, Pose((0.0, 20.0), 1.0, 0.0))
        assert frame[0].sum() == pytest.approx(50, abs=1e-3)


class TestCup:
    @pytest.fixture
    def cup(self):
        return cut_coffee(180)

    def test_outline_lies_on_the_edge_of_the_mask(self, cup):
        rows, columns = np.nonzero(cup.rgba[3].numpy() > 0.5)
        outline = cup.outline_xy + np.asarray(cup.anchor_xy)
        seen = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        np.testing.assert_allclose([*outline.min(0), *outline.max(0)], seen, atol=1.0)

    def test_colours_stay_below_the_mask_in_any_light(self, cup):
        bright = cup.tinted((9.0, 9.0, 9.0))
        assert (bright.rgba[:3] <= bright.rgba[3:]).all()


def test_missing_scikit_image_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "skimage", None)
    with pytest.raises(FcotError, match="pip install scikit-image"):
        make_sample_video()
