from __future__ import annotations

import math

import pytest
import torch

from fcot_engine.config import (
    BackboneConfig,
    ClassifierConfig,
    NetworkConfig,
    RegressorConfig,
)
from fcot_engine.model import LiteNet

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
    cover = _cover(x, left, w) * _cover(y, top, h)
    return 255 * torch.lerp(torch.stack(ground), torch.stack(square), cover).float()


def _cover(centers, start, length):
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
