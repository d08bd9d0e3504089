"""What is offered at a place of the timeline, and what of it makes sense there."""

from __future__ import annotations

import pytest

from fcot_engine.annotation import Origin, Span, SpanKind, empty_rows
from napari_fcot.timeline import FrameAction, RangeAction, TargetLine
from napari_fcot.timeline.actions import offer_frame_actions, offer_range_actions
from napari_fcot.timeline.target_row import TargetRow


@pytest.fixture
def row(rows_of):
    """Drawn in frame 5, tracked from 6 to 19, a gap up to 29, drawn in frame 30."""
    spans = (Span(15, 17, SpanKind.OCCLUDED),)
    row = TargetRow(TargetLine(3, "cup", spans=spans, end_frame=40), 50)
    row.put(5, rows_of(Origin.HUMAN))
    row.put(6, rows_of(count=14))
    row.put(30, rows_of(Origin.HUMAN))
    return row


def enabled(offers):
    return {offer.action for offer in offers if offer.is_enabled}


class TestRange:
    def test_every_action_is_offered_with_a_key_of_its_own(self, row):
        offers = offer_range_actions(row, (5, 9))
        assert [offer.action for offer in offers] == list(RangeAction)
        keys = [offer.text[offer.text.index("&") + 1].lower() for offer in offers]
        assert len(set(keys)) == len(keys)

    def test_marks_can_be_cleared_where_there_are_some(self, row):
        assert RangeAction.CLEAR_MARKS in enabled(offer_range_actions(row, (17, 25)))
        found = enabled(offer_range_actions(row, (18, 49)))  # nor is its end a mark
        assert RangeAction.CLEAR_MARKS not in found

    def test_only_boxes_that_nobody_drew_can_be_deleted(self, row):
        delete = RangeAction.DELETE_TRACKED
        assert delete in enabled(offer_range_actions(row, (5, 6)))
        assert delete not in enabled(offer_range_actions(row, (5, 5)))

    def test_interpolated_boxes_can_be_deleted(self, row, rows_of):
        row.put(22, rows_of(Origin.INTERPOLATED))
        offers = offer_range_actions(row, (21, 23))
        assert RangeAction.DELETE_TRACKED in enabled(offers)

    @pytest.mark.parametrize(
        ("selected", "between"),
        [
            pytest.param((22, 25), (19, 30), id="within_a_gap"),
            pytest.param((19, 30), (19, 30), id="to_the_frame"),
            pytest.param((8, 10), (8, 10), id="among_boxes"),
        ],
    )
    def test_interpolation_goes_from_box_to_box(self, row, selected, between):
        (offer,) = (
            offer
            for offer in offer_range_actions(row, selected)
            if offer.action is RangeAction.INTERPOLATE
        )
        assert offer.is_enabled
        assert offer.frames == between
        assert offer.text == f"&Interpolate from {between[0]} to {between[1]}"

    @pytest.mark.parametrize(
        "selected",
        [
            pytest.param((0, 8), id="no_box_before"),
            pytest.param((25, 33), id="no_box_behind"),
            pytest.param((8, 9), id="nothing_between"),
        ],
    )
    def test_interpolation_needs_two_boxes_and_room(self, row, selected):
        offers = offer_range_actions(row, selected)
        assert RangeAction.INTERPOLATE not in enabled(offers)

    @pytest.mark.parametrize(
        ("selected", "carried"),
        [
            pytest.param((6, 9), (6, 9), id="from_the_first_frame"),
            pytest.param((22, 25), (19, 25), id="from_the_box_before_a_gap"),
            pytest.param((0, 9), (5, 9), id="from_the_first_box_there_is"),
        ],
    )
    def test_propagation_begins_with_a_box(self, row, selected, carried):
        offer = offer_range_actions(row, selected)[-1]
        assert offer.action is RangeAction.PROPAGATE_WITHIN
        assert offer.is_enabled
        assert offer.frames == carried
        assert offer.text == f"&Propagate from {carried[0]} to {carried[1]}"

    def test_propagation_does_not_cross_what_is_out_of_view(self, row):
        away = Span(21, 24, SpanKind.OUT_OF_VIEW)
        row.describe(TargetLine(3, "cup", spans=(away,)))
        (*_, offer) = offer_range_actions(row, (26, 45))
        assert offer.frames == (30, 45)

    @pytest.mark.parametrize(
        "selected",
        [
            pytest.param((0, 4), id="no_box_yet"),
            pytest.param((6, 6), id="a_single_frame"),
        ],
    )
    def test_propagation_needs_a_box_and_room(self, row, selected):
        assert not offer_range_actions(row, selected)[-1].is_enabled


class TestFrame:
    @pytest.mark.parametrize(
        ("frame", "can_split"),
        [
            pytest.param(5, False, id="first_box"),
            pytest.param(6, True, id="behind_the_first_box"),
            pytest.param(25, True, id="gap"),
            pytest.param(30, True, id="last_box"),
            pytest.param(31, False, id="behind_the_last_box"),
        ],
    )
    def test_split_needs_boxes_on_both_sides(self, row, frame, can_split):
        found = enabled(offer_frame_actions(row, frame))
        assert (FrameAction.SPLIT_HERE in found) is can_split

    def test_target_without_boxes_cannot_be_split(self, row):
        row.load(empty_rows(0))
        assert enabled(offer_frame_actions(row, 5)) == {FrameAction.END_HERE}

    def test_end_is_offered_anywhere_but_at_the_end(self, row):
        assert FrameAction.END_HERE in enabled(offer_frame_actions(row, 39))
        assert FrameAction.END_HERE not in enabled(offer_frame_actions(row, 40))
