from __future__ import annotations

import pytest

from fcot_engine.errors import VideoError
from fcot_engine.evaluation.run import evaluate


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

        evaluate(root, make, with_effort=True)
        assert len(made) == 2 * 3

    def test_effort_is_measured_when_asked_for(self, root, still):
        (with_it,) = evaluate(root, still, ["slow"], with_effort=True).scores
        (without,) = evaluate(root, still, ["slow"]).scores
        assert with_it.effort_70 == pytest.approx(50.0)
        assert with_it.effort_50 == pytest.approx(100 * 2 / 6)
        assert without.effort_50 is None

    def test_progress_ends_at_the_total(self, root, still):
        told, scored = [], []
        evaluate(
            root,
            still,
            with_effort=True,
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
