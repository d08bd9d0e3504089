from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fcot_engine.config import CheckConfig, LessonConfig
from fcot_engine.errors import ShapeError
from fcot_engine.training.comparison import compare, measure_runs, plan_runs
from fcot_engine.training.projects import HeldOut, take_whole

CHECK = CheckConfig()


@pytest.fixture
def stretch(make_square_video, label):
    video = label(make_square_video(60, speed=1.0), drawn=(0, 45, 50))
    return HeldOut(video, 40, 59)


class TestPlan:
    def test_runs_start_at_drawn_boxes_and_at_both_ends_both_ways(self, stretch):
        runs = plan_runs([stretch], CHECK, seed=0)
        ways = [(run.start, run.frames[0], run.frames[-1]) for run in runs]
        assert ways == [
            (40, 41, 59),
            (45, 46, 59),
            (45, 44, 40),
            (50, 51, 59),
            (50, 49, 40),
            (59, 58, 40),
        ]

    def test_short_runs_are_left_out(self, stretch):
        runs = plan_runs([stretch], replace(CHECK, shortest_run=10), seed=0)
        assert [(run.start, len(run.frames)) for run in runs] == [
            (40, 19),
            (45, 14),
            (50, 10),
            (59, 19),
        ]

    def test_all_runs_together_are_bounded(self, stretch):
        config = replace(CHECK, max_frames=30)
        runs = plan_runs([stretch], config, seed=0)
        assert 1 <= sum(len(run.frames) for run in runs) <= 30
        again = plan_runs([stretch], config, seed=0)
        assert [run.start for run in again] == [run.start for run in runs]

    def test_whole_video_is_run_from_its_boxes_and_both_ends(
        self, make_square_video, label
    ):
        video = label(make_square_video(30), drawn=(10,))
        _, whole = take_whole(video, LessonConfig())
        runs = plan_runs([whole], CHECK, seed=0)
        ways = [(run.start, run.frames[0], run.frames[-1]) for run in runs]
        assert ways == [(0, 1, 29), (10, 11, 29), (10, 9, 0), (29, 28, 0)]
        assert all(run.video is video for run in runs)

    def test_stretch_without_boxes_gives_no_runs(self, stretch):
        (target,) = stretch.video.targets
        target = replace(target, trust=np.zeros(60))
        empty = replace(stretch, video=replace(stretch.video, targets=(target,)))
        assert plan_runs([empty], CHECK, seed=0) == []


class TestMeasure:
    def test_tracked_boxes_count_up_to_the_cap_and_drawn_ones_fully(
        self, stretch, make_knowing_tracker
    ):
        runs = plan_runs([stretch], CHECK, seed=0)[:1]  # from 40 to 59
        tracker = make_knowing_tracker(stretch.video.source)
        (found,) = measure_runs(runs, lambda: tracker, CHECK)
        assert tracker.starts == [40]
        assert found == pytest.approx((2 * 1.0 + 17 * 0.7) / 19)

    def test_drifting_tracker_is_worse(self, stretch, make_knowing_tracker):
        video = stretch.video.source
        runs = plan_runs([stretch], CHECK, seed=0)
        good, bad = (
            measure_runs(
                runs, lambda px=px: make_knowing_tracker(video, drift_px=px), CHECK
            )
            for px in (0.0, 3.0)
        )
        assert (bad < good).all()


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

    @pytest.mark.parametrize(
        ("n", "told"), [(0, "0 runs"), (1, "1 run"), (2, "2 runs")]
    )
    def test_few_runs_say_nothing(self, n, told):
        gain = compare(RUNS[:n], RUNS[:n] + 0.3, CHECK)
        assert not gain.has_helped
        assert f"Only {told} could be held out" in gain.text

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
