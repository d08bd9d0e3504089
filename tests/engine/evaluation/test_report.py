from __future__ import annotations

import json
from dataclasses import replace

import pytest

from fcot_engine.evaluation import EvaluationReport, SequenceScore

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
