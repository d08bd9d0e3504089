from __future__ import annotations

import pytest

from fcot_engine.errors import VideoError
from fcot_engine.evaluation import EffortConfig, evaluate


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
