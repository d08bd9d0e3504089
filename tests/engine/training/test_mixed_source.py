from __future__ import annotations

import pytest
import torch

from fcot_engine.errors import TrainingError
from fcot_engine.training import TrainingBatch
from fcot_engine.training.mixed_source import MixedSource


class FlatSource:
    """Sequences of one gray value."""

    def __init__(self, value):
        self.value = value

    def make_batch(self, index, size):
        images = torch.full((size, 1, 3, 4, 4), self.value)
        boxes = torch.zeros(size, 1, 4)
        flags = torch.ones(size, 1, dtype=torch.bool)
        return TrainingBatch(images, boxes, images, boxes, flags, flags[:, 0])


def values(source, index, size):
    return source.make_batch(index, size).train_images[:, 0, 0, 0, 0]


def test_sequences_come_by_weight():
    source = MixedSource([FlatSource(0.0), FlatSource(1.0)], [3.0, 1.0])
    share = torch.cat([values(source, i, 50) for i in range(20)]).mean()
    assert 0.21 < share < 0.29


def test_batch_depends_on_number_seed_and_rank_alone():
    sources = [FlatSource(float(i)) for i in range(5)]
    first = MixedSource(sources, [1.0] * 5, seed=1)
    again = MixedSource(sources, [1.0] * 5, seed=1)
    assert torch.equal(values(first, 3, 9), values(again, 3, 9))
    others = [
        values(first, 4, 9),
        values(MixedSource(sources, [1.0] * 5, seed=2), 3, 9),
        values(MixedSource(sources, [1.0] * 5, seed=1, rank=1), 3, 9),
    ]
    assert all(not torch.equal(values(first, 3, 9), other) for other in others)


def test_batches_have_the_wanted_size():
    source = MixedSource([FlatSource(0.0), FlatSource(1.0)], [1.0, 1.0])
    assert all(len(values(source, i, 1)) == 1 for i in range(8))
    assert len(values(source, 0, 7)) == 7


@pytest.mark.parametrize("weights", [[], [1.0], [1.0, 0.0], [1.0, -1.0]])
def test_each_source_needs_a_weight(weights):
    with pytest.raises(TrainingError, match="one weight above 0 for each"):
        MixedSource([FlatSource(0.0), FlatSource(1.0)], weights)
