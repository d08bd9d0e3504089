from __future__ import annotations

import pytest
import torch

from fcot_engine.errors import ConfigError, ShapeError
from fcot_engine.ops import distance_bins, distance_map


class TestDistanceMap:
    def test_three_four_five(self):
        distances = distance_map(torch.tensor([48.0, 64.0]), (8, 8), stride=16)
        assert distances.shape == (8, 8)
        assert float(distances[0, 0]) == 5.0  # 3 columns, 4 rows away
        assert float(distances[4, 3]) == 0.0  # row holds y, column holds x

    def test_offset_half_measures_from_cell_middles(self):
        distances = distance_map(
            torch.tensor([10.0, 6.0]), (4, 4), stride=4, offset=0.5
        )
        assert float(distances[1, 2]) == 0.0

    def test_leading_dimensions_are_free(self):
        centers = torch.tensor([[[0.0, 0.0], [8.0, 4.0]]])
        assert distance_map(centers, (3, 5), stride=4).shape == (1, 2, 3, 5)

    def test_wrong_last_dim_is_named(self):
        with pytest.raises(ShapeError, match=r"centers_xy must have shape \(\*, 2\)"):
            distance_map(torch.zeros(4), (3, 3), stride=4)


class TestDistanceBins:
    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_bins_add_up_to_one_everywhere(self, dtype):
        distances = torch.linspace(0, 20, 60, dtype=dtype).view(1, 6, 10)
        bins = distance_bins(distances)
        assert bins.shape == (1, 100, 6, 10)
        assert bins.dtype == dtype
        torch.testing.assert_close(bins.sum(1), torch.ones(1, 6, 10, dtype=dtype))

    @pytest.mark.parametrize(
        ("distance", "expected"),
        [
            pytest.param(0.0, {0: 1.0}, id="centre"),
            pytest.param(0.25, {2: 0.5, 3: 0.5}, id="between_two_bins"),
            pytest.param(9.85, {98: 0.5, 99: 0.5}, id="entering_the_last"),
            pytest.param(40.0, {99: 1.0}, id="far"),
        ],
    )
    def test_value(self, distance, expected):
        bins = distance_bins(torch.tensor([[distance]], dtype=torch.float64)).flatten()
        wanted = torch.zeros(100, dtype=torch.float64)
        for k, value in expected.items():
            wanted[k] = value
        torch.testing.assert_close(bins, wanted, atol=1e-9, rtol=0)

    def test_a_table_of_its_own_places_reads_out_the_distance(self):
        table = torch.arange(100, dtype=torch.float64) * 0.1
        distances = torch.linspace(0, 9.9, 37, dtype=torch.float64).view(1, 37)
        read = torch.einsum("k,khw->hw", table, distance_bins(distances))
        torch.testing.assert_close(read, distances)

    @pytest.mark.parametrize(("count", "width"), [(1, 0.1), (10, 0.0)])
    def test_bad_settings_are_refused(self, count, width):
        with pytest.raises(ConfigError, match="at least 2 bins and a width above 0"):
            distance_bins(torch.zeros(2, 2), count=count, width=width)
