from __future__ import annotations

import pytest
import torch

from fcot_engine.config import FactoryConfig
from fcot_engine.errors import TrainingError
from fcot_engine.training import SampleFactory
from fcot_engine.training.progressive_source import ProgressiveSource


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
