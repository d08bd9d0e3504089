from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcot_engine.geometry import PatchFrame, tile_frame


def patch(side):
    return PatchFrame((0.0, 0.0), side / 64, 64)


class TestTileFrame:
    @given(
        st.floats(4, 2000),
        st.tuples(st.integers(2, 4000), st.integers(2, 4000)),
        st.tuples(st.floats(0, 1), st.floats(0, 1)),
    )
    def test_any_place_lies_deep_in_a_patch(self, side, image_wh, place):
        x, y = (share * length for share, length in zip(place, image_wh, strict=True))
        if (image_wh[0] / side + 1) * (image_wh[1] / side + 1) > 2000:
            return  # too many patches to make for a test
        margins = [
            min(
                side / 2 - abs(x - tile.center_xy[0]),
                side / 2 - abs(y - tile.center_xy[1]),
            )
            for tile in tile_frame(patch(side), image_wh)
        ]
        assert max(margins) >= side / 4 - 1e-6 * side

    def test_small_frame_needs_one_patch(self):
        (tile,) = tile_frame(patch(100), (40, 50))
        assert tile.center_xy == (20, 25)

    def test_grid_row_by_row(self):
        tiles = tile_frame(patch(100), (150, 50))
        assert [tile.center_xy for tile in tiles] == [(25, 25), (75, 25), (125, 25)]

    @pytest.mark.parametrize("image_wh", [(640, 480), (33, 900)])
    def test_scale_and_size_stay(self, image_wh):
        assert {(t.scale, t.size_px) for t in tile_frame(patch(100), image_wh)} == {
            (100 / 64, 64)
        }
