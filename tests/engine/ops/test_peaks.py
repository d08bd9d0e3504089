from __future__ import annotations

import math

import pytest
import torch

from fcot_engine.errors import ShapeError
from fcot_engine.ops import (
    Peak,
    find_peak,
    find_second_peak,
    gaussian_label,
    refine_peak,
)


def paraboloid(row, column, size=(9, 11)):
    y = torch.arange(size[0], dtype=torch.float64)[:, None] - row
    x = torch.arange(size[1], dtype=torch.float64) - column
    return 1 - 0.02 * y**2 - 0.03 * x**2


class TestFindPeak:
    def test_highest_cell(self):
        scores = torch.zeros(4, 7)
        scores[2, 5] = 0.75
        assert find_peak(scores) == Peak(2, 5, 0.75)

    def test_first_of_two_equal_cells(self):
        scores = torch.zeros(3, 3)
        scores[1, 2] = scores[2, 0] = 1.0
        assert find_peak(scores)[:2] == (1, 2)

    def test_wrong_shape_is_named(self):
        with pytest.raises(ShapeError, match=r"scores must have shape \(H, W\)"):
            find_peak(torch.zeros(1, 3, 3))


class TestFindSecondPeak:
    def test_cells_around_the_first_are_left_out(self):
        scores = torch.zeros(12, 12)
        scores[5, 5], scores[5, 6], scores[4, 9], scores[10, 2] = 1.0, 0.9, 0.5, 0.4
        second = find_second_peak(scores, find_peak(scores), size_cells=(4, 4))
        assert second[:2] == (4, 9)
        assert second.value == pytest.approx(0.5)

    def test_width_and_height_are_separate(self):
        scores = torch.zeros(12, 12)
        scores[5, 5], scores[5, 9], scores[9, 5] = 1.0, 0.6, 0.5
        first = find_peak(scores)
        assert find_second_peak(scores, first, size_cells=(10, 2))[:2] == (9, 5)
        assert find_second_peak(scores, first, size_cells=(2, 10))[:2] == (5, 9)

    @pytest.mark.parametrize("size", [3.0, 4.0, 5.0, 5.6])
    def test_neighbourhood_is_the_same_around_every_cell(self, size):
        found = set()
        for row in range(4, 8):
            first = Peak(row, 0, 1.0)
            hidden = []
            for lit in torch.eye(12)[:, :, None]:
                second = find_second_peak(lit, first, size_cells=(1, size))
                hidden.append(second.value < 1)
            found.add(tuple(hidden[row - 4 : row + 5]))
        assert found == {tuple(abs(d) <= round(size / 2) for d in range(-4, 5))}

    def test_map_that_is_all_neighbourhood_has_none(self):
        scores = torch.rand(4, 4)
        second = find_second_peak(scores, find_peak(scores), size_cells=(20, 20))
        assert second.value == 0.0

    def test_scores_are_not_written_to(self):
        scores = torch.rand(5, 5)
        before = scores.clone()
        find_second_peak(scores, find_peak(scores), size_cells=(2, 2))
        assert torch.equal(scores, before)


class TestRefinePeak:
    @pytest.mark.parametrize(
        ("row", "column"), [(4.0, 5.0), (3.7, 5.2), (4.45, 4.55), (3.51, 6.49)]
    )
    def test_parabola_is_found_exactly(self, row, column):
        scores = paraboloid(row, column)
        found = refine_peak(scores, find_peak(scores))
        assert found == pytest.approx((row, column), abs=1e-9)

    def test_on_the_border_the_cell_itself(self):
        scores = torch.zeros(4, 5)
        scores[0, 4] = 1.0
        assert refine_peak(scores, find_peak(scores)) == (0, 4)

    def test_flat_map_gives_the_cell_itself(self):
        assert refine_peak(torch.ones(5, 5), Peak(2, 3, 1.0)) == (2, 3)

    def test_never_more_than_half_a_cell(self):
        scores = torch.tensor([[0.0, 0.0, 0.0], [0.0, 1.0, 1.5], [0.0, 0.0, 0.0]])
        row, column = refine_peak(scores, Peak(1, 1, 1.0))
        assert row == 1
        assert column == pytest.approx(1.5)

    def test_gaussian_label_is_found_without_bias(self):
        """A parabola through a Gaussian errs by at most 0.03 cells, and not on average.

        The label of the fine classifier has a deviation of 1.2 cells of 4 px, so the
        worst case is near 0.1 px.
        """
        generator = torch.Generator().manual_seed(0)
        centers = torch.rand(200, 2, generator=generator, dtype=torch.float64) * 40 + 28
        errors = []
        for center, label in zip(
            centers,
            gaussian_label(centers, (24, 24), 1.2, stride=4, offset=0.5),
            strict=True,
        ):
            row, column = refine_peak(label, find_peak(label))
            x, y = (column + 0.5) * 4, (row + 0.5) * 4
            errors.append((x - float(center[0]), y - float(center[1])))
        bias = torch.tensor(errors).mean(0)
        distance = [math.hypot(*error) for error in errors]
        assert float(bias.abs().max()) < 0.02
        assert max(distance) < 0.2
