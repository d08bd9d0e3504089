from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.testing import assert_close

from fcot_engine.config import FactoryConfig
from fcot_engine.errors import TrainingError
from fcot_engine.training import AnnotatedVideo, VideoSource
from fcot_engine.training._draws import Draws
from fcot_engine.training.video_source import (
    can_be_drawn,
    choose_frames,
    is_usable,
)


def make_video(visible):
    visible = np.asarray(visible, dtype=bool)
    boxes = np.ones((len(visible), 4), np.float32)
    return AnnotatedVideo(Path("v"), "{}.jpg", 0, boxes, visible)


@pytest.fixture
def draw():
    return Draws(torch.Generator().manual_seed(0), torch.device("cpu"))


class TestChooseFrames:
    def test_train_frames_come_before_and_test_frames_after_the_base(self, draw):
        video = make_video(np.ones(400))
        for _ in range(100):
            base, *earlier_and_later = choose_frames(video, draw, n_train=3, n_test=3)
            earlier, later = earlier_and_later[:2], earlier_and_later[2:]
            assert all(base - 30 <= i < base for i in earlier)
            assert all(base < i <= base + 30 for i in later)

    def test_gap_grows_where_the_target_is_seldom_seen(self, draw):
        visible = np.zeros(1000)
        visible[::70] = 1
        chosen = choose_frames(make_video(visible), draw, n_train=2, n_test=2)
        assert chosen[1] < chosen[0] < chosen[2]

    def test_still_is_repeated(self, draw):
        assert choose_frames(make_video([1]), draw, n_train=2, n_test=3) == [0] * 5


class TestTrust:
    def test_frames_are_drawn_as_often_as_they_are_trusted(self, draw):
        trust = np.where(np.arange(60) % 2, 9.0, 1.0).astype(np.float32)
        video = replace(make_video(np.ones(60)), trust=trust)
        drawn = [
            index
            for _ in range(300)
            for index in choose_frames(video, draw, n_train=2, n_test=2)
        ]
        assert np.mean(np.array(drawn) % 2) == pytest.approx(0.9, abs=0.03)


class TestCanBeDrawn:
    @pytest.mark.parametrize(
        ("shown", "n_train", "expected"),
        [
            pytest.param((2, 9, 17), 2, True, id="three_boxes"),
            pytest.param((2, 9), 2, False, id="nothing_before_or_after"),
            pytest.param((2, 9), 1, True, id="one_train_frame"),
            pytest.param((), 2, False, id="no_box"),
            pytest.param((0, 18, 19), 2, False, id="base_too_near_the_end"),
            pytest.param((0, 1, 9), 2, True, id="base_right_behind_the_first"),
        ],
    )
    def test_value(self, shown, n_train, expected, draw):
        video = make_video(np.isin(np.arange(20), shown))
        assert can_be_drawn(video, n_train=n_train, n_test=2) is expected
        if expected:  # and it does end
            chosen = choose_frames(video, draw, n_train=n_train, n_test=2)
            assert set(chosen) <= set(shown)


class TestIsUsable:
    @pytest.mark.parametrize(
        ("visible", "expected"),
        [
            pytest.param(np.ones(20), True, id="twenty_frames"),
            pytest.param(np.ones(19), False, id="too_short"),
            pytest.param(np.arange(100) < 13, True, id="thirteen_visible"),
            pytest.param(np.arange(100) < 12, False, id="twelve_visible"),
            pytest.param([1], True, id="still"),
            pytest.param([0], False, id="hidden_still"),
        ],
    )
    def test_rule(self, visible, expected):
        assert is_usable(make_video(visible), n_train=3, n_test=3) is expected


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
    monkeypatch.setattr(
        "fcot_engine.training.video_source.vary_light", lambda images, draw: images
    )
    monkeypatch.setattr(
        "fcot_engine.training.video_source.degrade_frames", lambda frames, draw: frames
    )


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

    def test_same_number_gives_the_same_batch(self, videos):
        one = VideoSource(videos, CONFIG, seed=3).make_batch(5, 3)
        two = VideoSource(videos, CONFIG, seed=3).make_batch(5, 3)
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
