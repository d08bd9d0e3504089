from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from fcot_engine.config import (
    BackboneConfig,
    ClassifierConfig,
    NetworkConfig,
    RegressorConfig,
    find_preset,
)
from fcot_engine.model import LiteNet, load_network
from fcot_engine.tracker import Tracker, default_weights

WIDTH, HEIGHT = 240, 180


def _cover(centers, start, length):
    """The part of each pixel that lies between two places."""
    low = np.maximum(centers - 0.5, start)
    return np.clip(np.minimum(centers + 0.5, start + length) - low, 0, None)


def paint_frame(box_xywh=None, *, width=WIDTH, height=HEIGHT):
    """A textured square, or none, on a textured ground, exact between pixels."""
    x = np.arange(width) + 0.5
    y = np.arange(height)[:, None] + 0.5
    channels = []
    for c in range(3):
        ground = (
            0.4
            + 0.13 * np.sin(x / (6 + 2 * c) + y / 11)
            + 0.13 * np.sin(x / 13 - y / (5 + c) + c)
            + 0.1 * np.sin((x * y) / 400 + c)
        )
        if box_xywh is not None:
            left, top, w, h = box_xywh
            u, v = (x - left) / w * 2 * math.pi, (y - top) / h * 2 * math.pi
            square = (
                0.55
                + 0.25 * np.sin(2.3 * u + 0.7 * v + 2 * c)
                + 0.2 * np.sin(2.9 * v - (0.4 + c) * u - c)
            )
            part = _cover(x, left, w) * _cover(y, top, h)
            ground = ground + (square - ground) * part
        channels.append(ground)
    return np.clip(np.stack(channels, -1) * 255 + 0.5, 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def paint():
    return paint_frame


@pytest.fixture(scope="session")
def lite_network():
    return load_network(default_weights("lite"))


@pytest.fixture(scope="session")
def quick_config():
    """The preset with a small search patch and few samples, for quick tests.

    A target has the same 64 pixels in the patch as with the preset itself.
    """
    config = find_preset("lite").tracker
    return replace(
        config,
        search=replace(config.search, patch_size=160, area_scale=2.5),
        augmentation=replace(
            config.augmentation, class_shift=25.0, box_patch_size=128, box_samples=24
        ),
        classification=replace(config.classification, update_interval=4),
    )


@pytest.fixture
def make_tracker(lite_network, quick_config):
    def make(**options):
        return Tracker(lite_network, quick_config, device="cpu", **options)

    return make


CONFIG = NetworkConfig(
    backbone=BackboneConfig(widths=(4, 6, 8), blocks=(1, 1, 1), decoder_width=6),
    coarse=ClassifierConfig(channels=2, filter_side=3, label_sigma=1.0, mask_slope=0.5),
    fine=ClassifierConfig(channels=2, filter_side=5, label_sigma=1.2, mask_slope=0.5),
    regressor=RegressorConfig(channels=4, detail_side=9),
)


def paint_scene(box_xywh, *, width=160, height=140):
    """A square with a texture of its own on a textured ground, `(3, H, W)`, 0 to 255.

    Drawn from formulas, so the square can lie between pixels and have any size.
    """
    x = torch.arange(width, dtype=torch.float64) + 0.5
    y = torch.arange(height, dtype=torch.float64)[:, None] + 0.5
    left, top, w, h = box_xywh
    u, v = (x - left) / w, (y - top) / h  # place in the square, 0 to 1
    ground, square = [], []
    for channel in range(3):
        ground.append(
            0.45
            + 0.15 * (x / (7 + 2 * channel) + y / 11).sin()
            + 0.15 * (x / 13 - y / (6 + channel) + channel).sin()
        )
        square.append(
            0.55
            + 0.25 * (2 * math.pi * (u * 2.3 + v * 0.7) + channel).sin()
            + 0.2 * (2 * math.pi * (v * 2.9 - u * (0.4 + channel)) - channel).sin()
        )
    # the part of each pixel that the square covers
    cover = _cover_tensor(x, left, w) * _cover_tensor(y, top, h)
    return 255 * torch.lerp(torch.stack(ground), torch.stack(square), cover).float()


def _cover_tensor(centers, start, length):
    low = (centers - 0.5).clamp(min=start)
    return ((centers + 0.5).clamp(max=start + length) - low).clamp(min=0)


@pytest.fixture
def scene():
    return paint_scene


@pytest.fixture(scope="session")
def network():
    """A small network without training: fixed features, normalised on one scene."""
    torch.manual_seed(1)
    network = LiteNet(CONFIG).eval().requires_grad_(False)
    measured = network.backbone.fixed.measure(
        paint_scene((60.0, 50.0, 40.0, 40.0))[None, :, :128, :128] / 255
    )
    network.backbone.fixed.set_statistics_(
        measured.mean((0, 2, 3)), measured.var((0, 2, 3))
    )
    return network
