from __future__ import annotations

import sys

import numpy as np
import pytest

from fcot_engine.errors import FcotError
from fcot_engine.sample.cutouts import cut_coffee, cut_post, load_photo


@pytest.fixture(scope="module")
def cup():
    return cut_coffee(180)


class TestCutCoffee:
    def test_outline_has_the_width_asked_for(self, cup):
        assert np.ptp(cup.outline_xy[:, 0]) == pytest.approx(180, abs=0.5)

    def test_outline_lies_on_the_edge_of_the_mask(self, cup):
        rows, columns = np.nonzero(cup.rgba[3].numpy() > 0.5)
        outline = cup.outline_xy + np.asarray(cup.anchor_xy)
        seen = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        np.testing.assert_allclose([*outline.min(0), *outline.max(0)], seen, atol=1.0)

    def test_colours_stay_below_the_mask(self, cup):
        assert (cup.rgba[:3] <= cup.rgba[3:] + 1e-4).all()

    def test_border_is_empty(self, cup):
        assert cup.rgba[3, 0].max() == 0 and cup.rgba[3, :, -1].max() == 0


class TestTinted:
    def test_gain_above_one_does_not_leave_the_mask(self, cup):
        bright = cup.tinted((9.0, 9.0, 9.0))
        assert (bright.rgba[:3] <= bright.rgba[3:]).all()

    def test_each_colour_has_its_own_gain(self, cup):
        tinted = cup.tinted((0.5, 1.0, 0.25)).rgba
        expected = cup.rgba[0].mean() * 0.5
        assert tinted[0].mean() == pytest.approx(expected.item(), rel=1e-5)
        assert tinted[3].equal(cup.rgba[3])


class TestShadow:
    def test_is_black_and_half_transparent(self, cup):
        shadow = cup.shadow().rgba
        assert shadow[:3].max() == 0
        assert 0.3 < shadow[3].max() <= 0.4


class TestCutPost:
    def test_has_the_size_asked_for(self):
        post = cut_post(20, 300)
        np.testing.assert_array_equal(np.ptp(post.outline_xy, axis=0), [20, 300])
        assert post.rgba[3].sum() == 20 * 300


class TestLoadPhoto:
    def test_gray_photo_gets_three_channels(self):
        assert load_photo("brick").shape == (3, 512, 512)

    def test_pair_of_photos_gives_the_first(self):
        assert load_photo("stereo_motorcycle").shape == (3, 500, 741)

    def test_missing_scikit_image_is_named(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "skimage", None)
        with pytest.raises(FcotError, match="pip install scikit-image"):
            load_photo("brick")
