from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from fcot_engine.errors import ShapeError
from fcot_engine.ops import apply_filter, correlate_with_scores
from fcot_engine.ops.target_filter import _convert_parts

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


class TestHalfPrecisionFeatures:
    """As the sample memory holds them: converted a few samples at a time."""

    @pytest.fixture(params=[1, 2, 7], ids="{}_at_once".format)
    def chunked(self, request, monkeypatch):
        sample_bytes = 5 * 9 * 8 * 4
        monkeypatch.setattr(
            "fcot_engine.ops.target_filter._CONVERTED_BYTES",
            request.param * sample_bytes,
        )

    @pytest.fixture(autouse=True, params=[True, False], ids="gradients_{}".format)
    def gradients(self, request):
        with torch.set_grad_enabled(request.param):
            yield

    @pytest.fixture(params=[3, 4], ids="side_{}".format)
    def side(self, request):
        return request.param

    @pytest.mark.usefixtures("chunked")
    def test_scores_are_those_of_one_pass(self, side):
        features, target_filter = torch.randn(7, 5, 9, 8).half(), random(5, side, side)
        target_filter = target_filter.float()
        scores = apply_filter(features, target_filter)
        assert scores.dtype == torch.float32
        expected = apply_filter(features.float(), target_filter)
        torch.testing.assert_close(scores, expected, atol=1e-5, rtol=0)

    @pytest.mark.usefixtures("chunked")
    def test_correlation_is_that_of_one_pass(self, side):
        more = 1 - side % 2
        features = torch.randn(7, 5, 9, 8).half()
        scores = torch.randn(7, 9 + more, 8 + more)
        back = correlate_with_scores(features, scores, side=side)
        assert back.dtype == torch.float32
        expected = correlate_with_scores(features.float(), scores, side=side)
        torch.testing.assert_close(back, expected, atol=1e-5, rtol=1e-6)

    @pytest.mark.usefixtures("chunked")
    def test_leading_dims_have_a_filter_each(self, side):
        features, filters = torch.randn(2, 7, 5, 9, 8).half(), torch.randn(2, 5, 3, 3)
        scores = apply_filter(features, filters)
        torch.testing.assert_close(scores[1], apply_filter(features[1], filters[1]))
        back = correlate_with_scores(features, scores, side=3)
        torch.testing.assert_close(
            back[1], correlate_with_scores(features[1], scores[1], side=3)
        )

    def test_half_throughout_stays_half(self):
        scores = apply_filter(
            torch.randn(2, 3, 4, 4).half(), torch.randn(3, 1, 1).half()
        )
        assert scores.dtype == torch.float16

    @pytest.mark.parametrize("threads", [1, 64], ids="{}_threads".format)
    def test_converted_parts_stay_small(self, monkeypatch, threads):
        """50 samples of the paper's fine maps, 5 MiB each in single precision."""
        monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
        features = torch.zeros(1, 256, 72, 72, dtype=torch.float16)
        features = features.expand(50, -1, -1, -1)
        sizes = [part.nbytes for part in _convert_parts(features, torch.float32)]
        assert sum(sizes) == 2 * 50 * features[0].nbytes
        assert max(sizes) < 48 * 1024**2

    @torch.enable_grad()
    def test_filter_learns_through_half_precision_features(self):
        features, scores = torch.randn(7, 5, 9, 8).half(), torch.randn(7, 9, 8)
        target_filter = torch.randn(5, 3, 3, requires_grad=True)
        (apply_filter(features, target_filter) * scores).sum().backward()
        back = correlate_with_scores(features.float(), scores, side=3)
        torch.testing.assert_close(target_filter.grad, back)
