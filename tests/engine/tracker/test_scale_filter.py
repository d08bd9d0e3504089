from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from fcot_engine.config import ScaleConfig
from fcot_engine.tracker.scale_filter import ScaleFilter

CONFIG = ScaleConfig()


@pytest.fixture(scope="module")
def texture():
    """A picture in which each place looks different."""
    noise = torch.rand(1, 3, 24, 24, generator=torch.Generator().manual_seed(0))
    smooth = F.interpolate(noise, size=240, mode="bicubic", align_corners=False)
    return smooth[0].clamp(0, 1) * 255


def box_of_side(width, height):
    return (120 - width / 2, 120 - height / 2, width, height)


class TestScaleFilter:
    @pytest.mark.parametrize("factor", [0.85, 0.95, 1.0, 1.06, 1.15])
    def test_growth_of_the_target_against_its_box(self, texture, factor):
        filter_ = ScaleFilter(CONFIG)
        filter_.learn(texture, box_of_side(80, 50), rate=1.0)
        rough = box_of_side(80 / factor, 50 / factor)
        growth = filter_.measure_growth(texture, rough)
        assert growth.log_factor == pytest.approx(math.log(factor), abs=0.02)
        assert growth.trust > 0.5

    def test_nothing_has_grown_before_anything_was_learned(self, texture):
        assert ScaleFilter(CONFIG).measure_growth(texture, box_of_side(80, 50)) == (
            0,
            0,
        )

    def test_rate_says_how_much_of_the_new_frame_counts(self, texture):
        kept, taken = ScaleFilter(CONFIG), ScaleFilter(CONFIG)
        for filter_, rate in ((kept, 0.05), (taken, 1.0)):
            filter_.learn(texture, box_of_side(80, 50), rate=1.0)
            filter_.learn(texture, box_of_side(88, 55), rate=rate)
        rough = box_of_side(80, 50)
        old = kept.measure_growth(texture, rough).log_factor
        new = taken.measure_growth(texture, rough).log_factor
        assert old == pytest.approx(0.0, abs=0.03)
        assert new == pytest.approx(math.log(1.1), abs=0.02)

    def test_something_else_is_not_believed(self, texture):
        filter_ = ScaleFilter(CONFIG)
        filter_.learn(texture, box_of_side(80, 50), rate=1.0)
        other = filter_.measure_growth(texture, (10, 10, 80, 50))
        same = filter_.measure_growth(texture, box_of_side(80, 50))
        assert other.trust < 0.5 * same.trust

    @pytest.mark.parametrize(
        "box",
        [
            pytest.param((-30, -30, 40, 40), id="over_the_corner"),
            pytest.param((239, 239, 60, 60), id="nearly_outside"),
            pytest.param((100, 100, 2, 2), id="tiny"),
            pytest.param((0, 100, 240, 2), id="thin"),
        ],
    )
    def test_any_box_gives_a_number_in_range(self, texture, box):
        filter_ = ScaleFilter(CONFIG)
        filter_.learn(texture, box, rate=1.0)
        most = CONFIG.n_scales // 2 * math.log(CONFIG.step)
        assert abs(filter_.measure_growth(texture, box).log_factor) <= most + 1e-6

    def test_flat_picture_has_not_grown(self):
        flat, filter_ = torch.full((3, 90, 90), 128.0), ScaleFilter(CONFIG)
        filter_.learn(flat, (30, 30, 20, 20), rate=1.0)
        growth = filter_.measure_growth(flat, (30, 30, 20, 20))
        assert math.isfinite(growth.log_factor) and 0 <= growth.trust <= 1

    def test_bytes_of_what_it_knows(self, texture):
        filter_ = ScaleFilter(CONFIG)
        assert filter_.nbytes == 0
        filter_.learn(texture, box_of_side(80, 50), rate=1.0)
        assert 1e5 < filter_.nbytes < 1e6
