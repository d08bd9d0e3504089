from __future__ import annotations

import pytest
import torch

from fcot_engine.config import TrainingConfig
from fcot_engine.errors import TrainingError
from fcot_engine.training.learning_rate import choose_parameters, find_learning_rate


def rate(done, *, samples=10_000, **settings):
    config = TrainingConfig(samples=10_000, lr=1.0, warmup_samples=100, **settings)
    return find_learning_rate(config, samples=samples, done=done, step_samples=10)


class TestFindLearningRate:
    @pytest.mark.parametrize(
        ("done", "expected"),
        [(0.0, 1.0), (0.5, 0.55), (1.0, 0.1), (1.3, 0.1)],
    )
    def test_cosine_ends_at_its_share(self, done, expected):
        assert rate(done, final_lr_share=0.1) == pytest.approx(expected)

    @pytest.mark.parametrize(
        ("done", "expected"), [(0.0, 1.0), (0.49, 1.0), (0.5, 0.2), (0.9, 0.04)]
    )
    def test_steps(self, done, expected):
        found = rate(done, schedule="step", decay_at=(0.5, 0.8), decay_factor=0.2)
        assert found == pytest.approx(expected)

    @pytest.mark.parametrize("schedule", ["cosine", "step"])
    def test_warm_up_rises_linearly(self, schedule):
        rates = [rate(0.0, samples=n, schedule=schedule) for n in (0, 10, 20)]
        assert rates == pytest.approx([10 / 101, 20 / 101, 30 / 101])


class TestChooseParameters:
    @pytest.fixture
    def network(self):
        network = torch.nn.ModuleDict(
            {"body": torch.nn.Linear(2, 2), "head": torch.nn.Linear(2, 1)}
        )
        network.stage_parameters = lambda stage: (
            network.parameters() if stage == "one" else network["head"].parameters()
        )
        return network

    def test_one_group_without_factors(self, network):
        ((factor, members),) = choose_parameters(network, "one")
        assert factor == 1.0 and len(members) == 4

    def test_longest_beginning_counts(self, network):
        factors = [("body", 0.1), ("body.bias", 5.0)]
        groups = dict(choose_parameters(network, "one", factors))
        assert {factor: len(members) for factor, members in groups.items()} == {
            0.1: 1,
            5.0: 1,
            1.0: 2,
        }
        assert groups[5.0][0] is network["body"].bias

    def test_other_parameters_are_frozen(self, network):
        choose_parameters(network, "two")
        assert not network["body"].weight.requires_grad
        assert network["head"].weight.requires_grad

    def test_a_factor_of_nothing_freezes(self, network):
        factors = [("body", 0.0), ("body.bias", 1.0)]
        ((factor, members),) = choose_parameters(network, "one", factors)
        assert factor == 1.0 and len(members) == 3
        assert not network["body"].weight.requires_grad
        assert network["body"].bias.requires_grad

    def test_all_frozen_is_an_error(self, network):
        with pytest.raises(TrainingError, match="no parameters for stage 'one'"):
            choose_parameters(network, "one", [("", 0.0)])

    def test_beginning_that_fits_nothing_is_an_error(self, network):
        with pytest.raises(TrainingError, match=r"begins with neck.*body, head"):
            choose_parameters(network, "one", [("neck", 0.1)])
