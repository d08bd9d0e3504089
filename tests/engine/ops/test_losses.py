from __future__ import annotations

import math

import pytest
import torch

from fcot_engine.errors import ConfigError, ShapeError
from fcot_engine.ops import (
    cell_points,
    encode_offsets,
    gaussian_label,
    hinge_classification_loss,
    offset_iou_loss,
)


class TestGaussianLabel:
    def test_value_by_hand(self):
        label = gaussian_label(torch.tensor([24.0, 16.0]), (4, 5), 0.9, stride=8)
        assert label.shape == (4, 5)
        assert float(label[2, 3]) == 1.0
        assert float(label[2, 4]) == pytest.approx(math.exp(-0.5 / 0.81))

    def test_sigma_must_be_positive(self):
        with pytest.raises(ConfigError, match="sigma must be above 0"):
            gaussian_label(torch.zeros(2), (3, 3), 0.0, stride=4)


class TestHingeClassificationLoss:
    def test_value_by_hand(self):
        scores = torch.tensor([-3.0, 1.0, 0.5, -1.0])
        labels = torch.tensor([0.0, 0.04, 1.0, 0.05])
        # Forgiven, 1^2, 0.5^2, and 1.05^2 since 0.05 is no background.
        expected = (0.0 + 1.0 + 0.25 + 1.1025) / 4
        loss = hinge_classification_loss(scores, labels)
        assert float(loss) == pytest.approx(expected)

    def test_negative_background_scores_have_no_gradient(self):
        scores = torch.tensor([-1.0, 1.0], requires_grad=True)
        hinge_classification_loss(scores, torch.zeros(2)).backward()
        assert scores.grad is not None
        assert scores.grad.tolist() == [0.0, 1.0]


BOX = (8.0, 12.0, 36.0, 28.0)  # centre (22, 20): cell (row 5, column 5) of stride 4


def _perfect(box=BOX, *, size=(12, 12), unit_px=1.0):
    offsets = encode_offsets(torch.tensor(box), cell_points(size, stride=4))
    return offsets.permute(2, 0, 1)[None] / unit_px


def _supervised(boxes, radius):
    """Cells in which the loss looks at the offsets: those that it has a gradient in."""
    offsets = torch.ones(len(boxes), 4, 12, 12, requires_grad=True)
    offset_iou_loss(offsets, boxes, stride=4, radius=radius).backward()
    return offsets.grad.abs().sum(1).nonzero().tolist()


class TestSupervisedCells:
    def test_square_around_the_centre_cell(self):
        assert _supervised(torch.tensor([BOX]), 1) == [
            [0, i, j] for i in (4, 5, 6) for j in (4, 5, 6)
        ]

    def test_rows_hold_y_and_columns_hold_x(self):
        assert _supervised(torch.tensor([[30.0, 2.0, 42.0, 18.0]]), 0) == [[0, 2, 9]]

    def test_cells_outside_a_small_box_or_the_map_are_left_out(self):
        boxes = torch.tensor([[20.0, 8.0, 24.0, 30.0], [-3.0, -3.0, 7.0, 7.0]])
        cells = _supervised(boxes, 2)
        assert {column for image, _, column in cells if image == 0} == {5}
        assert [cell for cell in cells if cell[0] == 1] == [
            [1, 0, 0], [1, 0, 1], [1, 1, 0], [1, 1, 1],
        ]  # fmt: skip


class TestOffsetIouLoss:
    @pytest.mark.parametrize("unit", ["cells", "px"])
    def test_perfect_offsets_cost_nothing(self, unit):
        offsets = _perfect(unit_px=4.0 if unit == "cells" else 1.0)
        loss = offset_iou_loss(offsets, torch.tensor([BOX]), stride=4, unit=unit)
        assert float(loss) == pytest.approx(0.0, abs=1e-6)

    def test_value_by_hand(self):
        # One cell, true box 7 x 4 cells; predicted half as wide: I = 14, U = 28.
        offsets = _perfect(unit_px=4.0).clone()
        offsets[:, :2] /= 2
        loss = offset_iou_loss(offsets, torch.tensor([BOX]), stride=4, radius=0)
        assert float(loss) == pytest.approx(-math.log(15 / 29), rel=1e-5)

    def test_small_smoothing_in_px_is_the_plain_iou(self):
        offsets = _perfect().clone()
        offsets[:, :2] /= 2
        loss = offset_iou_loss(
            offsets, torch.tensor([BOX]), stride=4, unit="px", smooth=1e-6
        )
        assert float(loss) == pytest.approx(math.log(2), rel=1e-5)

    def test_only_supervised_cells_count(self):
        offsets = _perfect(unit_px=4.0).clone()
        offsets[0, :, 0, 0] = 100.0
        offsets.requires_grad_()
        loss = offset_iou_loss(offsets, torch.tensor([BOX]), stride=4)
        loss.backward()
        assert float(loss.detach()) == pytest.approx(0.0, abs=1e-6)
        assert offsets.grad is not None
        assert not offsets.grad[0, :, 0, 0].any()

    def test_nothing_to_supervise_gives_zero(self):
        offsets = torch.rand(1, 4, 6, 6, requires_grad=True)
        far = torch.tensor([[500.0, 500.0, 520.0, 520.0]])
        loss = offset_iou_loss(offsets, far, stride=4)
        loss.backward()
        assert float(loss.detach()) == 0.0
        assert offsets.grad is not None
        assert not offsets.grad.any()

    def test_two_negative_extents_are_no_area(self):
        offsets = torch.full((1, 4, 12, 12), -3.0)
        loss = offset_iou_loss(offsets, torch.tensor([BOX]), stride=4, radius=0)
        assert float(loss) == pytest.approx(math.log(29), rel=1e-5)  # I = 0, U = 28

    def test_gradient(self):
        generator = torch.Generator().manual_seed(2)
        offsets = 1 + torch.rand(1, 4, 12, 12, generator=generator, dtype=torch.float64)
        boxes = torch.tensor([BOX], dtype=torch.float64)
        assert torch.autograd.gradcheck(
            lambda o: offset_iou_loss(o, boxes, stride=4, radius=1),
            (offsets.requires_grad_(),),
        )

    def test_wrong_shape_is_named(self):
        with pytest.raises(ShapeError, match=r"offsets must have shape \(2, 4, H, W\)"):
            offset_iou_loss(torch.zeros(1, 4, 5, 5), torch.zeros(2, 4), stride=4)

    def test_smoothing_must_be_positive(self):
        with pytest.raises(ConfigError, match="smooth must be above 0"):
            offset_iou_loss(
                torch.zeros(1, 4, 5, 5), torch.zeros(1, 4), stride=4, smooth=0.0
            )
