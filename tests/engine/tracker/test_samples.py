from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fcot_engine.config import AugmentationConfig
from fcot_engine.geometry import PatchFrame
from fcot_engine.ops import cut_patch
from fcot_engine.tracker.samples import (
    make_box_patches,
    make_class_patches,
    make_rejected_patches,
    pick_evenly,
    share_out,
)

BOX = (58.0, 47.5, 36.0, 30.0)
CONFIG = AugmentationConfig(
    class_shift=12.0, box_patch_size=112, box_samples=12, correction_box_samples=5
)


def make_frame(scale=0.9, size_px=160):
    return PatchFrame((BOX[0] + BOX[2] / 2, BOX[1] + BOX[3] / 2), scale, size_px)


def draw(make, image, frame=None, seed=0, **options):
    generator = torch.Generator().manual_seed(seed)
    return make(
        image, BOX, frame or make_frame(), CONFIG, generator=generator, **options
    )


def flat_target():
    """The box in white on black; its outline is exact to a fraction of a pixel."""

    def cover(count, start, length):
        place = torch.arange(count, dtype=torch.float32)
        low = place.clamp(min=start)
        return ((place + 1).clamp(max=start + length) - low).clamp(min=0)

    return 255 * (
        cover(150, BOX[0], BOX[2]) * cover(130, BOX[1], BOX[3])[:, None]
    ).expand(3, -1, -1)


@pytest.mark.parametrize("make", [make_class_patches, make_box_patches])
class TestGivenPatches:
    def test_first_is_the_unchanged_patch(self, make, scene):
        image, frame = scene(BOX), make_frame()
        given = draw(make, image, frame)
        size = given.patches.shape[-1]
        same = PatchFrame(frame.center_xy, frame.scale, size)
        torch.testing.assert_close(
            given.patches[:1], cut_patch(image, same) / 255, atol=1e-4, rtol=0
        )
        torch.testing.assert_close(given.boxes_xywh[0], same.box_to_patch(BOX))

    def test_values_are_from_zero_to_one(self, make, scene):
        patches = draw(make, scene(BOX)).patches
        assert patches.min() >= 0
        assert patches.max() <= 1
        assert patches.max() > 0.5

    def test_target_is_where_the_box_says(self, make):
        given = draw(make, flat_target())
        for patch, (x, y, w, h) in zip(given.patches, given.boxes_xywh, strict=True):
            light = patch[0].double()
            place = torch.arange(light.shape[0]) + 0.5
            assert float((light.sum(0) @ place.double()) / light.sum()) == (
                pytest.approx(float(x + w / 2), abs=0.1)
            )
            assert float((light.sum(1) @ place.double()) / light.sum()) == (
                pytest.approx(float(y + h / 2), abs=0.1)
            )

    def test_target_is_as_large_as_the_box_says(self, make):
        given = draw(make, flat_target())
        areas = given.boxes_xywh[:, 2] * given.boxes_xywh[:, 3]
        light = given.patches[:, 0].sum((1, 2))
        torch.testing.assert_close(light, areas, atol=0, rtol=0.02)


class TestMakeClassPatches:
    def test_blurred_samples_are_smoother(self, scene):
        patches = draw(make_class_patches, scene(BOX)).patches
        detail = patches.diff(dim=3).square().mean((1, 2, 3))
        down = patches.diff(dim=2).square().mean((1, 2, 3))
        sharp, sharp_down = detail[0], down[0]
        along, across = (detail[-2:] / sharp).tolist()
        assert along < 0.9
        assert across > along
        assert float(down[-1] / sharp_down) < 0.95


