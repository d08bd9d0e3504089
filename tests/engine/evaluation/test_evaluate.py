from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from fcot_engine.errors import VideoError
from fcot_engine.evaluation import (
    EffortConfig,
    EvaluationReport,
    OnePass,
    SequenceScore,
    evaluate,
    load_sequence,
    run_one_pass,
)
from fcot_engine.tracker import ScoreMap, ScoreMaps, TrackResult, Verdict


class TestEvaluate:
    def test_good_tracker_scores_nearly_one(self, root, perfect):
        report = evaluate(root, perfect)
        assert [score.name for score in report.scores] == ["fast", "slow"]
        assert report.mean.auc == pytest.approx(20 / 21)
        assert report.mean.p20 == report.mean.sr50 == 1.0

    def test_still_box_by_hand(self, root, still):
        (score,) = evaluate(root, still, ["slow"]).scores
        # IoU (20 - 2k) / (20 + 2k) for k = 1..5: .818 .667 .538 .429 .333
        above = 17 + 14 + 11 + 9 + 7
        assert score.auc == pytest.approx(above / 21 / 5)
        assert score.p20 == 1.0 and score.sr50 == pytest.approx(3 / 5)

    def test_each_pass_gets_a_fresh_tracker(self, root, still):
        made = []

        def make():
            made.append(still())
            return made[-1]

        evaluate(root, make, effort=EffortConfig())
        assert len(made) == 2 * 3 and len({id(tracker) for tracker in made}) == 6

    def test_effort_is_measured_when_asked_for(self, root, still):
        report = evaluate(root, still, ["slow"], effort=EffortConfig())
        effort = report.scores[0].effort
        assert effort == pytest.approx({"0.5": 100 * 2 / 6, "0.7": 50.0})
        assert report.effort_mode == "teach"

    def test_effort_is_left_out_otherwise(self, root, still):
        report = evaluate(root, still, ["slow"])
        assert report.scores[0].effort == {} and report.effort_mode is None

    def test_tracker_that_needs_no_help_runs_once(self, root, perfect):
        made, told = [], []

        def make():
            made.append(perfect())
            return made[-1]

        report = evaluate(
            root, make, ["slow"], effort=EffortConfig(), on_progress=told.append
        )
        assert len(made) == 1
        assert report.mean.effort == pytest.approx({"0.5": 100 / 6, "0.7": 100 / 6})
        assert [p.frames_done for p in told] == list(range(1, 19))

    @pytest.mark.parametrize("mode", ["teach", "restart"])
    def test_help_is_what_the_mode_says(self, root, still, mode):
        made = []

        def make():
            made.append(still())
            return made[-1]

        config = EffortConfig(mode=mode, min_ious=(0.7,))
        evaluate(root, make, ["slow"], effort=config)
        assert len(made[1].corrections) == {"teach": 2, "restart": 0}[mode]

    def test_interpolation_runs_no_tracker(self, root):
        told = []
        report = evaluate(
            root,
            pytest.fail,
            effort=EffortConfig(mode="linear"),
            on_progress=told.append,
        )
        assert [score.auc for score in report.scores] == [None, None]
        # steady motion: a box at each end
        assert report.mean.effort == pytest.approx({"0.5": 200 / 6, "0.7": 200 / 6})
        assert told[-1].frames_done == told[-1].frames_total == 12

    def test_effort_of_the_first_frames_alone(self, root, still):
        config = EffortConfig(min_ious=(0.7,))
        report = evaluate(root, still, ["slow"], effort=config, max_frames=4)
        assert report.mean.effort == {"0.7": pytest.approx(100 * 2 / 4)}

    def test_records_are_told_by_sequence(self, root, still):
        told = []
        evaluate(root, still, effort=EffortConfig(), on_records=told.append)
        assert [{record.sequence for record in part} for part in told] == [
            {"fast"},
            {"slow"},
        ]
        assert [record.frame for record in told[1]] == [1, 2, 3, 4, 5]

    def test_progress_ends_at_the_total(self, root, still):
        told, scored = [], []
        evaluate(
            root,
            still,
            effort=EffortConfig(),
            on_progress=told.append,
            on_score=scored.append,
        )
        assert [p.frames_done for p in told] == list(range(1, 37))
        assert {p.frames_total for p in told} == {36}
        assert [score.name for score in scored] == ["fast", "slow"]

    def test_first_frames_alone(self, root, still):
        report = evaluate(root, still, max_frames=4)
        assert [score.n_frames for score in report.scores] == [4, 4]

    def test_more_frames_than_there_are(self, root, still):
        assert evaluate(root, still, max_frames=99).mean.n_frames == 12

    def test_unknown_sequence_is_refused_before_any_work(self, root, still):
        with pytest.raises(VideoError, match="no sequence other"):
            evaluate(root, still, ["slow", "other"])


