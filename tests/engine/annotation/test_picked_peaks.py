"""Picking another peak: the box moves there, its old place is a hard negative."""

from __future__ import annotations

import pytest

from fcot_engine.annotation import (
    Origin,
    Rejection,
    SpanKind,
    annotations_to_json,
    touched_frames,
)
from fcot_engine.errors import BoxError, EditError, FrameIndexError

FRAME = 10


@pytest.fixture
def tracked(one_target, finish):
    """A target that was carried to frame 30, where it was found, and a free place."""
    session, target = one_target
    finish(session.propagate(0, until=30))
    old = session.box(target, FRAME).box_xywh
    x, y, w, h = old
    return session, target, old, (x, y + 40, w, h)


@pytest.fixture
def picked(tracked):
    session, target, old, new = tracked
    session.edit.pick_peak(target, FRAME, new)
    return session, target, old, new


def rejections(session, target):
    return session.annotations[target].info.rejections


class TestEdit:
    def test_box_moves_and_the_old_place_is_rejected(self, picked):
        session, target, old, new = picked
        box = session.box(target, FRAME)
        assert (box.box_xywh, box.origin) == (new, Origin.CORRECTED)
        assert rejections(session, target) == (Rejection(FRAME, old),)

    def test_undo_and_redo_take_one_step(self, picked):
        session, target, old, new = picked
        edit = session.edit.undo()
        assert edit.kind == "pick_peak"
        assert touched_frames(edit) == {target: (FRAME, FRAME)}
        assert session.box(target, FRAME).box_xywh == old
        assert session.box(target, FRAME).origin is Origin.TRACKED
        assert rejections(session, target) == ()
        session.edit.redo()
        assert session.box(target, FRAME).box_xywh == new
        assert rejections(session, target) == (Rejection(FRAME, old),)

    def test_nudge_rejects_nothing(self, tracked):
        session, target, old, _ = tracked
        session.edit.pick_peak(target, FRAME, (old[0] + 3, *old[1:]))
        assert rejections(session, target) == ()

    def test_frame_without_a_box_rejects_nothing(self, tracked):
        session, target, _, new = tracked
        session.edit.pick_peak(target, 50, new)
        assert session.box(target, 50).origin is Origin.HUMAN
        assert rejections(session, target) == ()

    def test_places_can_be_named(self, tracked):
        session, target, old, new = tracked
        other = (150.0, 90.0, 20.0, 20.0)
        session.edit.pick_peak(target, FRAME, new, [old, other])
        places = [one.box_xywh for one in rejections(session, target)]
        assert places == [old, other]

    def test_third_peak_rejects_the_second_as_well(self, picked):
        session, target, old, new = picked
        session.edit.pick_peak(target, FRAME, (150.0, 90.0, 20.0, 20.0))
        assert [r.box_xywh for r in rejections(session, target)] == [old, new]

    def test_going_back_lifts_the_rejection(self, picked):
        session, target, old, new = picked
        session.edit.pick_peak(target, FRAME, old)
        assert [r.box_xywh for r in rejections(session, target)] == [new]

    def test_unusable_places_change_nothing(self, tracked):
        session, target, old, new = tracked
        with pytest.raises(FrameIndexError):
            session.edit.pick_peak(target, 99, new)
        with pytest.raises(BoxError):
            session.edit.pick_peak(target, FRAME, new, [(900, 0, 5, 5)])
        with pytest.raises(EditError):
            session.edit.pick_peak(77, FRAME, new)
        assert session.box(target, FRAME).box_xywh == old


class TestFollowsTheBox:
    @pytest.mark.parametrize(
        "end",
        [
            pytest.param(lambda s, t: s.edit.delete_box(t, FRAME), id="deleted"),
            pytest.param(
                lambda s, t: s.edit.end_target(t, FRAME - 1), id="ended_before"
            ),
            pytest.param(
                lambda s, t: s.edit.mark_span(t, 5, 15, SpanKind.OUT_OF_VIEW),
                id="out_of_view",
            ),
        ],
    )
    def test_it_ends_with_the_box_and_comes_back_with_it(self, picked, end):
        session, target, old, _ = picked
        end(session, target)
        assert rejections(session, target) == ()
        session.edit.undo()
        assert rejections(session, target) == (Rejection(FRAME, old),)

    def test_split_moves_it_on(self, picked):
        session, target, old, _ = picked
        new_id = session.edit.split(target, FRAME)
        assert rejections(session, target) == ()
        assert rejections(session, new_id) == (Rejection(FRAME, old),)
        session.edit.merge(target, new_id)
        assert rejections(session, target) == (Rejection(FRAME, old),)

    @pytest.mark.parametrize("first", [FRAME, FRAME + 1], ids=["from_it", "behind"])
    def test_swap_exchanges_it_from_its_frame_on(self, picked, first):
        session, target, old, _ = picked
        other = session.edit.add_target()
        session.edit.draw_box(other, 20, (5, 5, 10, 10))
        session.edit.swap(target, other, first)
        owner, free = (other, target) if first == FRAME else (target, other)
        assert rejections(session, owner) == (Rejection(FRAME, old),)
        assert rejections(session, free) == ()

    def test_occlusion_leaves_it(self, picked):
        session, target, old, _ = picked
        session.edit.mark_span(target, 5, 15, SpanKind.OCCLUDED)
        assert rejections(session, target) == (Rejection(FRAME, old),)


class TestTeaching:
    def test_trackers_learn_it_with_the_box(self, picked, shop, finish):
        session, target, old, _ = picked
        finish(session.teach(target, FRAME))
        taught = [t for t in shop.trackers if ("correct", FRAME) in t.calls]
        assert taught and all(t.rejected == [old] for t in taught)

    def test_first_lesson_of_a_tracker_can_have_some(self, tracked, shop, finish):
        session, target, old, new = tracked
        session.edit.pick_peak(target, FRAME, new)
        session.edit.delete_box(target, 0)
        finish(session.teach(target, FRAME))
        assert ("init", FRAME) in shop.trackers[0].calls
        assert shop.trackers[0].rejected == [old]

    def test_it_is_unlearned_after_undo(self, picked, shop, finish):
        session, target, *_ = picked
        finish(session.teach(target, FRAME))
        session.edit.undo()
        session.edit.undo()
        finish(session.propagate(0, until=30))
        assert shop.trackers[0].rejected == []

    def test_self_check_teaches_it_too(self, picked, shop):
        session, target, old, _ = picked
        session.edit.draw_box(target, 14, (40, 20, 24, 18))
        list(session.self_check())
        assert shop.trackers[-1].rejected == [old]


class TestReadBox:
    def test_tracker_that_knows_the_target_reads_it(self, one_target, finish):
        session, target = one_target
        finish(session.propagate(0, until=5))
        before = annotations_to_json(session.annotations)
        assert session.read_box(target, 3, (20, 20, 10, 10)) == (19, 19, 12, 12)
        assert annotations_to_json(session.annotations) == before

    def test_rough_box_comes_back_before_anything_was_learned(self, one_target):
        session, target = one_target
        assert session.read_box(target, 3, (20, 20, 10, 10)) == (20, 20, 10, 10)
