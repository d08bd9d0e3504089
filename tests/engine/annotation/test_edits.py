"""What each edit does, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcot_engine.annotation import (
    Box,
    By,
    Document,
    Edit,
    Origin,
    Rejection,
    Span,
    SpanKind,
    edits,
)
from fcot_engine.annotation.targets import (
    add_rejections,
    add_span,
    find_span,
    is_same_thing,
    rejected_at,
    take_out_frames,
    take_out_rejections,
)
from fcot_engine.errors import EditError

BOX = (1.0, 2.0, 30.0, 40.0)
AWAY, HIDDEN = SpanKind.OUT_OF_VIEW, SpanKind.OCCLUDED


class Desk:
    """Short ways to do edits."""

    def __init__(self):
        self.document = Document()

    @property
    def annotations(self):
        return self.document.annotations

    def do(self, make, *arguments, **options):
        self.document.do(make(self.annotations, *arguments, **options))

    def target(self, *drawn, tracked=(), x=1.0, score=0.5):
        target = self.annotations.next_id
        self.do(edits.add_target)
        for frame in drawn:
            self.do(edits.draw_box, target, frame, (x, 2.0, 30.0, 40.0))
        self.track(target, *tracked, x=x, score=score)
        return target

    def track(self, target, *frames, x=1.0, score=0.5):
        if frames:
            makers = self.annotations.makers
            boxes = [
                Box(f, (x, 2.0, 30.0, 40.0), Origin.TRACKED, score) for f in frames
            ]
            rows = np.concatenate([box.to_rows(makers) for box in boxes])
            self.document.do(
                edits.put_found(
                    self.annotations,
                    {target: (np.array(frames), rows)},
                    kind="run",
                    text="found",
                )
            )

    def frames(self, target):
        return self.annotations[target].boxes.frames().tolist()

    def left(self, target, frame):
        return self.annotations[target].boxes.get(frame).box_xywh[0]

    def info(self, target):
        return self.annotations[target].info


@pytest.fixture
def desk():
    return Desk()


class TestTargets:
    def test_ids_names_and_colours_are_given(self, desk):
        desk.do(edits.add_target, class_name="bird")
        desk.do(edits.add_target, name="Ann", colour="#123456")
        first, second = (target.info for target in desk.annotations)
        assert (first.target_id, first.name, first.colour) == (1, "bird 1", "#e69f00")
        assert (second.target_id, second.name, second.colour) == (2, "Ann", "#123456")

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            pytest.param({"name": " "}, "needs a name", id="name"),
            pytest.param({"class_name": ""}, "needs a name", id="class"),
            pytest.param({"colour": "red"}, "#rrggbb, got 'red'", id="colour"),
            pytest.param({"attributes": {"k": [1]}}, "An attribute must", id="list"),
            pytest.param({"attributes": {"k": float("nan")}}, "finite", id="nan"),
        ],
    )
    def test_useless_descriptions_are_refused(self, desk, options, message):
        with pytest.raises(EditError, match=message):
            desk.do(edits.add_target, **options)
        assert len(desk.annotations) == 0

    def test_describing_changes_only_what_is_given(self, desk):
        target = desk.target()
        desk.do(edits.describe_target, target, attributes={"sex": "f", "age": 3})
        desk.do(edits.describe_target, target, name="Bo")
        assert desk.info(target).attributes == {"sex": "f", "age": 3}
        assert desk.info(target).name == "Bo"

    def test_removed_target_comes_back_with_its_boxes(self, desk):
        target = desk.target(3, tracked=[4, 5])
        desk.do(edits.remove_target, target)
        assert target not in desk.annotations
        desk.document.undo()
        assert desk.frames(target) == [3, 4, 5]


class TestBoxes:
    def test_moving_a_corrected_box_stays_corrected(self, desk):
        target = desk.target(tracked=[3])
        for _ in range(2):
            desk.do(edits.draw_box, target, 3, BOX)
        assert desk.annotations[target].boxes.get(3).origin is Origin.CORRECTED

    def test_deleting_a_missing_box_is_refused(self, desk):
        target = desk.target(3)
        with pytest.raises(EditError, match="no box in frame 4"):
            desk.do(edits.delete_box, target, 4)
        desk.do(edits.delete_box, target, 3)
        assert target in desk.annotations and desk.frames(target) == []

    def test_cleaning_keeps_human_boxes(self, desk):
        target = desk.target(3, 6, tracked=range(10))
        desk.do(edits.delete_machine_boxes, target, 2, 7)
        assert desk.frames(target) == [0, 1, 3, 6, 8, 9]

    def test_interpolated_boxes_lie_evenly(self, desk):
        target = desk.target(0)
        desk.do(edits.draw_box, target, 4, (9.0, 2.0, 30.0, 60.0))
        desk.do(edits.interpolate, target, 0, 4)
        box = desk.annotations[target].boxes.get(1)
        assert box.box_xywh == (3.0, 2.0, 30.0, 45.0)
        assert box.origin is Origin.INTERPOLATED

    def test_interpolation_needs_both_ends(self, desk):
        target = desk.target(0)
        with pytest.raises(EditError, match="needs a box in two frames"):
            desk.do(edits.interpolate, target, 0, 4)


class TestSpans:
    def test_out_of_view_takes_boxes_away(self, desk):
        target = desk.target(4, tracked=range(10))
        desk.do(edits.mark_span, target, 3, 5, AWAY)
        assert desk.frames(target) == [0, 1, 2, 6, 7, 8, 9]

    def test_occluded_keeps_boxes(self, desk):
        target = desk.target(4, tracked=range(10))
        desk.do(edits.mark_span, target, 3, 5, HIDDEN)
        assert desk.frames(target) == list(range(10))

    def test_machines_put_nothing_out_of_view(self, desk):
        target = desk.target(0)
        desk.do(edits.mark_span, target, 3, 5, AWAY)
        desk.track(target, *range(10))
        assert desk.frames(target) == [0, 1, 2, 6, 7, 8, 9]

    def test_box_drawn_out_of_view_cuts_the_span(self, desk):
        target = desk.target()
        desk.do(edits.mark_span, target, 3, 7, AWAY)
        desk.do(edits.draw_box, target, 5, BOX)
        assert desk.info(target).spans == (Span(3, 4, AWAY), Span(6, 7, AWAY))

    def test_cleared_marks_leave_boxes_alone(self, desk):
        target = desk.target(4)
        desk.do(edits.mark_span, target, 3, 5, HIDDEN)
        desk.do(edits.clear_span, target, 4, 9)
        assert desk.info(target).spans == (Span(3, 3, HIDDEN),)
        assert desk.frames(target) == [4]

    def test_range_the_wrong_way_round_is_refused(self, desk):
        target = desk.target()
        with pytest.raises(EditError, match="got 5 to 3"):
            desk.do(edits.mark_span, target, 5, 3, AWAY)

    def test_ending_takes_what_lies_behind(self, desk):
        target = desk.target(4, 8, tracked=range(10))
        desk.do(edits.mark_span, target, 5, 9, HIDDEN)
        desk.do(edits.end_target, target, 6)
        assert desk.frames(target) == [0, 1, 2, 3, 4, 5, 6]
        assert desk.info(target).spans == (Span(5, 6, HIDDEN),)

    def test_drawing_behind_the_end_lifts_it(self, desk):
        target = desk.target(4)
        desk.do(edits.end_target, target, 6)
        desk.do(edits.draw_box, target, 9, BOX)
        assert desk.info(target).end_frame is None


class TestIdentities:
    def test_split_moves_what_lies_behind_to_a_new_target(self, desk):
        target = desk.target(0, 6, tracked=range(10))
        desk.do(edits.mark_span, target, 2, 7, HIDDEN)
        desk.do(edits.split_target, target, 5)
        new = desk.annotations.next_id - 1
        assert desk.frames(target) == [0, 1, 2, 3, 4]
        assert desk.frames(new) == [5, 6, 7, 8, 9]
        assert desk.annotations[new].boxes.get(6).is_human
        assert desk.info(target).spans == (Span(2, 4, HIDDEN),)
        assert desk.info(new).spans == (Span(5, 7, HIDDEN),)

    def test_split_with_nothing_on_one_side_is_refused(self, desk):
        target = desk.target(3)
        with pytest.raises(EditError, match="no boxes on one side of frame 3"):
            desk.do(edits.split_target, target, 3)

    def test_merge_prefers_drawn_boxes_then_scores(self, desk):
        first = desk.target(0, tracked=[1, 2, 3], x=1.0, score=0.5)
        second = desk.target(3, tracked=[0, 1, 2, 4], x=7.0, score=0.9)
        desk.track(second, 1, x=7.0, score=0.1)
        desk.do(edits.merge_targets, first, second)
        assert second not in desk.annotations
        assert [desk.left(first, f) for f in range(5)] == [1.0, 1.0, 7.0, 7.0, 7.0]

    def test_merge_of_two_drawn_boxes_is_refused(self, desk):
        first, second = desk.target(4, x=1.0), desk.target(4, x=9.0)
        with pytest.raises(EditError, match="both drawn in frame 4"):
            desk.do(edits.merge_targets, first, second)
        assert desk.frames(second) == [4]

    def test_boxes_of_one_win_over_the_others_out_of_view(self, desk):
        first, second = desk.target(0), desk.target(5)
        desk.do(edits.mark_span, first, 3, 7, AWAY)
        desk.do(edits.merge_targets, first, second)
        assert desk.frames(first) == [0, 5]
        assert desk.info(first).spans == (Span(3, 4, AWAY), Span(6, 7, AWAY))

    def test_swap_exchanges_what_lies_behind(self, desk):
        first = desk.target(0, tracked=range(1, 8), x=1.0)
        second = desk.target(0, tracked=range(1, 6), x=9.0)
        desk.do(edits.mark_span, first, 2, 7, HIDDEN)
        desk.do(edits.swap_targets, first, second, 4)
        assert [desk.left(first, f) for f in range(6)] == [1, 1, 1, 1, 9, 9]
        assert desk.frames(second) == list(range(8))
        assert desk.info(first).spans == (Span(2, 3, HIDDEN),)
        assert desk.info(second).spans == (Span(4, 7, HIDDEN),)

    @pytest.mark.parametrize("make", [edits.merge_targets, edits.swap_targets])
    def test_with_itself_is_refused(self, desk, make):
        target = desk.target(0)
        arguments = (
            (target, target) if make is edits.merge_targets else (target, target, 0)
        )
        with pytest.raises(EditError, match="with itself"):
            desk.do(make, *arguments)


class TestHistory:
    def test_nothing_to_undo_or_redo_is_said(self):
        document = Document()
        with pytest.raises(EditError, match="nothing to undo"):
            document.undo()
        with pytest.raises(EditError, match="nothing to redo"):
            document.redo()

    def test_stale_edit_is_refused_and_changes_nothing(self, desk):
        target = desk.target(0)
        stale = edits.draw_box(desk.annotations, target, 0, (9.0, 9.0, 9.0, 9.0))
        desk.do(edits.draw_box, target, 0, (5.0, 5.0, 5.0, 5.0))
        with pytest.raises(EditError, match="changed by something else"):
            desk.document.do(stale)
        assert desk.left(target, 0) == 5.0

    def test_edit_is_done_as_a_whole_or_not_at_all(self, desk):
        target = desk.target(0)
        good = edits.draw_box(desk.annotations, target, 5, BOX).changes
        bad = edits.add_target(desk.annotations).changes
        with pytest.raises(EditError):
            desk.document.do(Edit("two", "two", By.HUMAN, (*good, *bad, *bad)))
        assert desk.frames(target) == [0]
        assert desk.annotations.next_id == 2

    def test_oldest_edits_are_forgotten_beyond_the_limit(self, monkeypatch):
        monkeypatch.setattr("fcot_engine.annotation.project._MOST_EDIT_BYTES", 2000)
        document = Document()
        for _ in range(30):
            document.do(edits.add_target(document.annotations))
        assert 1 <= len(list(document.project.edits())) < 20
        assert not document.project.has_first_edit
        while document.can_undo:
            document.undo()
        assert len(document.annotations) > 10

    def test_newest_edit_is_kept_however_large_it_is(self, monkeypatch):
        monkeypatch.setattr("fcot_engine.annotation.project._MOST_EDIT_BYTES", 10)
        document = Document()
        document.do(edits.add_target(document.annotations))
        document.do(edits.add_target(document.annotations))
        document.undo()
        assert len(document.annotations) == 1 and not document.can_undo


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


A, B = (0.0, 0.0, 10.0, 10.0), (50.0, 0.0, 10.0, 10.0)


def test_places_are_ordered_by_frame_and_age():
    known = add_rejections((), 7, [A])
    known = add_rejections(known, 3, [B, A])
    assert known == (Rejection(3, B), Rejection(3, A), Rejection(7, A))
    assert rejected_at(known, 3) == (B, A)


def test_same_thing_is_noted_once_where_it_was_seen_last():
    moved = (2.0, 0.0, 10.0, 10.0)
    assert is_same_thing(A, moved)
    assert rejected_at(add_rejections((), 3, [A, B, moved]), 3) == (B, moved)


def test_newest_few_of_a_frame_are_kept():
    boxes = [(20.0 * n, 0.0, 10.0, 10.0) for n in range(7)]
    assert rejected_at(add_rejections((), 3, boxes), 3) == tuple(boxes[-4:])


def test_frames_can_be_left_out():
    known = tuple(Rejection(frame, A) for frame in range(6))
    left = take_out_rejections(known, 2, 4)
    assert [one.frame_index for one in left] == [0, 1, 5]


def test_boxes_that_overlap_little_are_other_things():
    assert not is_same_thing(A, (5.0, 0.0, 10.0, 10.0))
    assert not is_same_thing(A, B)
