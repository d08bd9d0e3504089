from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from fcot_engine.config import FactoryConfig
from fcot_engine.errors import TrainingError
from fcot_engine.training import PhotoPool, SampleFactory

PLAIN_LIGHT = FactoryConfig(
    patch_size=128,
    target_size_px=48.0,
    distractor_share=0.0,
    occluder_share=0.0,
    layer_share=0.0,
    away_share=0.0,
    hidden_share=0.0,
    thin_share=0.0,
    tiny_share=0.0,
    frame_share=0.0,
)


def disc_photo(colour=(230, 20, 20)):
    """A disc on gray, and its box."""
    photo = torch.full((3, 160, 200), 90, dtype=torch.uint8)
    y, x = torch.meshgrid(
        torch.arange(160) + 0.5, torch.arange(200) + 0.5, indexing="ij"
    )
    disc = ((x - 90) / 40) ** 2 + ((y - 70) / 30) ** 2 <= 1
    photo[:, disc] = torch.tensor(colour, dtype=torch.uint8)[:, None]
    return photo, [[50.0, 40.0, 80.0, 60.0]]


def flat_photo(*colour):
    photo = torch.empty(3, 160, 200, dtype=torch.uint8)
    photo[:] = torch.tensor(colour, dtype=torch.uint8)[:, None, None]
    return photo


@pytest.fixture
def clean(monkeypatch):
    """No light, noise and blur: colours say what a pixel belongs to."""
    for name, value in {
        "vary_light": lambda images, dice: images,
        "degrade_frames": lambda frames, dice: frames,
    }.items():
        monkeypatch.setattr(f"fcot_engine.training.sample_factory.{name}", value)


def frames_and_boxes(batch):
    images = torch.cat([batch.train_images, batch.test_images], 1).flatten(0, 1)
    boxes = torch.cat([batch.train_boxes_xywh, batch.test_boxes_xywh], 1).flatten(0, 1)
    return images, boxes


def extent(mask):
    ys, xs = torch.nonzero(mask, as_tuple=True)
    x0, y0 = xs.min().item(), ys.min().item()
    return torch.tensor(
        [x0, y0, xs.max().item() + 1 - x0, ys.max().item() + 1 - y0]
    ).float()


def is_inside(box, side):
    x, y, w, h = box.tolist()
    return min(x, y) > 1 and max(x + w, y + h) < side - 1


