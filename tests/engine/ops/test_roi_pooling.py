from __future__ import annotations

import itertools

import pytest
import torch

from fcot_engine.errors import ConfigError, ShapeError
from fcot_engine.ops import prroi_pool

BOXES_CELLS = [
    pytest.param((1.3, 0.7, 4.9, 3.2), id="inside"),
    pytest.param((-1.7, -2.2, 2.4, 1.9), id="crosses_top_left"),
    pytest.param((3.1, 2.5, 8.3, 7.7), id="crosses_bottom_right"),
    pytest.param((2.15, 1.35, 2.65, 1.95), id="smaller_than_a_cell"),
    pytest.param((1.0, 1.0, 4.0, 3.0), id="on_cell_centres"),
    pytest.param((-3.0, -3.0, 9.0, 9.0), id="larger_than_the_map"),
]


def _random(*shape, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(3), dtype=dtype)


def _interpolate(feature, y, x):
    """Bilinear value at one place, zeros outside; an explicit loop over cells."""
    total = 0.0
    for i in range(feature.shape[0]):
        for j in range(feature.shape[1]):
            hat = max(0.0, 1 - abs(y - i)) * max(0.0, 1 - abs(x - j))
            total += hat * float(feature[i, j])
    return total


def _integrate_bin(feature, x0, y0, x1, y1, steps=24):
    """Mean over a bin by the midpoint rule between the kinks of the interpolant.

    Between two whole numbers the interpolant is linear on each axis, so the midpoint
    rule is exact once the bin is cut there.
    """

    def cuts(low, high):
        inner = [float(k) for k in range(-steps, steps) if low < k < high]
        return [low, *inner, high]

    ys, xs, total = cuts(y0, y1), cuts(x0, x1), 0.0
    for top, bottom in itertools.pairwise(ys):
        for left, right in itertools.pairwise(xs):
            value = _interpolate(feature, (top + bottom) / 2, (left + right) / 2)
            total += value * (bottom - top) * (right - left)
    return total / ((y1 - y0) * (x1 - x0))


class TestPrroiPool:
    @pytest.mark.parametrize("box", BOXES_CELLS)
    def test_equals_numerical_integration(self, box):
        feature = _random(5, 6)
        pooled = prroi_pool(
            feature[None, None], torch.tensor([box], dtype=torch.float64), 3, stride=1
        )
        x0, y0, x1, y1 = box
        w, h = (x1 - x0) / 3, (y1 - y0) / 3
        expected = [
            [
                _integrate_bin(
                    feature, x0 + j * w, y0 + i * h, x0 + (j + 1) * w, y0 + (i + 1) * h
                )
                for j in range(3)
            ]
            for i in range(3)
        ]
        torch.testing.assert_close(
            pooled[0, 0],
            torch.tensor(expected, dtype=torch.float64),
            atol=1e-10,
            rtol=0,
        )

    def test_several_boxes_a_map_equal_one_by_one(self):
        features = _random(2, 3, 8, 9)
        boxes = torch.rand(2, 4, 4, generator=torch.Generator().manual_seed(1)) * 30
        boxes = torch.cat(
            [boxes[..., :2], boxes[..., :2] + boxes[..., 2:]], -1
        ).double()
        together = prroi_pool(features, boxes, 3, stride=8)
        for k in range(4):
            alone = prroi_pool(features, boxes[:, k], 3, stride=8)
            torch.testing.assert_close(together[:, k], alone)

    @pytest.mark.parametrize(
        "box", [(8.0, 4.0, 8.0, 20.0), (4.0, 8.0, 20.0, 8.0), (20.0, 8.0, 4.0, 30.0)],
        ids=["no_width", "no_height", "turned_over"],
    )  # fmt: skip
    def test_box_without_area_gives_zero_and_finite_gradients(self, box):
        features = _random(1, 2, 6, 6).requires_grad_()
        boxes = torch.tensor([box], dtype=torch.float64, requires_grad=True)
        pooled = prroi_pool(features, boxes, 4, stride=4)
        pooled.sum().backward()
        assert torch.equal(pooled, torch.zeros_like(pooled))
        assert boxes.grad is not None
        assert boxes.grad.isfinite().all()
        assert features.grad is not None
        assert features.grad.isfinite().all()

    def test_offset_half_puts_cell_centres_inside_cells(self):
        """On a ramp of pixel coordinates the mean over a box is the box centre."""
        stride, cells = 4, 12
        centres = (torch.arange(cells, dtype=torch.float64) + 0.5) * stride
        ramp = torch.stack(
            [centres.expand(cells, -1), centres[:, None].expand(-1, cells)]
        )
        box = torch.tensor([[9.3, 14.2, 21.7, 30.4]], dtype=torch.float64)
        pooled = prroi_pool(ramp[None], box, 1, stride=stride, offset=0.5).flatten()
        expected = torch.tensor([15.5, 22.3], dtype=torch.float64)
        torch.testing.assert_close(pooled, expected)

    def test_gradients_of_features_and_boxes(self):
        features = _random(2, 2, 4, 5).requires_grad_()
        boxes = torch.tensor(
            [[1.3, 0.7, 9.1, 6.2], [-3.3, 2.1, 4.7, 12.9]], dtype=torch.float64
        ).requires_grad_()
        assert torch.autograd.gradcheck(
            lambda f, b: prroi_pool(f, b, 2, stride=2.5, offset=0.5), (features, boxes)
        )

    @pytest.mark.parametrize("boxes_shape", [(3, 4), (4,), (2, 1, 1, 4)])
    def test_boxes_that_do_not_fit_are_named(self, boxes_shape):
        with pytest.raises(ShapeError, match=r"boxes_xyxy must have shape \(2, 4\)"):
            prroi_pool(torch.zeros(2, 1, 4, 4), torch.zeros(boxes_shape), 2, stride=4)

    @pytest.mark.parametrize(("bins", "stride"), [(0, 4), (2, 0), ((2, -1), 4)])
    def test_bins_and_stride_must_be_positive(self, bins, stride):
        with pytest.raises(ConfigError, match="at least one bin"):
            prroi_pool(torch.zeros(1, 1, 4, 4), torch.zeros(1, 4), bins, stride=stride)
