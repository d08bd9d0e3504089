from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fcot_engine.config import CheckConfig
from fcot_engine.errors import ShapeError
from fcot_engine.training.gain import compare

CHECK = CheckConfig()
RUNS = np.linspace(0.3, 0.8, 12)


class TestCompare:
    def test_same_step_everywhere_is_sure(self):
        gain = compare(RUNS, RUNS + 0.05, CHECK)
        assert gain.mean == pytest.approx(0.05)
        assert gain.low == pytest.approx(0.05) and gain.high == pytest.approx(0.05)
        assert gain.has_helped
        assert "mean overlap 0.550 before, 0.600 after" in gain.text

    def test_gain_in_one_run_alone_is_not_enough(self):
        after = RUNS.copy()
        after[3] += 0.4
        gain = compare(RUNS, after, CHECK)
        assert gain.mean > 0 and not gain.has_helped
        assert "did not clearly help" in gain.text

    def test_loss_is_called_a_loss(self):
        gain = compare(RUNS, RUNS - 0.1, CHECK)
        assert not gain.has_helped
        assert "are worse" in gain.text

    def test_no_change_does_not_help(self):
        assert not compare(RUNS, RUNS, CHECK).has_helped

    @pytest.mark.parametrize(
        ("n", "told"), [(0, "0 runs"), (1, "1 run"), (2, "2 runs")]
    )
    def test_few_runs_say_nothing(self, n, told):
        gain = compare(RUNS[:n], RUNS[:n] + 0.3, CHECK)
        assert not gain.has_helped
        assert f"Only {told} could be held out" in gain.text

    def test_same_seed_same_interval(self):
        after = RUNS + np.linspace(-0.1, 0.2, 12)
        assert compare(RUNS, after, CHECK, seed=3) == compare(
            RUNS, after, CHECK, seed=3
        )

    def test_interval_of_normal_differences(self):
        rng = np.random.default_rng(1)
        before = rng.random(400)
        gain = compare(before, before + rng.normal(0.02, 0.1, 400), CHECK)
        half = 1.645 * 0.1 / np.sqrt(400)
        assert gain.high - gain.low == pytest.approx(2 * half, rel=0.15)

    def test_unequal_runs_are_refused(self):
        with pytest.raises(ShapeError, match="same shape"):
            compare(RUNS, RUNS[1:], CHECK)

    def test_speaks_for_one_video_without_groups(self):
        gain = compare(RUNS, RUNS + 0.05, CHECK)
        assert gain.n_videos is None
        assert gain.text.startswith("The new weights helped on other frames of this")
        assert gain.text.endswith("12 runs).")


class TestCompareVideos:
    def test_values_of_two_videos(self):
        # both, or one of them twice: the mean is 0, 0.1 or 0.2, by 1, 2 and 1 of 4
        after = RUNS + np.repeat([0.0, 0.2], 6)
        gain = compare(RUNS, after, CHECK, groups=np.repeat([3, 7], 6))
        assert gain.mean == pytest.approx(0.1)
        assert gain.low == pytest.approx(0.0, abs=1e-12)
        assert gain.high == pytest.approx(0.2)
        assert not compare(RUNS, after, CHECK, groups=np.repeat([3, 7], 6)).has_helped
        assert compare(RUNS, after, CHECK).has_helped

    def test_videos_count_by_their_runs(self):
        # 2 and 10 runs: drawn once each, the mean is 10 / 12 of 0.3
        after = RUNS + np.repeat([0.0, 0.3], [2, 10])
        config = replace(CHECK, confidence=0.2)  # the middle of the resamples
        gain = compare(RUNS, after, config, groups=np.repeat([0, 1], [2, 10]))
        assert gain.mean == gain.low == gain.high == pytest.approx(0.25)

    def test_runs_are_drawn_inside_their_video(self):
        change = np.tile(np.linspace(-0.1, 0.3, 6), 2)  # videos alike, runs not
        gain = compare(RUNS, RUNS + change, CHECK, groups=np.repeat([0, 1], 6))
        assert gain.low < 0.1 < gain.high

    @pytest.mark.parametrize("seed", range(5))
    def test_interval_is_wider_where_runs_of_a_video_are_alike(self, seed):
        rng = np.random.default_rng(seed)
        groups = np.repeat(np.arange(4), 6)
        before = rng.random(24)
        after = before + rng.normal(0.02, 0.1, 4)[groups] + rng.normal(0, 0.01, 24)
        apart = compare(before, after, CHECK)
        by_video = compare(before, after, CHECK, groups=groups)
        assert by_video.mean == apart.mean
        assert by_video.high - by_video.low > 1.3 * (apart.high - apart.low)

    def test_a_video_a_run_is_a_bootstrap_over_runs(self):
        after = RUNS + np.linspace(-0.1, 0.2, 12)
        apart = compare(RUNS, after, CHECK)
        by_video = compare(RUNS, after, CHECK, groups=np.arange(12))
        assert (by_video.low, by_video.high) == (apart.low, apart.high)

    def test_speaks_for_videos_that_were_not_learned_from(self):
        gain = compare(RUNS, RUNS - 0.1, CHECK, groups=np.repeat([0, 1, 2], 4))
        assert gain.n_videos == 3
        assert "are worse on videos that were not learned from" in gain.text
        assert gain.text.endswith("12 runs in 3 videos).")

    def test_runs_of_one_video_say_nothing_about_others(self):
        gain = compare(RUNS, RUNS + 0.3, CHECK, groups=np.zeros(12, np.int64))
        assert not gain.has_helped
        assert "Only 12 runs in 1 video could be held out" in gain.text

    def test_groups_of_other_runs_are_refused(self):
        with pytest.raises(ShapeError, match="groups"):
            compare(RUNS, RUNS, CHECK, groups=np.arange(11))
