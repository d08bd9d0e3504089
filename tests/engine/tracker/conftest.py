from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from fcot_engine.config import find_preset
from fcot_engine.model import load_network
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
