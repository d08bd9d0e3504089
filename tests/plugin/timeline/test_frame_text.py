"""Tooltips in words."""

from __future__ import annotations

import pytest

from fcot_engine.annotation import Origin, Span, SpanKind
from napari_fcot.timeline import StopMark, TargetLine
from napari_fcot.timeline.frame_text import describe_frame, describe_range
from napari_fcot.timeline.target_row import TargetRow


@pytest.fixture
def row():
    spans = (Span(6, 6, SpanKind.OCCLUDED), Span(7, 7, SpanKind.OUT_OF_VIEW))
    return TargetRow(TargetLine(2, "cup", spans=spans, end_frame=8), 10)


@pytest.mark.parametrize(
    ("origin", "is_lost", "words"),
    [
        pytest.param(Origin.NONE, False, "no box", id="none"),
        pytest.param(Origin.HUMAN, False, "drawn by you", id="human"),
        pytest.param(Origin.CORRECTED, False, "corrected by you", id="corrected"),
        pytest.param(Origin.TRACKED, False, "tracked, score 0.25", id="tracked"),
        pytest.param(Origin.TRACKED, True, "lost, score 0.25", id="lost"),
        pytest.param(Origin.INTERPOLATED, False, "interpolated", id="interpolated"),
        pytest.param(Origin.IMPORTED, False, "imported, score 0.25", id="imported"),
    ],
)
def test_origin_and_score_are_said(row, rows_of, origin, is_lost, words):
    row.put(4, rows_of(origin, 0.25, is_lost=is_lost))
    assert describe_frame(4, row) == f"Frame 4 · cup: {words}"


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        pytest.param(6, "no box · occluded", id="occluded"),
        pytest.param(7, "out of view", id="out_of_view"),
        pytest.param(9, "behind its end", id="ended"),
    ],
)
def test_what_a_person_said_is_repeated(row, frame, words):
    assert describe_frame(frame, row) == f"Frame {frame} · cup: {words}"


def test_box_of_an_occluded_target_is_described_too(row, rows_of):
    row.put(6, rows_of(score=0.25))
    assert describe_frame(6, row).endswith("tracked, score 0.25 · occluded")


def test_ruler_has_just_the_frame():
    assert describe_frame(4, None) == "Frame 4"


def test_stop_says_why(row):
    stops = (StopMark(4, 2, "second peak"), StopMark(4, 1, "another target"))
    text = describe_frame(4, row, stops)
    assert text.endswith("no box · worth a look (second peak)")


def test_range_is_counted():
    assert describe_range((5, 5)) == "Frames 5 to 5 selected (1)"
    assert describe_range((5, 9), "cup") == "Frames 5 to 9 of cup selected (5)"