class TestBatch:
    def test_shapes_and_ranges(self, small_factory):
        batch = small_factory.make_batch(0, 5)
        assert batch.train_images.shape == (5, 2, 3, 64, 64)
        assert batch.test_boxes_xywh.shape == (5, 2, 4)
        images, boxes = frames_and_boxes(batch)
        assert images.min() >= 0 and images.max() <= 1
        assert torch.isfinite(images).all() and torch.isfinite(boxes).all()

    def test_same_number_gives_the_same_batch(self, small_factory):
        one, two = small_factory.make_batch(7, 4), small_factory.make_batch(7, 4)
        assert torch.equal(one.train_images, two.train_images)
        assert torch.equal(one.test_boxes_xywh, two.test_boxes_xywh)

    def test_other_numbers_seeds_and_ranks_give_others(self, textured_pool):
        config = FactoryConfig(patch_size=64, target_size_px=26.0)
        first = SampleFactory(textured_pool, config, seed=1)
        others = [
            first.make_batch(1, 2),
            SampleFactory(textured_pool, config, seed=2).make_batch(0, 2),
            SampleFactory(textured_pool, config, seed=1, rank=1).make_batch(0, 2),
        ]
        images = first.make_batch(0, 2).test_images
        assert all(not torch.equal(images, other.test_images) for other in others)

    def test_global_generator_is_left_alone(self, small_factory):
        before = torch.get_rng_state()
        small_factory.make_batch(0, 2)
        assert torch.equal(before, torch.get_rng_state())

    def test_boxes_have_area_and_touch_their_patch(self, small_factory):
        for index in range(20):
            batch = small_factory.make_batch(index, 8)
            boxes = torch.cat(
                [
                    batch.train_boxes_xywh.flatten(0, 1),
                    batch.test_boxes_xywh[batch.test_present],
                ]
            )
            assert (boxes[:, 2:] > 3).all()
            assert (boxes[:, :2] < 61).all()
            assert (boxes[:, :2] + boxes[:, 2:] > 3).all()

    @pytest.mark.parametrize("share", [0.0, 1.0])
    def test_share_of_plain_pairs(self, textured_pool, share):
        config = FactoryConfig(patch_size=64, target_size_px=26.0, plain_share=share)
        batch = SampleFactory(textured_pool, config).make_batch(0, 6)
        assert (batch.is_plain == bool(share)).all()

    def test_no_real_boxes_means_pasted_only(self):
        pool = PhotoPool.from_arrays([flat_photo(9, 9, 9)] * 3, [[], [], []])
        config = FactoryConfig(patch_size=64, target_size_px=26.0, plain_share=1.0)
        assert not SampleFactory(pool, config).make_batch(0, 3).is_plain.any()

    def test_test_targets_lie_anywhere(self, textured_pool):
        config = FactoryConfig(patch_size=128, target_size_px=26.0)
        batch = SampleFactory(textured_pool, config).make_batch(0, 64)
        boxes = batch.test_boxes_xywh
        centers = boxes[..., :2] + boxes[..., 2:] / 2
        assert centers.std((0, 1)).min() > 22  # uniform over 95 px would be 27
        near = batch.train_boxes_xywh
        offset = near[..., :2] + near[..., 2:] / 2 - 64
        assert offset.abs().median() < 12

    def test_unusable_boxes_are_an_error(self):
        pool = PhotoPool.from_arrays([flat_photo(9, 9, 9)], [[[1.0, 1.0, 3.0, 3.0]]])
        with pytest.raises(TrainingError, match="None of the 1 boxes"):
            SampleFactory(pool, FactoryConfig())

    def test_negative_number_is_an_error(self, small_factory):
        with pytest.raises(TrainingError, match="index from 0"):
            small_factory.make_batch(-1, 2)


class TestTightness:
    def test_plain_box_is_the_extent_of_the_real_object(self, clean):
        photo, boxes = disc_photo()
        pool = PhotoPool.from_arrays([photo], [boxes])
        config = replace(PLAIN_LIGHT, plain_share=1.0)
        batch = SampleFactory(pool, config).make_batch(0, 12)
        checked = 0
        for image, box in zip(*frames_and_boxes(batch), strict=True):
            seen = extent(image[0] - image[1] > 0.25)
            if is_inside(seen, 128) and is_inside(box, 128):
                assert_close(box, seen, atol=1.6, rtol=0)
                checked += 1
        assert checked > 24

    def test_pasted_box_is_the_extent_of_what_was_pasted(self, clean):
        photos = [flat_photo(230, 230, 230)] + [flat_photo(5, 5, 5)] * 80
        boxes = [[[40.0, 30.0, 100.0, 80.0]]] + [[]] * 80
        pool = PhotoPool.from_arrays(photos, boxes)
        config = replace(PLAIN_LIGHT, plain_share=0.0, same_photo_share=0.0)
        batch = SampleFactory(pool, config).make_batch(0, 16)
        checked = 0
        for image, box in zip(*frames_and_boxes(batch), strict=True):
            gray = image.mean(0)
            level = (gray.max() + gray.min()) / 2
            seen = extent(gray > level)
            if gray.min() < 0.2 and is_inside(seen, 128):
                assert_close(box, seen, atol=1.05, rtol=0)
                checked += 1
        assert checked > 30

    def test_box_of_a_covered_target_is_what_is_left(self, clean):
        green, blue = flat_photo(10, 220, 10), flat_photo(10, 10, 220)
        photos = [green, blue] * 2 + [flat_photo(5, 5, 5)] * 150
        boxes = [[[40.0, 30.0, 100.0, 80.0]]] * 4 + [[]] * 150
        pool = PhotoPool.from_arrays(photos, boxes)
        config = replace(
            PLAIN_LIGHT, plain_share=0.0, same_photo_share=0.0, occluder_share=1.0
        )
        batch = SampleFactory(pool, config).make_batch(0, 32)
        checked = 0
        for image, box in zip(*frames_and_boxes(batch), strict=True):
            masks = [image[1] - image[2] > 0.4, image[2] - image[1] > 0.4]
            if not all(mask.sum() > 30 for mask in masks):
                continue
            extents = [extent(mask) for mask in masks]
            if all(is_inside(seen, 128) for seen in extents):
                error = min(float((box - seen).abs().max()) for seen in extents)
                assert error < 2.5
                checked += 1
        assert checked > 8


