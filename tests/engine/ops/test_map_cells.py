from __future__ import annotations

import pytest
import torch

from fcot_engine.errors import ShapeError
from fcot_engine.ops import cell_points, decode_offsets, distance_map, encode_offsets


class TestCellPoints:
    def test_row_is_y_and_column_is_x(self):
        points = cell_points((2, 3), stride=4)
        assert points.shape == (2, 3, 2)
        assert points[1, 2].tolist() == [10.0, 6.0]

    def test_offset_zero_is_for_even_filters(self):
        points = cell_points((3, 3), stride=16, offset=0.0, dtype=torch.float64)
        assert points.dtype == torch.float64
        assert points[1, 2].tolist() == [32.0, 16.0]


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


class TestOffsets:
    def test_order_is_left_right_top_bottom(self):
        box = torch.tensor([10.0, 20.0, 40.0, 60.0])
        offsets = encode_offsets(box, torch.tensor([15.0, 50.0]))
        assert offsets.tolist() == [5.0, 25.0, 30.0, 10.0]

    def test_point_outside_gets_a_negative_side(self):
        box = torch.tensor([10.0, 20.0, 40.0, 60.0])
        offsets = encode_offsets(box, torch.tensor([45.0, 15.0]))
        assert offsets.tolist() == [35.0, -5.0, -5.0, 45.0]

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_decoding_undoes_encoding_at_every_cell(self, dtype):
        boxes = torch.tensor(
            [[3.3, 4.1, 20.7, 9.9], [0.0, 0.0, 24.0, 16.0]], dtype=dtype
        )
        points = cell_points((4, 6), stride=4, dtype=dtype)
        offsets = encode_offsets(boxes[:, None, None], points)
        assert offsets.shape == (2, 4, 6, 4)
        assert offsets.dtype == dtype
        back = decode_offsets(points, offsets)
        torch.testing.assert_close(back, boxes[:, None, None].expand_as(back))

    def test_wrong_last_dim_is_named(self):
        with pytest.raises(ShapeError, match="points_xy"):
            encode_offsets(torch.zeros(4), torch.zeros(3))
        with pytest.raises(ShapeError, match="offsets_lrtb"):
            decode_offsets(torch.zeros(2), torch.zeros(3))
