from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from torch.testing import assert_close

from fcot_engine.config import FactoryConfig
from fcot_engine.errors import TrainingError
from fcot_engine.training import video_source
from fcot_engine.training.annotated_video import AnnotatedVideo
from fcot_engine.training.video_source import VideoSource

CONFIG = FactoryConfig(patch_size=64, target_size_px=24.0)
SIZE = (150, 110)


def write_video(folder, *, n=24, box=(60, 40, 30, 20), scale=1):
    """A red box that moves by a pixel a frame over blue."""
    folder.mkdir(parents=True)
    boxes = np.array([[box[0] + i, *box[1:]] for i in range(n)], np.float32) * scale
    for index, (x, y, w, h) in enumerate(boxes.astype(int)):
        pixels = np.zeros((SIZE[1] * scale, SIZE[0] * scale, 3), np.uint8)
        pixels[..., 2] = 200
        pixels[y : y + h, x : x + w] = (200, 0, 0)
        Image.fromarray(pixels).save(folder / f"{index}.jpg", quality=95)
    return AnnotatedVideo(folder, "{}.jpg", 0, boxes, np.ones(n, bool))


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    root = tmp_path_factory.mktemp("videos")
    return [
        write_video(root / "a"),
        write_video(root / "b", box=(20, 50, 20, 26)),
        write_video(root / "large", box=(50, 30, 40, 44), scale=4),
    ]


@pytest.fixture
def clean(monkeypatch):
    monkeypatch.setattr(video_source, "vary_light", lambda images, dice: images)
    monkeypatch.setattr(video_source, "degrade_frames", lambda frames, dice: frames)


def frames_and_boxes(batch):
    images = torch.cat([batch.train_images, batch.test_images], 1).flatten(0, 1)
    boxes = torch.cat([batch.train_boxes_xywh, batch.test_boxes_xywh], 1).flatten(0, 1)
    return images, boxes


class TestBatch:
    def test_shapes_ranges_and_presence(self, videos):
        batch = VideoSource(videos, replace(CONFIG, n_train=3)).make_batch(0, 4)
        assert batch.train_images.shape == (4, 3, 3, 64, 64)
        assert batch.test_boxes_xywh.shape == (4, 2, 4)
        assert batch.test_present.shape == (4, 2) and batch.test_present.all()
        assert not batch.is_plain.any()
        assert batch.test_images.min() >= 0 and batch.test_images.max() <= 1

    def test_boxes_are_the_extent_of_the_target(self, videos, clean):
        checked = 0
        images, boxes = frames_and_boxes(VideoSource(videos, CONFIG).make_batch(1, 16))
        for image, box in zip(images, boxes, strict=True):
            ys, xs = torch.nonzero(image[0] - image[2] > 0, as_tuple=True)
            seen = torch.stack([xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]).float()
            if seen.min() > 1 and seen.max() < 63:
                found = torch.cat([box[:2], box[:2] + box[2:]])
                assert_close(found, seen, atol=1.2, rtol=0)
                checked += 1
        assert checked > 30

    def test_target_has_its_usual_size_whatever_the_resolution(self, videos):
        _, boxes = frames_and_boxes(VideoSource(videos, CONFIG).make_batch(0, 32))
        sizes = boxes[:, 2:].prod(-1).sqrt()
        assert 21 < sizes.median() < 27

    def test_some_are_mirrored(self, videos, clean):
        """Over a ramp from left to right, mirrored patches fall."""
        first = videos[0]
        ramp = np.linspace(0, 255, SIZE[0]).astype(np.uint8)
        folder = first.folder.parent / "ramp"
        folder.mkdir()
        picture = np.broadcast_to(ramp[None, :, None], (SIZE[1], SIZE[0], 3))
        for index in range(24):
            Image.fromarray(np.ascontiguousarray(picture)).save(folder / f"{index}.jpg")
        source = VideoSource([replace(first, folder=folder)], CONFIG)
        images = source.make_batch(0, 16).train_images[:, 0].mean((1, 2))
        rising = images[:, -1] > images[:, 0]
        assert rising.any() and not rising.all()

    def test_same_number_gives_the_same_batch_with_any_workers(self, videos):
        one = VideoSource(videos, CONFIG, seed=3).make_batch(5, 3)
        two = VideoSource(videos, CONFIG, seed=3, workers=3).make_batch(5, 3)
        assert torch.equal(one.train_images, two.train_images)
        assert torch.equal(one.test_boxes_xywh, two.test_boxes_xywh)

    def test_other_numbers_seeds_and_ranks_give_others(self, videos):
        first = VideoSource(videos, CONFIG, seed=1)
        images = first.make_batch(0, 2).test_images
        others = [
            first.make_batch(1, 2),
            VideoSource(videos, CONFIG, seed=2).make_batch(0, 2),
            VideoSource(videos, CONFIG, seed=1, rank=1).make_batch(0, 2),
        ]
        assert all(not torch.equal(images, other.test_images) for other in others)


def test_large_frames_are_decoded_no_finer_than_needed(videos):
    decoded, ratio = video_source._decode(videos[2].frame_path(0), 4)
    assert decoded.shape == (3, SIZE[1], SIZE[0])
    assert ratio == (0.25, 0.25)


class TestErrors:
    def test_videos_that_seldom_show_their_target(self, videos):
        hidden = replace(videos[0], visible=np.zeros(24, bool))
        assert len(VideoSource([hidden, videos[1]], CONFIG)) == 1
        with pytest.raises(TrainingError, match="None of the 1 videos"):
            VideoSource([hidden], CONFIG)

    def test_missing_frame_is_named(self, videos, tmp_path):
        source = VideoSource([replace(videos[0], folder=tmp_path)], CONFIG)
        with pytest.raises(TrainingError, match="cannot be decoded"):
            source.make_batch(0, 1)

    def test_negative_number(self, videos):
        with pytest.raises(TrainingError, match="index from 0"):
            VideoSource(videos, CONFIG).make_batch(-1, 2)
