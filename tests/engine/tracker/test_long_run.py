"""Following a target for long does not hold more and more."""

from __future__ import annotations

import gc
import math
from dataclasses import replace

import pytest
import torch

from fcot_engine.tracker import Tracker

CYCLE = 40
TOLERANCE = 50_000  # bytes; one sample in the memory takes twice as much


def live_bytes():
    """Bytes of all tensors that anything still refers to, shared ones once."""
    gc.collect()
    storages = {}
    for item in gc.get_objects():
        # other tests may have left sparse ones, which have no storage of their own
        if issubclass(type(item), torch.Tensor) and item.layout is torch.strided:
            storage = item.untyped_storage()
            storages[storage.data_ptr()] = storage.nbytes()
    return sum(storages.values())


def true_box(frame):
    angle = 2 * math.pi * frame / CYCLE
    return 94 + 20 * math.cos(angle), 64 + 14 * math.sin(angle), 48.0, 48.0


@pytest.fixture
def small_config(quick_config):
    """Small patches and memories that are full after a few frames."""
    return replace(
        quick_config,
        search=replace(quick_config.search, patch_size=96, area_scale=2.0),
        augmentation=replace(
            quick_config.augmentation, box_patch_size=96, box_samples=4
        ),
        classification=replace(
            quick_config.classification,
            memory_size=6,
            given_capacity=30,
            first_iterations=4,
            correction_iterations=2,
            update_iterations=1,
            update_interval=4,
        ),
        regression=replace(
            quick_config.regression,
            first_iterations=10,
            online_iterations=4,
            update_interval=4,
            given_capacity=10,
        ),
    )


@pytest.fixture
def follow(lite_network, small_config, paint):
    """Track some frames and tell what is held after each hundred."""
    clip = [paint(true_box(frame)) for frame in range(CYCLE)]

    def run(frames, *, correct_every):
        tracker = Tracker(
            lite_network, small_config, device="cpu", keep_score_maps=False
        )
        tracker.init(clip[0], true_box(0))
        held = {}
        for frame in range(1, frames + 1):
            image = clip[frame % CYCLE]
            if correct_every and frame % correct_every == 0:
                tracker.correct(image, true_box(frame))
            else:
                tracker.track(image)
            if frame % 100 == 99:  # just before a correction
                held[frame] = live_bytes(), tracker.memory_nbytes
        return held

    return run


@pytest.mark.slow
class TestLongRun:
    def test_tracked_frames_leave_nothing_behind(self, follow):
        held = follow(400, correct_every=0)
        assert held[399] == held[199]

    def test_corrections_leave_nothing_behind_once_the_memories_are_full(self, follow):
        held = follow(600, correct_every=50)
        # frames at the same place in a span, whose best frames are held too
        assert held[599][1] == held[199][1]
        assert held[599][0] == pytest.approx(held[199][0], abs=TOLERANCE)
