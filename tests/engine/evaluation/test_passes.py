from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.evaluation.passes import OnePass, measure_effort, run_one_pass
from fcot_engine.evaluation.sequences import load_sequence


class TestRunOnePass:
    def test_first_box_is_the_given_one(self, root, still):
        sequence = load_sequence(root / "slow")
        done = run_one_pass(still(), sequence)
        np.testing.assert_array_equal(done.boxes_xywh[0], sequence.truth_xywh[0])

    def test_good_tracker_finds_the_truth(self, root, perfect):
        sequence = load_sequence(root / "slow")
        done = run_one_pass(perfect(), sequence)
        np.testing.assert_array_equal(done.boxes_xywh, sequence.truth_xywh)

    def test_each_frame_is_told(self, root, still):
        told = []
        run_one_pass(still(), load_sequence(root / "slow"), lambda: told.append(1))
        assert len(told) == 6

    def test_speed_counts_tracked_frames_only(self):
        assert OnePass(np.zeros((11, 4)), seconds=2.0).frames_per_second == 5.0


class TestMeasureEffort:
    def test_good_tracker_needs_the_first_box_only(self, root, perfect):
        sequence = load_sequence(root / "slow")
        assert measure_effort(perfect(), sequence, min_iou=0.7) == pytest.approx(
            100 / 6
        )

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
