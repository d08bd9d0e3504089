from __future__ import annotations

import math

import pytest
import torch

from fcot_engine.errors import ShapeError
from fcot_engine.geometry import PatchFrame
from fcot_engine.ops import PatchWarp, cut_patch, cut_scales, warp_patches

SIDE = 64


def ramp_image(width=120, height=100):
    """Red holds x and green y of each pixel's centre."""
    x, y = torch.arange(width) + 0.5, torch.arange(height) + 0.5
    return torch.stack([x.expand(height, -1), y[:, None].expand(-1, width)])


def blob_image(x, y, sigma, width=160, height=140):
    """A bright Gaussian around one place on black."""
    columns, rows = torch.arange(width) + 0.5, torch.arange(height) + 0.5
    distance = (columns - x) ** 2 + (rows[:, None] - y) ** 2
    return torch.exp(-0.5 * distance / sigma**2)[None]


def find_centroid(patch):
    """Mean place of the light in a `(1, 1, S, S)` patch, in patch pixels."""
    light = patch[0, 0].double()
    place = torch.arange(light.shape[1], dtype=torch.float64) + 0.5
    total = light.sum()
    x, y = (light.sum(0) * place).sum() / total, (light.sum(1) * place).sum() / total
    return float(x), float(y)


def patch_places(frame):
    """Image coordinates of each patch pixel's centre, `(2, S, S)`."""
    place = torch.arange(frame.size_px, dtype=torch.float64) + 0.5
    grid = torch.stack(torch.meshgrid(place, place, indexing="xy"), -1)
    return frame.to_image(grid).permute(2, 0, 1)


class TestCutPatch:
    @pytest.mark.parametrize("scale", [0.37, 0.8, 1.0, 1.15])
    def test_ramp_has_the_right_coordinates(self, scale):
        frame = PatchFrame((58.3, 51.9), scale, SIDE)
        patch = cut_patch(ramp_image(), frame)
        assert patch.shape == (1, 2, SIDE, SIDE)
        expected = patch_places(frame).float()
        torch.testing.assert_close(patch[0], expected, atol=1e-3, rtol=0)

    @pytest.mark.parametrize("scale", [1.16, 1.3, 2.0, 3.7])
    def test_shrunk_ramp_is_off_by_less_than_a_tenth_pixel_and_has_no_bias(self, scale):
        """The anti-aliasing filter is exact for a constant, and for a ramp on average.

        Its weights are samples of a triangle, so the filter's middle wanders a little
        around each place; errors are in pixels of the patch.
        """
        frame = PatchFrame((200.4, 190.7), scale, SIDE)
        patch = cut_patch(ramp_image(400, 380), frame)[0]
        error = (patch - patch_places(frame)) / scale
        assert float(error.abs().max()) < 0.07
        assert float(error.mean((1, 2)).abs().max()) < 2e-3

    @pytest.mark.parametrize(
        "center", [(-3.0, 20.0), (115.0, 98.0), (60.0, -40.0), (400.0, 50.0)]
    )
    def test_border_is_repeated_outside(self, center):
        image, frame = ramp_image(), PatchFrame(center, 0.9, SIDE)
        x, y = patch_places(frame)
        expected = torch.stack([x.clamp(0.5, 119.5), y.clamp(0.5, 99.5)]).float()
        torch.testing.assert_close(
            cut_patch(image, frame)[0], expected, atol=1e-3, rtol=0
        )

    @pytest.mark.parametrize("scale", [0.4, 0.8, 1.0, 1.14, 1.16, 1.7, 2.6])
    @pytest.mark.parametrize("place", [(80.0, 70.0), (77.31, 71.86), (83.9, 66.05)])
    def test_blob_is_found_where_it_was_drawn(self, scale, place):
        image = blob_image(*place, sigma=3.5)
        # a wide patch, so that the whole blob is inside at every scale
        frame = PatchFrame((79.6, 70.2), scale, 96 if scale < 0.5 else SIDE)
        found = find_centroid(cut_patch(image, frame))
        expected = frame.to_patch(torch.tensor(place, dtype=torch.float64)).tolist()
        assert found == pytest.approx(expected, abs=1e-2)

    def test_checkerboard_shrunk_by_three_is_gray(self):
        board = (torch.arange(200)[:, None] + torch.arange(200)) % 2 * 255
        frame = PatchFrame((100.0, 100.0), 3.0, 48)
        patch = cut_patch(board[None].float(), frame)
        torch.testing.assert_close(
            patch, torch.full_like(patch, 127.5), atol=15, rtol=0
        )

    def test_bytes_and_floats_give_the_same(self):
        image = torch.randint(0, 256, (3, 40, 50), dtype=torch.uint8)
        frame = PatchFrame((25.0, 20.0), 1.3, 32)
        patch = cut_patch(image, frame)
        assert patch.dtype == torch.float32
        assert torch.equal(patch, cut_patch(image.float(), frame))

    @pytest.mark.parametrize("size", [(1, 1), (2, 2), (1, 300), (300, 1)])
    @pytest.mark.parametrize("scale", [0.01, 1.0, 30.0])
    def test_tiny_images_give_their_own_colour(self, size, scale):
        image = torch.full((3, *size), 70.0)
        patch = cut_patch(image, PatchFrame((0.5, 0.5), scale, 32))
        torch.testing.assert_close(patch, torch.full((1, 3, 32, 32), 70.0))

    def test_wrong_shape_is_named(self):
        with pytest.raises(ShapeError, match=r"image must have shape \(C, H, W\)"):
            cut_patch(torch.zeros(1, 3, 8, 8), PatchFrame((4.0, 4.0), 1.0, 16))