@pytest.mark.shared
class TestSharedSequences:
    def test_box_that_never_moves_scores_as_published(self, shared_dir, still):
        report = evaluate(shared_dir / "eval", still)
        assert len(report.scores) == 21
        assert report.mean.auc == pytest.approx(0.249, abs=0.0005)


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
        tracker.find = lambda _: TrackResult((0, 0, 9, 9), 0.5, Verdict.FOUND, maps)
        done = run_one_pass(tracker, load_sequence(root / "slow"))
        assert {result.score_maps for result in done.results} == {None}

    def test_each_frame_is_told(self, root, still):
        told = []
        run_one_pass(still(), load_sequence(root / "slow"), lambda: told.append(1))
        assert len(told) == 6

    def test_speed_counts_tracked_frames_only(self):
        results = (TrackResult((0, 0, 9, 9), 1.0, Verdict.GIVEN),) * 11
        assert OnePass(results, seconds=2.0).frames_per_second == 5.0


DOG = SequenceScore("dog", 60, auc=0.5, p20=0.75, sr50=0.25, frames_per_second=12.34)
DEER = SequenceScore("deer", 71, auc=0.7, p20=0.25, sr50=0.35, frames_per_second=10.0)


@pytest.fixture
def report():
    return EvaluationReport((DOG, DEER))


class TestMean:
    def test_sequences_count_the_same_whatever_their_length(self, report):
        mean = report.mean
        assert mean.auc == pytest.approx(0.6)
        assert mean.p20 == pytest.approx(0.5)
        assert mean.sr50 == pytest.approx(0.3)
        assert mean.frames_per_second == pytest.approx(11.17)
        assert mean.n_frames == 131 and mean.effort == {}

    def test_effort(self):
        scores = (replace(DOG, effort={"0.5": 4.0}), replace(DEER, effort={"0.5": 8.0}))
        assert EvaluationReport(scores).mean.effort == {"0.5": 6.0}

    def test_nothing_tracked(self):
        linear = SequenceScore("dog", 60, effort={"0.5": 4.0})
        mean = EvaluationReport((linear,), "linear").mean
        assert mean.auc is None and mean.frames_per_second is None


class TestJson:
    def test_written_and_read_is_equal(self, report):
        assert EvaluationReport.from_json(report.to_json()) == report

    def test_effort_is_written_and_read(self):
        score = replace(DOG, effort={"0.5": 4.0, "0.7": 11.5})
        report = EvaluationReport((score,), "restart")
        assert EvaluationReport.from_json(report.to_json()) == report

    def test_holds_the_mean(self, report):
        assert json.loads(report.to_json())["mean"]["auc"] == pytest.approx(0.6)


class TestTable:
    def test_lines(self, report):
        assert report.to_table().splitlines() == [
            "sequence  frames    AUC    P20   SR50  frames/s",
            "-----------------------------------------------",
            "dog           60  0.500  0.750  0.250      12.3",
            "deer          71  0.700  0.250  0.350      10.0",
            "-----------------------------------------------",
            "mean         131  0.600  0.500  0.300      11.2",
        ]

    def test_effort_has_columns_when_it_was_measured(self):
        dog = replace(DOG, effort={"0.7": 12.0, "0.5": 4.0})
        lines = EvaluationReport((dog, DEER), "teach").to_table().splitlines()
        assert lines[0].endswith("effort@0.5  effort@0.7")
        assert lines[2].split()[-2:] == ["4.00", "12.00"]
        assert lines[3].split()[-2:] == ["-", "-"]
        assert lines[-1] == "effort: boxes drawn per 100 frames, mode teach"

    def test_columns_without_a_figure_are_left_out(self):
        linear = SequenceScore("dog", 60, effort={"0.5": 4.0})
        lines = EvaluationReport((linear,), "linear").to_table().splitlines()
        assert lines[0].split() == ["sequence", "frames", "effort@0.5"]
