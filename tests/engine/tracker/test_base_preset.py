"""The network of the `base` preset tracks like any other, trained or not."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from fcot_engine.config import find_preset
from fcot_engine.model import build_network
from fcot_engine.tracker import Tracker, Verdict

BOX = (90.0, 60.0, 40.0, 40.0)


@pytest.fixture
def tracker(quick_config, lite_network):
    torch.manual_seed(0)
    network = build_network(find_preset("base").network)
    fixed = lite_network.backbone.fixed  # normalised, as training begins with it
    network.backbone.fixed.load_state_dict(fixed.state_dict())
    config = replace(
        quick_config,
        search=replace(quick_config.search, patch_size=128, area_scale=2.0),
        augmentation=replace(
            quick_config.augmentation,
            box_patch_size=96,
            box_samples=6,
            correction_box_samples=3,
        ),
    )
    return Tracker(network, config, device="cpu")


def overlap(a, b):
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(width, 0.0) * max(height, 0.0)
    return shared / (a[2] * a[3] + b[2] * b[3] - shared)


def test_untrained_it_follows_by_its_fixed_features_and_learns(tracker, paint):
    tracker.init(paint(BOX), BOX)
    moved = (94.0, 63.0, 40.0, 40.0)
    found = tracker.track(paint(moved))
    assert found.verdict is not Verdict.LOST
    assert overlap(found.box_xywh, moved) > 0.6
    tracker.correct(paint(moved), moved)
    further = (98.0, 66.0, 40.0, 40.0)
    assert overlap(tracker.track(paint(further)).box_xywh, further) > 0.6
