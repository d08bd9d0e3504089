from __future__ import annotations

import pytest
import torch

from fcot_engine.config import FactoryConfig
from fcot_engine.errors import TrainingError
from fcot_engine.training import (
    MixedSource,
    ProgressiveSource,
    SampleFactory,
    TrainingBatch,
)
from fcot_engine.training.batches import load_batches


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


class Named:
    """Says which source was asked for which batch."""

    def __init__(self, name):
        self.name = name

    def make_batch(self, index, size):
        return self.name, index, size


def make_source(samples=100, step_samples=10, shares=(0.5, 0.3, 0.2)):
    names = "small", "middle", "large"
    return ProgressiveSource(
        [Named(name) for name in names],
        shares,
        samples=samples,
        step_samples=step_samples,
    )


def names_of(source, indices):
    return [source.make_batch(index, 10)[0] for index in indices]


class TestMakeBatch:
    def test_each_source_has_its_share_of_the_run(self):
        assert names_of(make_source(), range(10)) == (
            ["small"] * 5 + ["middle"] * 3 + ["large"] * 2
        )

    def test_after_the_end_the_last_source_goes_on(self):
        assert names_of(make_source(), [10, 2**40]) == ["large"] * 2

    def test_number_and_size_are_handed_on(self):
        assert make_source().make_batch(7, 10) == ("middle", 7, 10)

    def test_resumed_run_goes_on_as_it_would_have(self):
        whole, resumed = make_source(), make_source()
        resumed.go_on_from(step=4, samples=40)
        assert names_of(resumed, range(4, 10)) == names_of(whole, range(4, 10))

    def test_other_batch_size_after_a_break_keeps_the_shares(self):
        resumed = make_source(step_samples=5)
        resumed.go_on_from(step=4, samples=40)
        assert names_of(resumed, (4, 5, 6, 11, 12, 16)) == (
            ["small", "small", "middle", "middle", "large", "large"]
        )

    def test_patches_grow(self, textured_pool):
        factories = [
            SampleFactory(textured_pool, FactoryConfig(patch_size=side))
            for side in (64, 96)
        ]
        source = ProgressiveSource(factories, (0.5, 0.5), samples=4, step_samples=2)
        sides = [source.make_batch(index, 2).test_images.shape[-1] for index in (0, 1)]
        assert sides == [64, 96]
        again = source.make_batch(1, 2).test_images
        assert torch.equal(again, source.make_batch(1, 2).test_images)


@pytest.mark.parametrize(
    "shares",
    [pytest.param((0.5, 0.5), id="too_few"), pytest.param((0.5, 0.3, 0.1), id="sum")],
)
def test_wrong_shares_are_refused(shares):
    with pytest.raises(TrainingError, match="one share of the run for each size"):
        make_source(shares=shares)


class Numbers:
    """Makes tuples in place of batches, and fails at number 6."""

    def make_batch(self, index, size):
        if index == 6:
            raise RuntimeError("no more")
        return index, size


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
class TestLoadBatches:
    @pytest.mark.parametrize("workers", [0, 2])
    def test_batches_come_in_order(self, workers):
        batches = load_batches(Numbers(), first=1, size=4, workers=workers)
        assert [list(next(batches)) for _ in range(4)] == [[n, 4] for n in range(1, 5)]

    @pytest.mark.parametrize("workers", [0, 2])
    def test_failures_reach_the_caller(self, workers):
        batches = load_batches(Numbers(), first=5, size=4, workers=workers)
        assert list(next(batches)) == [5, 4]
        with pytest.raises(RuntimeError, match="no more"):
            next(batches)

    def test_global_generator_is_left_alone(self):
        before = torch.get_rng_state()
        next(load_batches(Numbers(), first=0, size=4))
        assert torch.equal(before, torch.get_rng_state())
