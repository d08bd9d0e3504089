from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.evaluation.rank_correlation import correlate_ranks


def test_same_order_is_one_whatever_the_distances():
    a = np.array([1.0, 2.0, 3.0, 4.0])
    assert correlate_ranks(a, np.exp(a)) == pytest.approx(1)


def test_reverse_order_is_minus_one():
    a = np.array([3.0, 1.0, 2.0])
    assert correlate_ranks(a, -a) == pytest.approx(-1)


def test_equal_values_share_a_rank():
    # ranks 1.5, 1.5, 3 and 1, 2, 3: covariance 1.5, spreads sqrt(1.5) and sqrt(2)
    found = correlate_ranks(np.array([0.0, 0.0, 7.0]), np.array([1.0, 2.0, 3.0]))
    assert found == pytest.approx(1.5 / np.sqrt(3.0))


@pytest.mark.parametrize("a", [[1.0, 2.0], [5.0, 5.0, 5.0], []])
def test_nothing_to_order_gives_none(a):
    values = np.array(a)
    assert correlate_ranks(values, np.arange(float(len(values)))) is None
