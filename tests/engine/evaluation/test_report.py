from __future__ import annotations

import json
from dataclasses import replace

import pytest

from fcot_engine.evaluation.report import EvaluationReport, SequenceScore

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
        assert mean.n_frames == 131 and mean.effort_50 is None

    def test_effort(self):
        scores = (replace(DOG, effort_50=4.0), replace(DEER, effort_50=8.0))
        assert EvaluationReport(scores).mean.effort_50 == 6.0


class TestJson:
    def test_written_and_read_is_equal(self, report):
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
        table = EvaluationReport((replace(DOG, effort_50=4.0), DEER)).to_table()
        assert table.splitlines()[0].endswith("effort@0.5")
        assert table.splitlines()[3].endswith(" -")
