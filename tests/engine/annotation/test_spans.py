from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fcot_engine.annotation import Span, SpanKind
from fcot_engine.annotation.targets import add_span, find_span, take_out_frames

HIDDEN, AWAY = SpanKind.OCCLUDED, SpanKind.OUT_OF_VIEW

ranges = st.tuples(st.integers(0, 20), st.integers(0, 20)).map(sorted)
marks = st.lists(st.tuples(ranges, st.sampled_from([HIDDEN, AWAY, None])), max_size=12)


def test_touching_spans_of_a_kind_become_one():
    assert add_span((Span(0, 3, AWAY),), Span(4, 6, AWAY)) == (Span(0, 6, AWAY),)


def test_new_span_covers_an_old_one_of_the_other_kind():
    spans = add_span((Span(0, 9, HIDDEN),), Span(3, 5, AWAY))
    assert spans == (Span(0, 2, HIDDEN), Span(3, 5, AWAY), Span(6, 9, HIDDEN))


def test_hole_parts_a_span():
    assert take_out_frames((Span(0, 9, AWAY),), 4, 4) == (
        Span(0, 3, AWAY),
        Span(5, 9, AWAY),
    )


@given(marks)
def test_spans_say_of_each_frame_what_was_said_last(marks):
    spans, expected = (), [None] * 21
    for (first, last), kind in marks:
        if kind is None:
            spans = take_out_frames(spans, first, last)
        else:
            spans = add_span(spans, Span(first, last, kind))
        expected[first : last + 1] = [kind] * (last - first + 1)
    found = [find_span(spans, frame) for frame in range(21)]
    assert [span and span.kind for span in found] == expected
    assert list(spans) == sorted(spans)
