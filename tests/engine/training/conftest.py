from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from fcot_engine.config import (
    BackboneConfig,
    ClassifierConfig,
    FactoryConfig,
    NetworkConfig,
    RegressorConfig,
    TrainingConfig,
)
from fcot_engine.errors import FrameIndexError
from fcot_engine.model import LiteNet
from fcot_engine.tracker import TrackResult, Verdict
from fcot_engine.training import LabelledTarget, LabelledVideo, PhotoPool, SampleFactory

collect_ignore = ["process_worker.py"]  # a script for processes of their own


def textured_photo(width, height, seed):
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, 12, 12, generator=generator) * 255
    photo = nn.functional.interpolate(coarse, (height, width), mode="bilinear")
    return photo[0].to(torch.uint8)


def small_lite_network():
    """A network of the lite kind with few channels."""
    return LiteNet(
        NetworkConfig(
            backbone=BackboneConfig(
                widths=(8, 12, 16), blocks=(1, 1, 1), decoder_width=12
            ),
            coarse=ClassifierConfig(
                channels=8, filter_side=3, label_sigma=0.7, mask_slope=0.5
            ),
            fine=ClassifierConfig(
                channels=6, filter_side=5, label_sigma=1.2, mask_slope=0.5
            ),
            regressor=RegressorConfig(channels=8, detail_side=0),
        )
    )


@pytest.fixture(scope="session")
def make_lite_network():
    return small_lite_network


@pytest.fixture(scope="session")
def textured_pool():
    photos = [textured_photo(120 + 8 * i, 110, seed=i) for i in range(6)]
    boxes = [[[20.0, 25.0, 50.0, 40.0], [80.0, 60.0, 30.0, 40.0]] for _ in photos]
    cutouts = torch.zeros(2, 4, 128, 128, dtype=torch.uint8)
    cutouts[:, :3] = 200
    cutouts[:, 3, 30:100, 20:110] = 255
    return PhotoPool.from_arrays(photos, boxes, cutouts)


@pytest.fixture(scope="session")
def small_factory(textured_pool):
    config = FactoryConfig(patch_size=64, target_size_px=26.0)
    return SampleFactory(textured_pool, config, seed=3)


@pytest.fixture
def photos(tmp_path, textured_pool):
    """A folder of three image files."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for index, photo in enumerate(textured_pool.levels[0][:3]):
        image = Image.fromarray(photo.permute(1, 2, 0).contiguous().numpy())
        image.save(folder / f"{index}.png")
    return folder


class TinyNetwork(nn.Module):
    """Predicts the box of the first test frame from its mean colours."""

    def __init__(self):
        super().__init__()
        self.body = nn.Linear(3 * 16, 4)
        self.rectifier = nn.Parameter(torch.zeros(4))
        self.register_buffer("calls", torch.zeros((), dtype=torch.long))

    def forward(self, images):
        self.calls += 1
        small = nn.functional.adaptive_avg_pool2d(images, 4)
        return self.body(small.flatten(1)) + self.rectifier

    def stage_parameters(self, stage):
        if stage == "two":
            return [self.rectifier]
        return list(self.body.parameters())


def tiny_losses(network, batch, *, stage):
    noise = torch.rand(()) * 1e-3  # the global generator is a part of the state
    found = network(batch.test_images[:, 0])
    error = (found - batch.test_boxes_xywh[:, 0] / 64).abs().mean()
    return {"total": error + noise, "error": error}


@pytest.fixture
def make_network():
    def make():
        torch.manual_seed(5)
        return TinyNetwork()

    return make


@pytest.fixture
def losses():
    return tiny_losses


@pytest.fixture(scope="session")
def config():
    return TrainingConfig(
        factory=FactoryConfig(patch_size=64, target_size_px=26.0),
        batch=2,
        samples=24,
        warmup_samples=4,
        log_every=2,
    )


WIDTH, HEIGHT, SIDE = 128, 96, 24


class SquareVideo:
    """Frames whose first pixel is their number."""

    name, width, height, frame_rate = "square", WIDTH, HEIGHT, 25.0

    def __init__(self, n_frames=40, *, speed=1.5):
        self._n_frames, self._speed = n_frames, speed
        rng = np.random.default_rng(0)
        self._ground = rng.integers(0, 90, (HEIGHT, WIDTH, 3), np.uint8)
        self._square = rng.integers(150, 250, (SIDE, SIDE, 3), np.uint8)
        self.reads = []

    def __len__(self):
        return self._n_frames

    def read(self, index):
        if not 0 <= index < self._n_frames:
            raise FrameIndexError(f"No frame {index}.", frame_index=index)
        self.reads.append(index)
        frame = self._ground.copy()
        x, y, _, _ = (int(value) for value in self.truth(index))
        width = min(SIDE, WIDTH - x)  # it may leave on the right
        frame[y : y + SIDE, x : x + width] = self._square[:, :width]
        frame[0, 0] = index
        return frame

    def truth(self, index):
        x = min(20 + self._speed * index, WIDTH - 4)
        return (float(round(x)), 30.0, float(SIDE), float(SIDE))

    def file_name(self, index):
        return f"{index + 1:06d}.jpg"

    def close(self):
        pass


class KnowingTracker:
    """Meets the square, off by so many pixels a frame; may lose it or go astray."""

    def __init__(self, video, *, drift_px=0.0, lost_from=10**9, score=0.9):
        self._video, self._drift_px = video, drift_px
        self._lost_from, self._score = lost_from, score
        self.starts = []

    def init(self, frame, box):
        self.starts.append(int(frame[0, 0, 0]))
        self._box, self._age = tuple(box), 0
        return TrackResult(self._box, 1.0, Verdict.GIVEN)

    def track(self, frame):
        index = int(frame[0, 0, 0])
        self._age += 1
        if index >= self._lost_from:
            return TrackResult(self._box, 0.1, Verdict.LOST)
        x, y, w, h = self._video.truth(index)
        self._box = (x, y + self._drift_px * self._age, w, h)
        return TrackResult(self._box, self._score, Verdict.FOUND)

    def correct(self, frame, box):
        return self.init(frame, box)

    def place(self, box):
        self._box = tuple(box)


def label_square(video, *, drawn=(0, 20), trust=0.25, name="square"):
    """The square's true boxes: some drawn, the others tracked and trusted."""
    n = len(video)
    boxes = np.array([video.truth(i) for i in range(n)])
    is_drawn = np.isin(np.arange(n), drawn)
    target = LabelledTarget("it", boxes, np.where(is_drawn, 1.0, trust), is_drawn)
    return LabelledVideo(name, video, (target,))


@pytest.fixture
def make_square_video():
    return SquareVideo


@pytest.fixture
def make_knowing_tracker():
    return KnowingTracker


@pytest.fixture
def label():
    return label_square
