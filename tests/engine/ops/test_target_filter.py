from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from fcot_engine.errors import ShapeError
from fcot_engine.ops.target_filter import apply_filter, correlate_with_scores

SIDES = [1, 2, 3, 4, 5, 7]
MAPS = [pytest.param((6, 9), id="wide"), pytest.param((8, 3), id="narrow")]


def random(*shape):
    return torch.randn(*shape, dtype=torch.float64)


class TestApplyFilter:
    @pytest.mark.parametrize("side", SIDES)
    @pytest.mark.parametrize("size", MAPS)
    def test_equals_a_convolution(self, side, size):
        features, target_filter = random(2, 3, *size), random(3, side, side)
        expected = F.conv2d(features, target_filter[None], padding=side // 2)[:, 0]
        scores = apply_filter(features, target_filter)
        torch.testing.assert_close(scores, expected, atol=1e-12, rtol=0)

    @pytest.mark.parametrize(("side", "more"), [(3, 0), (4, 1)])
    def test_even_side_gives_one_more_cell(self, side, more):
        scores = apply_filter(random(2, 3, 5, 6), random(3, side, side))
        assert scores.shape == (2, 5 + more, 6 + more)

    def test_leading_dims_have_a_filter_each(self):
        features, filters = random(2, 5, 3, 4, 6, 6), random(2, 5, 4, 3, 3)
        together = apply_filter(features, filters)
        assert together.shape == (2, 5, 3, 6, 6)
        torch.testing.assert_close(
            together[1, 2], apply_filter(features[1, 2], filters[1, 2])
        )

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_dtype_is_kept(self, dtype):
        scores = apply_filter(random(1, 2, 4, 4).to(dtype), random(2, 3, 3).to(dtype))
        assert scores.dtype == dtype

    @pytest.mark.parametrize("side", [2, 3])
    def test_gradients(self, side):
        features, target_filter = random(2, 2, 4, 3), random(2, side, side)
        assert torch.autograd.gradcheck(
            apply_filter, (features.requires_grad_(), target_filter.requires_grad_())
        )

    @pytest.mark.parametrize(
        ("features", "target_filter", "message"),
        [
            pytest.param(
                (3, 4, 4), (3, 3, 3), r"\(\*, N, C, H, W\).*got \(3, 4, 4\)", id="dims"
            ),
            pytest.param(
                (2, 3, 4, 4), (5, 3, 3), "same channels, got 3 and 5", id="channels"
            ),
            pytest.param((3, 4, 4), (3, 3), r"\(\*, C, k, k\)", id="flat_filter"),
        ],
    )
    def test_shapes_that_do_not_fit_are_named(self, features, target_filter, message):
        with pytest.raises(ShapeError, match=message):
            apply_filter(torch.zeros(features), torch.zeros(target_filter))


class TestCorrelateWithScores:
    @pytest.mark.parametrize("side", SIDES)
    @pytest.mark.parametrize("size", MAPS)
    def test_is_the_adjoint(self, side, size):
        features, target_filter = random(3, 4, *size), random(4, side, side)
        scores = apply_filter(features, target_filter)
        other = random(*scores.shape)
        back = correlate_with_scores(features, other, side=side)
        assert back.shape == target_filter.shape
        assert float((back * target_filter).sum()) == pytest.approx(
            float((scores * other).sum()), rel=1e-12
        )

    @pytest.mark.parametrize("side", [3, 4])
    def test_is_the_gradient_of_the_scores(self, side):
        features = random(3, 2, 5, 6)
        target_filter = random(2, side, side).requires_grad_()
        scores = apply_filter(features, target_filter)
        other = random(*scores.shape)
        (scores * other).sum().backward()
        back = correlate_with_scores(features, other, side=side)
        torch.testing.assert_close(back, target_filter.grad)

    def test_leading_dims_are_kept_apart(self):
        features, scores = random(2, 3, 4, 5, 5), random(2, 3, 5, 5)
        together = correlate_with_scores(features, scores, side=3)
        torch.testing.assert_close(
            together[1], correlate_with_scores(features[1], scores[1], side=3)
        )

    def test_gradients(self):
        features, scores = random(2, 2, 4, 3), random(2, 4, 3)
        assert torch.autograd.gradcheck(
            lambda x, s: correlate_with_scores(x, s, side=3),
            (features.requires_grad_(), scores.requires_grad_()),
        )
