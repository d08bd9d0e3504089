from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fcot_engine.errors import BoxError, ShapeError
from fcot_engine.geometry import PatchFrame, tile_frame

places = st.floats(-2000, 2000)
frames = st.builds(
    PatchFrame,
    st.tuples(places, places),
    st.floats(0.05, 20),
    st.sampled_from([64, 97]),
)


class TestPatchFrame:
    @given(frames, st.lists(st.tuples(places, places), min_size=1, max_size=4))
    def test_points_go_to_the_patch_and_back(self, frame, points):
        points = torch.tensor(points, dtype=torch.float64)
        back = frame.to_image(frame.to_patch(points))
        torch.testing.assert_close(back, points, atol=1e-9, rtol=0)

    @given(frames, places, places, st.floats(0.1, 500), st.floats(0.1, 500))
    def test_box_round_trip_within_single_precision(self, frame, x, y, w, h):
        in_patch = frame.box_to_patch((x, y, w, h))
        back = frame.box_to_image(in_patch)
        finest = 2**-23 * float(in_patch.abs().max()) * frame.scale
        assert back == pytest.approx((x, y, w, h), abs=1e-9 + 2 * finest)

    def test_known_mapping(self):
        frame = PatchFrame((50.0, 40.0), 2.0, 10)
        corner, middle = torch.tensor([40.0, 30.0]), torch.tensor([50.0, 40.0])
        torch.testing.assert_close(frame.to_patch(corner), torch.zeros(2))
        torch.testing.assert_close(frame.to_patch(middle), torch.tensor([5.0, 5.0]))
        assert frame.origin_xy == (40.0, 30.0)
        assert frame.box_to_patch((44, 36, 8, 2)).tolist() == [2, 3, 4, 1]

    def test_target_covers_the_same_share_whatever_its_size(self):
        for w, h in ((10.0, 40.0), (200.0, 50.0), (3.0, 3.0)):
            frame = PatchFrame.around((7.0, 9.0, w, h), size_px=180, area_scale=4.5)
            box = frame.box_to_patch((7.0, 9.0, w, h))
            assert math.sqrt(box[2] * box[3]) == pytest.approx(40.0, rel=1e-5)
            center = box[:2] + box[2:] / 2
            torch.testing.assert_close(center, torch.tensor([90.0, 90.0]))

    @pytest.mark.parametrize("scale", [0.0, -1.0, math.nan, math.inf])
    def test_scale_that_maps_nothing_is_refused(self, scale):
        with pytest.raises(BoxError, match="scale above 0"):
            PatchFrame((0.0, 0.0), scale, 16)

    def test_points_of_a_wrong_shape_are_named(self):
        frame = PatchFrame((0.0, 0.0), 1.0, 16)
        for convert in (frame.to_image, frame.to_patch):
            with pytest.raises(
                ShapeError, match=r"points_xy must have shape \(\*, 2\)"
            ):
                convert(torch.zeros(3))


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
