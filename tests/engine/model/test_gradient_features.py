from __future__ import annotations

import math

import pytest
import torch

from fcot_engine.model import GradientFeatures

BINS = 18
STEEP = 0.01  # gray levels a pixel


@pytest.fixture
def features():
    return GradientFeatures()


def gray_ramp(degrees, side=32):
    """Gray rises by STEEP a pixel along a direction, clockwise from +x on screen."""
    turn = math.radians(degrees)
    place = torch.arange(side, dtype=torch.float32) - side / 2
    ramp = place * math.cos(turn) + place[:, None] * math.sin(turn)
    return (0.5 + STEEP * ramp).expand(1, 3, side, side)


class TestOrientationCells:
    @pytest.mark.parametrize("degrees", range(-170, 181, 25))
    def test_one_direction_fills_two_neighbouring_bins_with_its_magnitude(
        self, features, degrees
    ):
        cells = features._orientation_cells(gray_ramp(degrees))
        expected = torch.zeros(BINS)
        low, part = divmod(degrees % 360 / (360 / BINS), 1)
        expected[int(low) % BINS] = (1 - part) * 2 * STEEP  # central difference of 2 px
        expected[int(low + 1) % BINS] += part * 2 * STEEP
        torch.testing.assert_close(cells[0, :, 4, 4], expected, atol=1e-5, rtol=0)

    @pytest.mark.parametrize(
        ("move", "permute"),
        [
            pytest.param(lambda x: x.flip(3), lambda b: (9 - b) % BINS, id="mirror"),
            pytest.param(lambda x: x.flip(2), lambda b: -b % BINS, id="upside_down"),
            pytest.param(
                lambda x: x.rot90(2, (2, 3)), lambda b: (b + 9) % BINS, id="half_turn"
            ),
        ],
    )
    def test_moved_image_permutes_the_bins(self, features, move, permute):
        image = torch.rand(1, 3, 24, 24)
        before = features._orientation_cells(image)
        order = [permute(bin_) for bin_ in range(BINS)]  # bin that each one goes to
        expected = torch.empty_like(before)
        expected[:, order] = move(before)
        after = features._orientation_cells(move(image))
        torch.testing.assert_close(after, expected, atol=1e-5, rtol=1e-4)

    def test_strongest_colour_counts(self, features):
        image = torch.zeros(1, 3, 16, 16)
        image[:, 1] = 0.01 * torch.arange(16)[:, None]  # green rises downwards: 90
        image[:, 0] = 0.002 * torch.arange(16)  # red rises less, to the right
        bins = features._orientation_cells(image)[0, :, 1, 1]
        expected = torch.zeros(BINS)
        expected[4] = expected[5] = 0.01
        torch.testing.assert_close(bins, expected, atol=1e-6, rtol=0)


class TestMeasure:
    @pytest.mark.parametrize(
        "image",
        [
            pytest.param(torch.zeros(1, 3, 16, 16), id="black"),
            pytest.param(torch.ones(1, 3, 16, 16), id="white"),
            pytest.param(torch.tensor([0.9, 0.1, 0.4]).view(1, 3, 1, 1), id="colour"),
        ],
    )
    def test_plain_image_has_no_gradient(self, features, image):
        measured = features.measure(image.expand(1, 3, 16, 16))
        assert not measured[:, :31].any()
        assert measured.isfinite().all()

    @pytest.mark.parametrize("contrast", [1e-6, 1e-3, 1.0])
    def test_noise_is_finite_and_bounded(self, features, contrast):
        image = 0.5 + contrast * (torch.rand(1, 3, 32, 32) - 0.5)
        measured = features.measure(image)
        assert measured.isfinite().all()
        assert measured.min() >= 0
        assert measured.max() < 2

    def test_content_moved_by_four_pixels_moves_by_one_cell(self, features):
        image = torch.rand(1, 3, 64, 64)
        before = features.measure(image)
        after = features.measure(image.roll((4, -8), (2, 3)))
        inner = slice(4, 12)
        torch.testing.assert_close(
            after.roll((-1, 2), (2, 3))[..., inner, inner],
            before[..., inner, inner],
            atol=1e-5,
            rtol=1e-4,
        )

    def test_contrast_hardly_matters(self, features):
        image = torch.rand(1, 3, 32, 32)
        strong, weak = features.measure(image), features.measure(0.5 + 0.4 * image)
        torch.testing.assert_close(weak[:, :31], strong[:, :31], atol=0.02, rtol=0.05)

    @pytest.mark.parametrize(
        ("rgb", "named"),
        [((0, 0, 0), 0), ((1, 1, 1), 2), ((0.85, 0.1, 0.1), 3), ((0.2, 0.6, 0.2), 6)],
        ids=["black", "white", "red", "green"],
    )
    def test_colours_go_to_their_name(self, features, rgb, named):
        image = torch.tensor(rgb, dtype=torch.float32).view(1, 3, 1, 1)
        colours = features.measure(image.expand(1, 3, 8, 8))[0, 31:, 0, 0]
        assert int(colours.argmax()) == named
        assert float(colours.sum()) == pytest.approx(1.0, abs=1e-5)


class TestForward:
    def test_each_group_has_unit_power_and_keeps_its_proportions(self, features):
        images = torch.rand(4, 3, 32, 32)
        measured = features.measure(images)
        mean, variance = measured.mean((0, 2, 3)), measured.var((0, 2, 3))
        features.set_statistics_(mean, variance)
        powers = features(images).var((0, 2, 3)).split(features.GROUPS)
        for power, was in zip(powers, variance.split(features.GROUPS), strict=True):
            assert float(power.mean()) == pytest.approx(1.0, rel=1e-3)
            torch.testing.assert_close(power / power[0], was / was[0])

    def test_channel_that_never_varies_stays_finite(self, features):
        features.set_statistics_(torch.zeros(43), torch.zeros(43))
        assert features(torch.rand(1, 3, 16, 16)).isfinite().all()
