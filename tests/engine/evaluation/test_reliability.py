from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.errors import ShapeError
from fcot_engine.evaluation import assess


def judge(confidence, is_right):
    return assess(np.array(confidence, float), np.array(is_right, bool))


class TestAssess:
    def test_by_hand(self):
        found = judge([0.95, 0.85, 0.85, 0.25], [1, 1, 0, 0])
        squares = 0.05**2 + 0.15**2 + 0.85**2 + 0.25**2
        assert found.brier == pytest.approx(squares / 4)
        # bins: 0.95 against 1, 0.85 against a half (two frames), 0.25 against 0
        assert found.ece == pytest.approx((0.05 + 2 * 0.35 + 0.25) / 4)
        # of four pairs of right and wrong three are in order, one is equal
        assert found.auroc == pytest.approx(3.5 / 4)
        assert (found.n_frames, found.share_right) == (4, 0.5)

    def test_bins(self):
        found = judge([0.95, 0.85, 0.85, 0.25], [1, 1, 0, 0])
        counts = [bin_.n_frames for bin_ in found.bins]
        assert counts == [0, 0, 1, 0, 0, 0, 0, 0, 2, 1]
        eighth = found.bins[8]
        assert (eighth.confidence, eighth.share_right) == (0.85, 0.5)
        assert found.bins[0].confidence is None

    def test_ends_belong_to_the_outer_bins(self):
        counts = [bin_.n_frames for bin_ in judge([0.0, 1.0], [0, 1]).bins]
        assert counts[0] == counts[-1] == 1

    @pytest.mark.parametrize(
        ("confidence", "auroc"),
        [
            pytest.param([0.9, 0.8, 0.2, 0.1], 1.0, id="in_order"),
            pytest.param([0.1, 0.2, 0.8, 0.9], 0.0, id="upside_down"),
            pytest.param([0.5, 0.5, 0.5, 0.5], 0.5, id="blind"),
        ],
    )
    def test_order(self, confidence, auroc):
        assert judge(confidence, [1, 1, 0, 0]).auroc == pytest.approx(auroc)

    def test_order_needs_both_kinds(self):
        assert judge([0.5, 0.6], [1, 1]).auroc is None

    def test_true_probabilities_have_a_small_error(self):
        rng = np.random.default_rng(0)
        chance = rng.random(20_000)
        assert assess(chance, rng.random(20_000) < chance).ece < 0.02

    def test_different_lengths_are_named(self):
        with pytest.raises(ShapeError, match=r"got \(2,\) and \(1,\)"):
            judge([0.5, 0.6], [1])

    def test_no_frames_are_refused(self):
        with pytest.raises(ShapeError, match="n above 0"):
            judge([], [])
