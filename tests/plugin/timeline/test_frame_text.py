"""Tooltips in words."""

from __future__ import annotations

import pytest

from napari_fcot.timeline import StopMark
from napari_fcot.timeline.frame_text import describe_frame, describe_range
from napari_fcot.timeline.target_row import Mark, TargetRow


@pytest.fixture
def row():
    return TargetRow(2, 10, "cup")


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        pytest.param(Mark.NONE, "no box", id="none"),
        pytest.param(Mark.HUMAN, "drawn by you", id="human"),
        pytest.param(Mark.HUMAN | Mark.CORRECTED, "corrected by you", id="corrected"),
        pytest.param(Mark.MACHINE, "tracked, score 0.25", id="tracked"),
        pytest.param(Mark.MACHINE | Mark.LOST, "lost, score 0.25", id="lost"),
    ],
)
def test_origin_and_score_are_said(row, mark, words):
    row.put(4, mark, 0.25)
    assert describe_frame(4, row) == f"Frame 4 · target 2 · cup: {words}"


def test_ruler_has_just_the_frame():
    assert describe_frame(4, None) == "Frame 4"


def test_stop_says_why(row):
    stops = (StopMark(4, 2, "second peak"), StopMark(4, 1, "another target"))
    text = describe_frame(4, row, stops)
    assert text.endswith("no box · worth a look (second peak)")


def test_range_is_counted():
    assert describe_range((5, 5)) == "Frames 5 to 5 selected (1)"