class TestAbsence:
    """Green targets on black: green is seen where a target is, and only there."""

    def make(self, config):
        green, blue = flat_photo(10, 220, 10), flat_photo(10, 10, 220)
        photos = [green, blue] * 2 + [flat_photo(5, 5, 5)] * 150
        boxes = [[[40.0, 30.0, 100.0, 80.0]]] * 4 + [[]] * 150
        pool = PhotoPool.from_arrays(photos, boxes)
        config = replace(config, plain_share=0.0, same_photo_share=0.0)
        return SampleFactory(pool, config).make_batch(0, 32)

    def amounts(self, batch):
        """Shares of test patches in the target's colour and in the other one."""
        first = batch.train_images[:, 0].flatten(2).mean(-1)
        kind = (first[:, 2] > first[:, 1]).long() + 1
        rows = torch.arange(len(kind))
        own = batch.test_images[rows, :, kind]
        other = batch.test_images[rows, :, 3 - kind]
        shares = [own - other > 0.3, other - own > 0.3]
        return [share.float().mean((-1, -2)) for share in shares]

    def test_target_that_has_left_is_not_seen(self, clean):
        batch = self.make(replace(PLAIN_LIGHT, away_share=0.5))
        amounts, _ = self.amounts(batch)
        assert 15 < (~batch.test_present).sum() < 49
        assert (amounts[~batch.test_present] == 0).all()
        assert (amounts[batch.test_present] > 0).float().mean() > 0.9

    def test_hidden_target_is_covered(self, clean):
        batch = self.make(replace(PLAIN_LIGHT, hidden_share=1.0))
        own, other = self.amounts(batch)
        covered = ~batch.test_present & (other > 0.05)  # by the other colour
        assert covered.sum() > 15
        assert own[covered].max() < 0.02

    def test_train_frames_always_show_the_target(self, clean):
        config = replace(PLAIN_LIGHT, away_share=0.5, hidden_share=0.5)
        batch = self.make(config)
        colours = batch.train_images[:, :, 1:].flatten(3).amax(-1)
        assert (colours.amax(-1) > 0.6).all()

    def test_plain_pairs_leave_too_but_are_not_hidden(self, textured_pool):
        config = replace(PLAIN_LIGHT, plain_share=1.0, hidden_share=1.0)
        factory = SampleFactory(textured_pool, config)
        assert factory.make_batch(0, 8).test_present.all()
        config = replace(config, away_share=1.0)
        batch = SampleFactory(textured_pool, config).make_batch(0, 8)
        assert not batch.test_present.any()

    def test_target_in_its_own_photo_never_leaves(self, textured_pool):
        config = replace(
            PLAIN_LIGHT, plain_share=0.0, same_photo_share=1.0, away_share=1.0
        )
        assert SampleFactory(textured_pool, config).make_batch(0, 8).test_present.all()


