from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fcot_engine.config import CheckConfig, LessonConfig
from fcot_engine.training.held_out_runs import measure_runs, plan_runs
from fcot_engine.training.labelled_video import HeldOutStretch, take_whole

CHECK = CheckConfig()


@pytest.fixture
def stretch(make_square_video, label):
    video = label(make_square_video(60, speed=1.0), drawn=(0, 45, 50))
    return HeldOutStretch(video, 40, 59)


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

    def test_runs_stay_inside_the_stretch_and_are_bounded(self, stretch):
        runs = plan_runs([stretch], replace(CHECK, longest_run=7), seed=0)
        assert max(len(run.frames) for run in runs) == 7
        assert all(40 <= f <= 59 for run in runs for f in run.frames)

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

    def test_frames_without_a_trusted_box_do_not_count(
        self, stretch, make_knowing_tracker
    ):
        (target,) = stretch.video.targets
        trust = target.trust.copy()
        trust[51:] = 0.0  # where the drift is worst
        target = replace(target, trust=trust)
        cut = replace(stretch, video=replace(stretch.video, targets=(target,)))
        source = stretch.video.source
        runs = plan_runs([cut], CHECK, seed=0)[:1]
        whole = plan_runs([stretch], CHECK, seed=0)[:1]
        make = lambda: make_knowing_tracker(source, drift_px=1.0)  # noqa: E731
        assert measure_runs(runs, make, CHECK) > measure_runs(whole, make, CHECK)
