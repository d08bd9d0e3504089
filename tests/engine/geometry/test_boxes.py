from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fcot_engine.errors import BoxError, ShapeError
from fcot_engine.geometry import (
    box_iou,
    check_box_in_frame,
    fit_drawn_box,
    xywh_to_xyxy,
    xyxy_to_xywh,
)

UNIT = (0.0, 0.0, 1.0, 1.0)

places = st.floats(-1e4, 1e4)
sides = st.floats(1e-3, 1e4)
boxes = st.tuples(places, places, sides, sides)


def tensor(*values):
    return torch.tensor(values, dtype=torch.float64)


class TestConversions:
    @given(boxes)
    def test_xywh_round_trip(self, box):
        torch.testing.assert_close(
            xyxy_to_xywh(xywh_to_xyxy(tensor(*box))), tensor(*box), atol=1e-9, rtol=0
        )

    @pytest.mark.parametrize("convert", [xywh_to_xyxy, xyxy_to_xywh])
    def test_leading_dims_are_free_and_inputs_stay(self, convert):
        many = torch.rand(2, 3, 4)
        before = many.clone()
        converted = convert(many)
        assert converted.shape == (2, 3, 4)
        torch.testing.assert_close(converted[1, 2], convert(many[1, 2]))
        assert torch.equal(many, before)

    @pytest.mark.parametrize(
        ("convert", "name"),
        [
            (xywh_to_xyxy, "boxes_xywh"),
            (xyxy_to_xywh, "boxes_xyxy"),
        ],
    )
    def test_wrong_last_dim_is_named(self, convert, name):
        with pytest.raises(ShapeError, match=rf"{name} must have shape \(\*, 4\)"):
            convert(torch.zeros(2, 3))


class TestBoxIou:
    @pytest.mark.parametrize(
        ("other", "expected"),
        [
            pytest.param(UNIT, 1.0, id="same"),
            pytest.param((0.5, 0.0, 1.5, 1.0), 1 / 3, id="half_overlap"),
            pytest.param((0.5, 0.5, 1.5, 1.5), 1 / 7, id="quarter_overlap"),
            pytest.param((0.25, 0.25, 0.75, 0.75), 0.25, id="inside"),
            pytest.param((1.0, 0.0, 2.0, 1.0), 0.0, id="touching"),
            pytest.param((2.0, 0.0, 3.0, 1.0), 0.0, id="apart_on_one_axis"),
            pytest.param((2.0, 2.0, 3.0, 3.0), 0.0, id="apart_on_both_axes"),
            pytest.param((0.5, 0.5, 0.5, 0.5), 0.0, id="empty"),
        ],
    )
    def test_value(self, other, expected):
        assert float(box_iou(tensor(*UNIT), tensor(*other))) == pytest.approx(expected)

    def test_two_empty_boxes_give_zero(self):
        assert float(box_iou(torch.zeros(4), torch.zeros(4))) == 0

    def test_boxes_broadcast(self):
        ious = box_iou(torch.rand(5, 1, 4), torch.rand(3, 4))
        assert ious.shape == (5, 3)

    @given(boxes, boxes)
    def test_symmetric_and_from_zero_to_one(self, a, b):
        first, second = xywh_to_xyxy(tensor(*a)), xywh_to_xyxy(tensor(*b))
        iou = float(box_iou(first, second))
        assert 0 <= iou <= 1 + 1e-9
        assert iou == float(box_iou(second, first))

    def test_wrong_last_dim_is_named(self):
        with pytest.raises(ShapeError, match=r"b_xyxy must have shape \(\*, 4\)"):
            box_iou(torch.zeros(4), torch.zeros(3))


class TestCheckBoxInFrame:
    @pytest.mark.parametrize(
        ("box", "expected"),
        [
            pytest.param((10, 20, 30, 15), (10, 20, 30, 15), id="inside"),
            pytest.param((0, 0, 100, 50), (0, 0, 100, 50), id="whole_frame"),
            pytest.param((-5, -10, 30, 15), (0, 0, 25, 5), id="over_top_left"),
            pytest.param((90, 40, 30, 15), (90, 40, 10, 10), id="over_bottom_right"),
            pytest.param((-9, 5, 300, 10), (0, 5, 100, 10), id="wider_than_the_frame"),
            pytest.param((-0.5, -0.5, 101, 51), (0, 0, 100, 50), id="half_a_pixel"),
        ],
    )
    def test_box_is_cut_at_the_border(self, box, expected):
        assert check_box_in_frame(box, width=100, height=50) == pytest.approx(expected)

    @pytest.mark.parametrize(
        ("box", "message"),
        [
            pytest.param((120, 5, 9, 9), "outside the frame of 100x50", id="right"),
            pytest.param((-20, 5, 9, 9), "outside the frame of 100x50", id="left"),
            pytest.param((5, 50, 9, 9), "outside the frame of 100x50", id="below"),
            pytest.param((5, -9, 9, 9), "outside the frame of 100x50", id="above"),
            pytest.param((5, 5, 0, 9), "above 0, got x=5, y=5, width=0", id="no_width"),
            pytest.param((5, 5, 9, 0), "above 0", id="no_height"),
            pytest.param((5, 5, -9, 9), "above 0", id="negative_width"),
            pytest.param((5, 5, 9, -9), "above 0", id="negative_height"),
            pytest.param((math.nan, 5, 9, 9), "finite numbers, got x=nan", id="nan"),
            pytest.param((5, 5, math.inf, 9), "finite numbers", id="infinite"),
            pytest.param((-9, -9, 130, 80), "larger than the frame", id="too_large"),
            pytest.param((5, 5, 9), "four numbers .* got 3", id="three_numbers"),
            pytest.param((5, 5, 9, 9, 9), "four numbers .* got 5", id="five_numbers"),
            pytest.param((), "four numbers .* got 0", id="nothing"),
        ],
    )
    def test_unusable_box_is_refused_in_one_line(self, box, message):
        with pytest.raises(BoxError, match=message) as caught:
            check_box_in_frame(box, width=100, height=50)
        assert "\n" not in str(caught.value)

    def test_message_calls_the_box_by_its_name(self):
        with pytest.raises(BoxError, match=r"^--box must be four numbers"):
            check_box_in_frame((1, 2), width=10, height=10, name="--box")

    @given(st.tuples(places, places, sides, sides))
    def test_what_passes_lies_in_the_frame_and_has_an_area(self, box):
        try:
            x, y, w, h = check_box_in_frame(box, width=100, height=50)
        except BoxError:
            return
        assert x >= 0 and y >= 0 and w > 0 and h > 0
        assert x + w <= 100 + 1e-9 and y + h <= 50 + 1e-9


class TestFitDrawnBox:
    @pytest.mark.parametrize(
        ("box", "expected"),
        [
            pytest.param((5, 5, 9, 9), (5, 5, 9, 9), id="inside"),
            pytest.param((-1, 5, 20, 9), (0, 5, 19, 9), id="slip_is_cut"),
            pytest.param((95, 5, 20, 9), (95, 5, 20, 9), id="half_outside_is_kept"),
        ],
    )
    def test_border(self, box, expected):
        assert fit_drawn_box(box, width=100, height=50) == pytest.approx(expected)

    def test_box_outside_is_refused(self):
        with pytest.raises(BoxError, match="outside the frame of 100x50"):
            fit_drawn_box((120, 5, 9, 9), width=100, height=50)
