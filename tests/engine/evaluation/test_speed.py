"""What is measured, never how long it took."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fcot_engine.config import (
    BackboneConfig,
    ClassifierConfig,
    NetworkConfig,
    RegressorConfig,
    TrackerConfig,
    apply_settings,
)
from fcot_engine.evaluation import (
    Clip,
    SpeedConfig,
    Timings,
    make_sample_clip,
    measure_speed,
)
from fcot_engine.model import LiteNet
from fcot_engine.tracker import STAGES, MultiTracker

NETWORK = NetworkConfig(
    backbone=BackboneConfig(widths=(4, 6, 8), blocks=(1, 1, 1), decoder_width=6),
    coarse=ClassifierConfig(channels=2, filter_side=3, label_sigma=1.0, mask_slope=0.5),
    fine=ClassifierConfig(channels=2, filter_side=5, label_sigma=1.2, mask_slope=0.5),
    regressor=RegressorConfig(channels=4, detail_side=9),
)
QUICK = {
    "search.patch_size": 96,
    "augmentation.box_patch_size": 96,
    "augmentation.box_samples": 2,
    "classification.first_iterations": 1,
    "regression.first_iterations": 5,
    "localisation.lost_threshold": 0.0,
}


@pytest.fixture
def tracker():
    torch.manual_seed(0)
    config = apply_settings(TrackerConfig(), QUICK)
    return MultiTracker[int](LiteNet(NETWORK), config, device="cpu")


@pytest.fixture
def clip():
    """A bright square that moves over a dark ground."""
    frames = []
    for index in range(6):
        frame = np.full((80, 100, 3), 40, np.uint8)
        frame[30:50, 20 + index : 44 + index] = 220
        frames.append(frame)
    return Clip("square", frames, (20.0, 30.0, 24.0, 20.0))


class FakePeer:
    """Writes down what it is asked."""

    def __init__(self):
        self.asked = []

    def prepare(self, frame):
        return frame + 1

    def start(self, frame, box_xywh):
        self.asked.append(("start", int(frame[0, 0, 0])))

    def track(self, frame):
        self.asked.append(("track", int(frame[0, 0, 0])))


class TestClip:
    def test_runs_back_and_forth(self, clip):
        lefts = [int(clip.at(n)[40, :, 0].argmax()) - 20 for n in range(13)]
        assert lefts == [0, 1, 2, 3, 4, 5, 4, 3, 2, 1, 0, 1, 2]

    def test_one_frame_stays(self, clip):
        alone = Clip("one", clip.frames[:1], clip.box_xywh)
        assert alone.at(5) is alone.frames[0]

    @pytest.mark.slow
    def test_sample_is_scaled_with_its_box(self):
        clip = make_sample_clip(2)
        x, y, w, h = clip.box_xywh
        assert clip.frames[0].shape == (360, 640, 3)
        assert 0 < x < x + w < 640 and 0 < y < y + h < 360 and w > h
        assert len(clip.decode.seconds) == 2


class TestTimings:
    def test_figures(self):
        facts = Timings((0.01, 0.01, 0.04)).to_facts()
        assert facts["mean_ms"] == pytest.approx(20)
        assert facts["median_ms"] == pytest.approx(10)
        assert facts["frames_per_s"] == pytest.approx(50)


class TestMeasureSpeed:
    def test_every_stage_has_its_time(self, tracker, clip):
        config = SpeedConfig(frames=2, repeats=1, staged_frames=2)
        stages = measure_speed(tracker, clip, config).stages
        assert list(stages) == [*STAGES, "other"]  # no video file: no decoding
        assert all(stages[name] > 0 for name in STAGES)

    def test_stages_may_be_left_out(self, tracker, clip):
        config = SpeedConfig(frames=1, repeats=1, staged_frames=0)
        assert measure_speed(tracker, clip, config).stages == {}

    def test_steps_are_counted(self, tracker, clip):
        config = SpeedConfig(frames=2, repeats=2, staged_frames=2)
        calls = []
        figures = measure_speed(
            tracker, clip, config, n_targets=2, on_step=lambda: calls.append(None)
        )
        assert len(calls) == config.count_steps(2)
        assert len(figures.track.seconds) == 4
        assert len(figures.first_box.seconds) == 4
        assert len(figures.correction.seconds) == 2

    def test_peers_see_the_same_frames_in_turns(self, tracker, clip):
        peers = []

        def make():
            peers.append(FakePeer())
            return peers[-1]

        config = SpeedConfig(frames=5, repeats=2, block=2, staged_frames=1)
        figures = measure_speed(
            tracker, clip, config, n_targets=2, peers={"fake": make}
        )
        expected = [("start", 41), *[("track", 41)] * 5] * 2
        assert [peer.asked for peer in peers] == [expected, expected]
        assert len(figures.peers["fake"].track.seconds) == 10
        assert figures.peers["fake"].ratio > 0