class TestMakeBoxPatches:
    def test_one_more_than_the_random_ones(self, scene):
        given = draw(make_box_patches, scene(BOX))
        assert given.patches.shape == (13, 3, 112, 112)
        assert given.boxes_xywh.shape == (13, 4)

    def test_correction_has_a_number_of_its_own(self, scene):
        given = draw(make_box_patches, scene(BOX), is_correction=True)
        assert given.patches.shape == (6, 3, 112, 112)

    def test_changes_stay_in_their_limits(self, scene):
        boxes = draw(make_box_patches, scene(BOX)).boxes_xywh
        shift = boxes[:, :2] + boxes[:, 2:] / 2 - 56
        assert float(shift.abs().max()) <= CONFIG.box_shift + 1e-4
        zoom = (boxes[:, 2:] / boxes[0, 2:]).log()
        limit = CONFIG.box_zoom + CONFIG.box_stretch
        assert 0 < float(zoom.abs().max()) <= limit + 1e-4

    def test_aspect_changes_too(self, scene):
        boxes = draw(make_box_patches, scene(BOX)).boxes_xywh
        aspect = (boxes[:, 2] / boxes[:, 3]).log()
        change = (aspect - aspect[0]).abs()
        assert 0.01 < float(change.max()) <= 2 * CONFIG.box_stretch + 1e-4


TARGET = (40.0, 50.0, 32.0, 32.0)
NEAR, FAR = (60.0, 50.0, 32.0, 32.0), (110.0, 80.0, 20.0, 40.0)
FRAME = PatchFrame.around(TARGET, size_px=64, area_scale=4.0)


@pytest.fixture
def made(scene):
    return make_rejected_patches(scene(TARGET), TARGET, [NEAR, FAR], FRAME)


def test_each_place_gives_one_patch_at_the_targets_scale(made, scene):
    assert made.patches.shape == (2, 3, 64, 64)
    around = PatchFrame((120.0, 100.0), FRAME.scale, 64)
    expected = cut_patch(scene(TARGET), around) / 255
    torch.testing.assert_close(made.patches[1:], expected)


def test_box_says_where_the_target_is_in_the_patch(made):
    """The scale is 2 image pixels a patch pixel; the near place is 20 to the right."""
    expected = torch.tensor([32.0 - 10 - 8, 32 - 8, 16, 16])
    torch.testing.assert_close(made.boxes_xywh[0], expected)


def test_target_may_lie_outside_of_the_patch(made):
    left, _, width, _ = made.boxes_xywh[1].tolist()
    assert left + width < 64 / 2 - 8
    assert made.boxes_xywh[1, 2:].tolist() == [16, 16]


class TestShareOut:
    @pytest.mark.parametrize(
        ("sizes", "capacity", "expected"),
        [
            pytest.param([23, 23], 92, [23, 23], id="all_fit"),
            pytest.param([23], 10, [10], id="one_box_alone"),
            pytest.param([23] * 6, 92, [22, 11, 12, 12, 12, 23], id="ends_keep_most"),
            pytest.param([23, 2, 23], 20, [9, 2, 9], id="what_one_lacks_others_get"),
            pytest.param([23] * 4, 4, [1, 1, 1, 1], id="unchanged_samples_alone"),
            pytest.param([23] * 5, 3, [1, 0, 0, 1, 1], id="oldest_but_the_first_go"),
            pytest.param([1] * 9, 2, [1] + [0] * 7 + [1], id="first_and_newest"),
        ],
    )
    def test_shares(self, sizes, capacity, expected):
        assert share_out(sizes, capacity) == expected

    @given(st.lists(st.integers(1, 30), min_size=1, max_size=20), st.integers(2, 200))
    def test_bound_is_used_up_and_never_exceeded(self, sizes, capacity):
        kept = share_out(sizes, capacity)
        assert sum(kept) == min(sum(sizes), capacity)
        assert all(0 <= k <= size for k, size in zip(kept, sizes, strict=True))
        assert kept[0] >= 1 and kept[-1] >= 1
        assert all(kept) or set(kept) == {0, 1}  # none goes while others have more


class TestPickEvenly:
    @pytest.mark.parametrize(
        ("count", "kept", "expected"),
        [
            pytest.param(6, 3, [0, 2, 4], id="every_other"),
            pytest.param(5, 5, [0, 1, 2, 3, 4], id="all"),
            pytest.param(23, 1, [0], id="unchanged_sample_last"),
            pytest.param(4, 0, [], id="none"),
        ],
    )
    def test_places(self, count, kept, expected):
        assert pick_evenly(count, kept) == expected
