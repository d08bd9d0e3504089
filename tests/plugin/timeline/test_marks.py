"""Boxes, spans and ends in numbers."""

from __future__ import annotations

import pytest

from fcot_engine.annotation import Origin, Span, SpanKind
from napari_fcot.timeline.marks import Mark, marks_of_rows, marks_of_spans


class TestMarksOfRows:
    @pytest.mark.parametrize(
        ("origin", "is_lost", "mark"),
        [
            pytest.param(Origin.NONE, False, Mark.NONE, id="no_box"),
            pytest.param(Origin.TRACKED, False, Mark.MACHINE, id="tracked"),
            pytest.param(Origin.TRACKED, True, Mark.MACHINE | Mark.LOST, id="lost"),
            pytest.param(Origin.HUMAN, False, Mark.HUMAN, id="human"),
            pytest.param(Origin.HUMAN, True, Mark.HUMAN, id="human_is_never_lost"),
            pytest.param(
                Origin.CORRECTED, False, Mark.HUMAN | Mark.CORRECTED, id="corrected"
            ),
            pytest.param(
                Origin.INTERPOLATED, False, Mark.INTERPOLATED, id="interpolated"
            ),
            pytest.param(
                Origin.IMPORTED, False, Mark.MACHINE | Mark.IMPORTED, id="imported"
            ),
        ],
    )
    def test_origin_and_loss_are_told(self, rows_of, origin, is_lost, mark):
        assert marks_of_rows(rows_of(origin, is_lost=is_lost)) == [mark]

    def test_every_origin_has_a_mark(self, rows_of):
        marks = {int(marks_of_rows(rows_of(origin))[0]) for origin in Origin}
        assert len(marks) == len(Origin)


class TestMarksOfSpans:
    def test_both_ends_are_included(self):
        spans = (Span(2, 3, SpanKind.OCCLUDED), Span(5, 5, SpanKind.OUT_OF_VIEW))
        found = marks_of_spans(spans, None, 8).tolist()
        covered, away = Mark.OCCLUDED, Mark.OUT_OF_VIEW
        assert found == [0, 0, covered, covered, 0, away, 0, 0]

    def test_a_target_is_there_in_its_last_frame(self):
        assert marks_of_spans((), 2, 5).tolist() == [0, 0, 0, Mark.ENDED, Mark.ENDED]

    def test_what_lies_beyond_the_video_is_cut_off(self):
        span = Span(3, 900, SpanKind.OCCLUDED)
        assert marks_of_spans((span,), 700, 4).tolist() == [0, 0, 0, Mark.OCCLUDED]
