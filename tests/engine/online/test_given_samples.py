from __future__ import annotations

import pytest
import torch

from fcot_engine.config import AugmentationConfig
from fcot_engine.geometry import PatchFrame
from fcot_engine.ops import cut_patch
from fcot_engine.tracker.samples import make_box_patches, make_class_patches

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

    def test_same_seed_gives_the_same(self, make, scene):
        image = scene(BOX)
        first, again = draw(make, image), draw(make, image)
        assert torch.equal(first.patches, again.patches)
        assert torch.equal(first.boxes_xywh, again.boxes_xywh)

    def test_other_seed_gives_others(self, make, scene):
        image = scene(BOX)
        assert not torch.equal(
            draw(make, image, seed=0).boxes_xywh, draw(make, image, seed=1).boxes_xywh
        )

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
    def test_samples_differ_from_each_other(self, scene):
        patches = draw(make_class_patches, scene(BOX)).patches
        flat = patches.flatten(1)
        apart = torch.cdist(flat, flat) + 1e3 * torch.eye(len(flat))
        assert float(apart.min()) > 1

    def test_blurred_samples_are_smoother(self, scene):
        patches = draw(make_class_patches, scene(BOX)).patches
        detail = patches.diff(dim=3).square().mean((1, 2, 3))
        down = patches.diff(dim=2).square().mean((1, 2, 3))
        sharp, sharp_down = detail[0], down[0]
        along, across, both = (detail[-3:] / sharp).tolist()
        assert along < 0.9
        assert both < 0.9
        assert across > along
        assert float(down[-2] / sharp_down) < 0.95


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
