from __future__ import annotations

import numpy as np

from fcot_engine.evaluation import OnePass, load_sequence, run_one_pass
from fcot_engine.tracker import ScoreMap, ScoreMaps, TrackResult, Verdict


class TestRunOnePass:
    def test_first_box_is_the_given_one(self, root, still):
        sequence = load_sequence(root / "slow")
        done = run_one_pass(still(), sequence)
        np.testing.assert_array_equal(done.boxes_xywh[0], sequence.truth_xywh[0])

    def test_good_tracker_finds_the_truth(self, root, perfect):
        sequence = load_sequence(root / "slow")
        done = run_one_pass(perfect(), sequence)
        np.testing.assert_array_equal(done.boxes_xywh, sequence.truth_xywh)

    def test_verdicts_are_kept(self, root, still):
        done = run_one_pass(still(), load_sequence(root / "slow"))
        verdicts = [result.verdict for result in done.results]
        assert verdicts == [Verdict.GIVEN] + 5 * [Verdict.FOUND]

    def test_score_maps_are_not_kept(self, root, still):
        cells = np.zeros((2, 2), np.float16)
        maps = ScoreMaps(*[ScoreMap(cells, (0.0, 0.0), 4.0)] * 3)
        tracker = still()
        tracker.track = lambda _: TrackResult((0, 0, 9, 9), 0.5, Verdict.FOUND, maps)
        done = run_one_pass(tracker, load_sequence(root / "slow"))
        assert {result.score_maps for result in done.results} == {None}

    def test_each_frame_is_told(self, root, still):
        told = []
        run_one_pass(still(), load_sequence(root / "slow"), lambda: told.append(1))
        assert len(told) == 6

    def test_speed_counts_tracked_frames_only(self):
        results = (TrackResult((0, 0, 9, 9), 1.0, Verdict.GIVEN),) * 11
        assert OnePass(results, seconds=2.0).frames_per_second == 5.0