class TestKinds:
    def test_tiny_targets_have_no_detail(self, textured_pool):
        noisy = torch.randint(0, 256, (3, 160, 200), dtype=torch.uint8)
        pool = PhotoPool.from_arrays([noisy], [[[50.0, 40.0, 80.0, 60.0]]])
        detail = []
        for share in (0.0, 1.0):
            config = replace(PLAIN_LIGHT, tiny_share=share, plain_share=1.0)
            images, _ = frames_and_boxes(SampleFactory(pool, config).make_batch(0, 16))
            detail.append((images[..., 1:] - images[..., :-1]).abs().median())
        assert detail[1] < 0.4 * detail[0]

    def test_frame_border_leaves_the_target_alone(self, clean):
        photo, boxes = disc_photo()
        pool = PhotoPool.from_arrays([photo], [boxes])
        bare = replace(PLAIN_LIGHT, plain_share=1.0)
        framed = replace(bare, frame_share=1.0)
        images, found = frames_and_boxes(SampleFactory(pool, bare).make_batch(0, 12))
        same, also = frames_and_boxes(SampleFactory(pool, framed).make_batch(0, 12))
        assert torch.equal(found, also)
        for one, two, box in zip(images, same, found, strict=True):
            x, y, w, h = box.clamp(min=0).long().tolist()
            inside = (slice(None), slice(y, y + h), slice(x, x + w))
            assert torch.equal(one[inside], two[inside])

    def test_layer_is_behind_the_target(self, clean):
        photos = [flat_photo(230, 230, 230)] * 2 + [flat_photo(5, 5, 5)] * 80
        boxes = [[[40.0, 30.0, 100.0, 80.0]]] * 2 + [[]] * 80
        pool = PhotoPool.from_arrays(photos, boxes)
        config = replace(PLAIN_LIGHT, plain_share=0.0, same_photo_share=0.0)
        light = []
        for share in (0.0, 1.0):
            varied = replace(config, layer_share=share)
            images, found = frames_and_boxes(
                SampleFactory(pool, varied).make_batch(0, 16)
            )
            light.append(images.mean())
            centers = (found[:, :2] + found[:, 2:] / 2).long().clamp(0, 127)
            rows = torch.arange(len(images))
            middle = images[rows, :, centers[:, 1], centers[:, 0]].mean(-1)
            assert (middle > 0.5).float().mean() > 0.95
        assert light[1] > light[0] + 0.05


class TestDistractors:
    def test_plain_target_is_never_covered(self, clean):
        photo, boxes = disc_photo()
        pool = PhotoPool.from_arrays([photo], [boxes])
        config = replace(PLAIN_LIGHT, plain_share=1.0, distractor_share=1.0)
        batch = SampleFactory(pool, config).make_batch(0, 12)
        for image, box in zip(*frames_and_boxes(batch), strict=True):
            x, y = (box[:2] + box[2:] / 2).long().clamp(0, 127).tolist()
            assert image[0, y, x] - image[1, y, x] > 0.5

    def test_a_second_object_is_there(self, clean):
        photo, boxes = disc_photo()
        pool = PhotoPool.from_arrays([photo], [boxes])
        config = replace(PLAIN_LIGHT, plain_share=1.0)
        red = []
        for share in (0.0, 1.0):
            varied = replace(config, distractor_share=share)
            images, _ = frames_and_boxes(SampleFactory(pool, varied).make_batch(0, 12))
            red.append((images[:, 0] - images[:, 1] > 0.25).float().mean())
        assert red[1] > 1.3 * red[0]


class TestCutouts:
    def test_cutouts_are_pasted_with_their_alpha(self, clean):
        cutouts = torch.zeros(1, 4, 128, 128, dtype=torch.uint8)
        cutouts[:, 0] = 250
        cutouts[:, 3, 34:94, 24:104] = 255
        photos = [flat_photo(5, 5, 5)] * 3
        boxes = [[[40.0, 30.0, 100.0, 80.0]]] * 3
        pool = PhotoPool.from_arrays(photos, boxes, cutouts)
        config = replace(PLAIN_LIGHT, plain_share=0.0, cutout_share=1.0)
        images, found = frames_and_boxes(SampleFactory(pool, config).make_batch(0, 8))
        checked = 0
        for image, box in zip(images, found, strict=True):
            seen = extent(image[0] > 0.45)
            if is_inside(seen, 128):
                assert_close(box, seen, atol=1.6, rtol=0)
                checked += 1
        assert checked > 14