class TestCutScales:
    def test_pieces_show_what_lies_in_the_box_at_each_size(self):
        ramp = torch.stack(
            [
                torch.arange(120.0).expand(100, 120) + 0.5,
                torch.arange(100.0)[:, None].expand(100, 120) + 0.5,
            ]
        )  # each pixel says where its middle is
        factors = torch.tensor([0.5, 1.0, 1.5])
        pieces = cut_scales(ramp, (40, 30, 16, 24), factors, size_px=8)
        assert pieces.shape == (3, 2, 8, 8)
        middle = torch.tensor([48.0, 42.0])
        torch.testing.assert_close(pieces.mean((2, 3)), middle.expand(3, 2))
        for piece, factor in zip(pieces, factors.tolist(), strict=True):
            across = piece[0, 0, -1] - piece[0, 0, 0]
            down = piece[1, -1, 0] - piece[1, 0, 0]
            assert across == pytest.approx(16 * factor * 7 / 8, rel=0.02)
            assert down == pytest.approx(24 * factor * 7 / 8, rel=0.02)

    def test_shrunk_pieces_do_not_alias(self):
        stripes = (torch.arange(200) % 2 * 255.0).expand(1, 200, 200)
        pieces = cut_scales(stripes, (20, 20, 160, 160), torch.ones(1), size_px=16)
        assert (pieces - 127.5).abs().max() < 6

    def test_border_is_repeated_outside(self):
        image = torch.full((1, 20, 20), 7.0)
        pieces = cut_scales(image, (-50, 15, 30, 30), torch.ones(2), size_px=8)
        assert (pieces == 7).all()

    def test_wrong_shape_is_named(self):
        with pytest.raises(ShapeError, match="image"):
            cut_scales(torch.zeros(4, 4), (0, 0, 2, 2), torch.ones(1), size_px=8)


class TestPatchWarp:
    def test_box_is_zoomed_about_the_middle_and_shifted(self):
        warp = PatchWarp(shift_xy=(5.0, -3.0), zoom_xy=(2.0, 0.5), mirror=True)
        box = warp.apply_to_center_box((10.0, 8.0), 100)
        assert box.tolist() == [45.0, 45.0, 20.0, 4.0]


WARPS = [
    pytest.param(PatchWarp(), id="none"),
    pytest.param(PatchWarp(shift_xy=(7.3, -4.6)), id="shift"),
    pytest.param(PatchWarp(zoom_xy=(1.3, 0.8)), id="zoom"),
    pytest.param(PatchWarp(turn=0.4), id="turn"),
    pytest.param(PatchWarp(mirror=True), id="mirror"),
    pytest.param(
        PatchWarp(shift_xy=(-3.2, 5.1), zoom_xy=(1.2, 0.9), turn=-0.3, mirror=True),
        id="all",
    ),
]


class TestWarpPatches:
    @pytest.mark.parametrize("warp", WARPS)
    def test_middle_goes_where_the_box_says(self, warp):
        patch = blob_image(64.0, 64.0, sigma=3.0, width=128, height=128)[None]
        piece = warp_patches(patch, [warp], size_px=SIDE)
        box = warp.apply_to_center_box((10.0, 10.0), SIDE)
        middle = (box[:2] + box[2:] / 2).tolist()
        assert find_centroid(piece) == pytest.approx(middle, abs=1e-2)

    @pytest.mark.parametrize("warp", WARPS)
    def test_any_place_is_mirrored_turned_zoomed_and_shifted(self, warp):
        away = 9.5, -6.25
        patch = blob_image(
            64 + away[0], 64 + away[1], sigma=2.5, width=128, height=128
        )[None]
        x = -away[0] if warp.mirror else away[0]
        cos, sin = math.cos(warp.turn), math.sin(warp.turn)
        x, y = x * cos - away[1] * sin, x * sin + away[1] * cos  # clockwise on screen
        expected = (
            SIDE / 2 + x * warp.zoom_xy[0] + warp.shift_xy[0],
            SIDE / 2 + y * warp.zoom_xy[1] + warp.shift_xy[1],
        )
        found = find_centroid(warp_patches(patch, [warp], size_px=SIDE))
        assert found == pytest.approx(expected, abs=1e-2)

    def test_no_warp_is_the_middle_itself(self):
        patch = torch.rand(1, 3, 128, 128)
        piece = warp_patches(patch, [PatchWarp()], size_px=SIDE)
        torch.testing.assert_close(piece, patch[:, :, 32:96, 32:96], atol=1e-4, rtol=0)

    def test_one_piece_for_each_warp(self):
        patch = torch.rand(1, 3, 48, 48)
        warps = [PatchWarp(shift_xy=(float(i), 0.0)) for i in range(3)]
        pieces = warp_patches(patch, warps, size_px=24)
        assert pieces.shape == (3, 3, 24, 24)
        torch.testing.assert_close(
            pieces[2, :, :, 2:], pieces[0, :, :, :-2], atol=1e-4, rtol=0
        )

    def test_wrong_shape_is_named(self):
        with pytest.raises(ShapeError, match=r"patch must have shape \(1, C, B, B\)"):
            warp_patches(torch.zeros(3, 8, 8), [PatchWarp()], size_px=4)
