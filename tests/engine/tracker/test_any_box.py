"""Whatever the box, the answers are finite and have an area inside the frame."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from fcot_engine.config import PaperNetworkConfig, find_preset
from fcot_engine.geometry import share_outside
from fcot_engine.model import PaperNet
from fcot_engine.tracker import Tracker

WIDTH, HEIGHT = 97, 61
BOXES = {
    "one_pixel": (40.0, 30.0, 1.0, 1.0),
    "less_than_a_pixel": (40.3, 30.3, 0.4, 0.4),
    "thin": (10.0, 30.0, 80.0, 1.5),
    "tall": (40.0, 1.0, 2.0, 59.0),
    "whole_frame": (0.0, 0.0, 97.0, 61.0),
    "over_two_borders": (-40.0, -20.0, 90.0, 55.0),
    "mostly_outside": (90.0, 50.0, 60.0, 60.0),
}


@pytest.fixture(scope="module")
def small_paper():
    torch.manual_seed(0)
    base = PaperNetworkConfig()
    return PaperNet(
        replace(
            base,
            depth=18,
            decoder_width=8,
            head_width=8,
            groups=2,
            coarse=replace(base.coarse, channels=6),
            fine=replace(base.fine, channels=4),
            regression_channels=4,
        )
    )


@pytest.fixture(params=["lite", "paper"])
def tracker(request, quick_config, lite_network, small_paper):
    if request.param == "lite":
        return Tracker(lite_network, quick_config, device="cpu")
    config = find_preset("paper").tracker
    search = replace(config.search, patch_size=96, area_scale=2.5)
    updates = replace(config.classification, update_interval=2)
    models = replace(config.regression, update_interval=2)
    config = replace(config, search=search, classification=updates, regression=models)
    return Tracker(small_paper, config, device="cpu")


def frame(kind, seed):
    draws = np.random.default_rng(seed)
    if kind == "flat":
        return np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    return draws.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


@pytest.mark.parametrize("kind", ["noise", "flat"])
@pytest.mark.parametrize("box", BOXES.values(), ids=BOXES)
def test_answers_are_finite_and_inside(tracker, box, kind):
    tracker.init(frame(kind, 0), box)
    for index in range(1, 4):
        found = tracker.track(frame(kind, index))
        x, y, w, h = found.box_xywh
        assert all(math.isfinite(value) for value in (*found.box_xywh, found.score))
        assert w > 0 and h > 0
        if found.verdict.value not in ("lost", "given"):
            assert x < WIDTH and y < HEIGHT and x + w > 0 and y + h > 0
            if share_outside(box, width=WIDTH, height=HEIGHT) == 0:
                assert x >= 0 and y >= 0
                assert x + w <= WIDTH + 1e-6 and y + h <= HEIGHT + 1e-6
