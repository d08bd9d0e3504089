from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.evaluation import (
    CRITERIA,
    AnnotatedSequence,
    AnnotationReport,
    ModeOutcome,
    WorkListFigures,
    tabulate_annotation,
)

FIGURES = WorkListFigures(5, 0.8, 0.6, 0.2, None, 0.4, 0.7, 0.5)


def make_outcome(mode, a, b, c, *, work_list=None, drawn=None):
    given = zip("ABC", (a, b, c), strict=True)
    boxes = {name: count for name, count in given if count is not None}
    looks = {name: 2 * count for name, count in boxes.items()}
    total = drawn or c
    return ModeOutcome(mode, boxes, looks, total, 2 * total, 1, 3.5, work_list)


@pytest.fixture
def report():
    one = (
        make_outcome("worklist", 1, 2, 3, work_list=FIGURES),
        make_outcome("restart", 2, 4, 6),
        make_outcome("linear", 4, 8, 12),
    )
    two = (
        make_outcome("worklist", 1, 2, 5),
        make_outcome("restart", 2, 4, None, drawn=34),
        make_outcome("linear", 4, 8, 28),
    )
    sequences = AnnotatedSequence("one", 50, one), AnnotatedSequence("two", 100, two)
    return AnnotationReport(sequences, {"preset": "lite"})


class TestCriteria:
    @pytest.mark.parametrize(
        ("ious", "met"),
        [
            ([0.7] * 20, "ABC"),
            ([0.69] * 20, "B"),
            ([1.0] * 19 + [0.0], "A"),
            ([1.0] * 18 + [0.0] * 2, ""),
            ([0.9] * 19 + [0.5], "AB"),
        ],
    )
    def test_criteria_of_the_tools(self, ious, met):
        found = [name for name, is_met in CRITERIA.items() if is_met(np.array(ious))]
        assert "".join(found) == met


class TestAnnotationReport:
    def test_means_are_plain(self, report):
        assert report.mean_boxes("worklist", "A") == pytest.approx((2 + 1) / 2)
        assert report.mean_looks("worklist", "C") == pytest.approx((12 + 10) / 2)
        assert report.mean_boxes("in-order", "A") is None

    def test_what_teaching_saves(self, report):
        assert report.saving("worklist", "restart", "B") == pytest.approx(0.5)
        assert report.saving("worklist", "linear", "B") == pytest.approx(0.75)
        assert report.saving("worklist", "in-order", "B") is None

    def test_boxes_until_giving_up_count(self, report):
        assert report.mean_boxes("restart", "C") == pytest.approx((12 + 34) / 2)
        assert [report.given_up("restart", c) for c in "ABC"] == [0, 0, 1]

    def test_work_list_is_the_mean_of_what_is_known(self, report):
        mean = report.mean_work_list()
        assert mean["offered_bad"] == 0.8
        assert mean["rank_list"] is None

    def test_shares_are_of_sequences_with_something_to_find(self, report):
        nothing = WorkListFigures(5, 0.0, 0.0, 0.0, 0.2, None, 0.1, 0.1)
        outcome = make_outcome("worklist", 1, 1, 1, work_list=nothing)
        more = AnnotatedSequence("three", 40, (outcome,))
        mean = AnnotationReport((*report.sequences, more)).mean_work_list()
        assert mean["n_bad"] == 1
        assert mean["offered_bad"] == 0.8
        assert mean["rank_list"] == 0.2
        assert mean["rank_risk"] == pytest.approx(0.4)

    def test_json_round_trip(self, report):
        assert AnnotationReport.from_json(report.to_json()) == report


def row(text):
    """The cells of a line."""
    return text.split()


class TestTable:
    def test_lines(self, report):
        lines = tabulate_annotation(report).splitlines()
        words = [line.split() for line in lines]
        assert words[0][:6] == ["sequence", "frames", "mode", "A", "B", "C"]
        assert words[2] == [
            "one",
            "50",
            "worklist",
            "2.00",
            "4.00",
            "6.00",
            "12.0",
            "1",
            "4",
        ]
        assert words[6] == [
            "two",
            "100",
            "restart",
            "2.00",
            "4.00",
            ">",
            "34.00",
            "68.0",
            "1",
            "4",
        ]
        means = [line for line in words if line[0] == "mean"]
        assert means[0] == [
            "mean",
            "150",
            "worklist",
            "1.50",
            "3.00",
            "5.50",
            "11.0",
            "2",
            "7",
        ]
        assert means[1][5:7] == [">", "23.00"]

    def test_who_gave_up_is_told(self, report):
        assert "restart: gave up in two" in tabulate_annotation(report)

    def test_savings_are_told(self, report):
        text = tabulate_annotation(report)
        assert "worklist saves of the boxes of restart: A 50 %, B 50 %, C 76 %" in text
        assert "in-order saves" not in text

    def test_work_list_is_told(self, report):
        text = tabulate_annotation(report)
        assert "(sequences with such frames: 1): of its first five 80 %" in text
        assert "lowest score 60 %, at random 20 %" in text
        assert "its risk 0.70, score 0.50" in text

    def test_without_a_work_list(self, report):
        outcome = make_outcome("linear", 1, 1, 1)
        alone = AnnotationReport((AnnotatedSequence("one", 50, (outcome,)),))
        assert "Work list" not in tabulate_annotation(alone)
