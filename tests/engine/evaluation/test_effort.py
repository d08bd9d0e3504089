from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.errors import ConfigError
from fcot_engine.evaluation import (
    EffortConfig,
    find_sequences,
    load_sequence,
    measure_effort,
    measure_linear_effort,
)


class TestMeasureEffort:
    def test_good_tracker_needs_the_first_box_only(self, root, perfect):
        sequence = load_sequence(root / "slow")
        effort = measure_effort(perfect(), sequence, min_iou=0.7)
        assert effort == pytest.approx(100 / 6)

    def test_still_box_is_redrawn_when_it_falls_below(self, root, still):
        # 2 px a frame on 20 px: IoU 18/22, 16/24 after one and two frames
        tracker, sequence = still(), load_sequence(root / "slow")
        effort = measure_effort(tracker, sequence, min_iou=0.7)
        assert effort == pytest.approx(100 * 3 / 6)
        redrawn = [tuple(sequence.truth_xywh[i]) for i in (2, 4)]
        assert tracker.corrections == redrawn

    def test_absent_target_is_never_redrawn(self, root, still):
        # 10 px a frame: below in each of the frames 1, 2, 4 and 5
        sequence = load_sequence(root / "fast")
        assert measure_effort(still(), sequence, min_iou=0.5) == pytest.approx(500 / 6)

    @pytest.mark.parametrize(
        ("mode", "inits", "corrections"),
        [("teach", 1, 2), ("classifier-only", 1, 2), ("restart", 3, 0)],
    )
    def test_mode_says_what_a_redrawn_box_does(
        self, root, still, mode, inits, corrections
    ):
        tracker, calls = still(), []
        place = tracker.place
        tracker.init = lambda _, box: calls.append("init") or place(box)
        tracker.correct = lambda _, box: calls.append("correct") or place(box)
        sequence = load_sequence(root / "slow")
        effort = measure_effort(tracker, sequence, min_iou=0.7, mode=mode)
        assert effort == pytest.approx(50.0)
        assert calls.count("init") == inits
        assert calls.count("correct") == corrections


def steady(n, step=1.0):
    """A box of side 10 that moves right `step` px a frame."""
    return np.array([[step * i, 0.0, 10.0, 10.0] for i in range(n)])


class TestMeasureLinearEffort:
    def test_steady_motion_needs_both_ends(self):
        effort = measure_linear_effort(steady(50), min_iou=0.99)
        assert effort == pytest.approx(100 * 2 / 50)

    def test_a_turn_needs_a_keyframe(self):
        truth = np.concatenate([steady(20, 3.0), steady(20, 3.0)[-2::-1]])
        effort = measure_linear_effort(truth, min_iou=0.99)
        assert effort == pytest.approx(100 * 3 / 39)

    def test_a_lower_iou_needs_no_more_keyframes(self):
        rng = np.random.default_rng(0)
        truth = steady(60)
        truth[:, :2] += rng.normal(0, 2, (60, 2)).cumsum(axis=0)
        strict, loose = (measure_linear_effort(truth, min_iou=i) for i in (0.9, 0.4))
        assert loose < strict

    def test_absent_frames_are_passed_over(self):
        truth = steady(50)
        truth[10:20] = np.nan
        assert measure_linear_effort(truth, min_iou=0.99) == pytest.approx(4.0)

    def test_target_that_is_never_seen_again(self):
        truth = steady(10)
        truth[1:] = np.nan
        assert measure_linear_effort(truth, min_iou=0.5) == pytest.approx(10.0)

    def test_jumps_need_every_frame(self):
        truth = steady(10, 100.0)
        truth[1::2, 1] = 500.0
        assert measure_linear_effort(truth, min_iou=0.5) == pytest.approx(100.0)

    @pytest.mark.shared
    @pytest.mark.parametrize(("min_iou", "published"), [(0.5, 9.52), (0.7, 16.37)])
    def test_real_sequences_as_published(self, shared_dir, min_iou, published):
        efforts = [
            measure_linear_effort(sequence.truth_xywh, min_iou=min_iou)
            for sequence in find_sequences(shared_dir / "eval")
        ]
        assert np.mean(efforts) == pytest.approx(published, abs=0.005)


class TestEffortConfig:
    def test_classifier_only_changes_a_setting(self):
        changes = {m: EffortConfig(mode=m).settings for m in ("teach", "restart")}
        assert changes == {"teach": {}, "restart": {}}
        config = EffortConfig(mode="classifier-only")
        assert config.settings == {"regression.learn_corrections": False}

    def test_linear_needs_no_tracker(self):
        assert not EffortConfig(mode="linear").needs_tracker
        assert EffortConfig().needs_tracker

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            pytest.param({"mode": "magic"}, "must be one of teach", id="mode"),
            pytest.param({"min_ious": (0.5, 1.1)}, "up to 1", id="above_one"),
            pytest.param({"min_ious": (0.0,)}, "above 0", id="zero"),
            pytest.param({"min_ious": ()}, "above 0", id="none"),
        ],
    )
    def test_nonsense_is_refused(self, changes, message):
        with pytest.raises(ConfigError, match=message):
            EffortConfig(**changes)
