from __future__ import annotations

import pytest
import torch
from PIL import Image
from torch import nn

from fcot_engine.config.network import (
    BackboneConfig,
    ClassifierConfig,
    NetworkConfig,
    RegressorConfig,
)
from fcot_engine.config.training import FactoryConfig, TrainingConfig
from fcot_engine.model.lite_network import LiteNet
from fcot_engine.training.photo_pool import PhotoPool
from fcot_engine.training.sample_factory import SampleFactory

collect_ignore = ["legs_worker.py"]  # a script for processes of their own


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


@pytest.fixture
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


@pytest.fixture
def config():
    return TrainingConfig(
        factory=FactoryConfig(patch_size=64, target_size_px=26.0),
        batch=2,
        samples=24,
        warmup_samples=4,
        log_every=2,
    )
