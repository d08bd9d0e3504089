from __future__ import annotations

from contextlib import closing
from itertools import islice

import pytest

from fcot_engine.training.loader import stream_batches


class Numbers:
    """Makes tuples in place of batches, and fails at number 6."""

    def make_batch(self, index, size):
        if index == 6:
            raise RuntimeError("no more")
        return index, size


@pytest.mark.parametrize("ahead", [0, 1, 3])
def test_batches_come_in_order(ahead):
    with closing(stream_batches(Numbers(), first=1, size=4, ahead=ahead)) as batches:
        assert list(islice(batches, 4)) == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.parametrize("ahead", [0, 2])
def test_failures_reach_the_caller(ahead):
    batches = stream_batches(Numbers(), first=5, size=4, ahead=ahead)
    assert next(batches) == (5, 4)
    with pytest.raises(RuntimeError, match="no more"):
        next(batches)
