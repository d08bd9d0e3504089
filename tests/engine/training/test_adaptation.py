from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from fcot_engine.config import AdaptationConfig, FactoryConfig
from fcot_engine.training import Trainer, adapt_network_
from fcot_engine.training.adaptation import blend_weights, hold_norms_
from fcot_engine.training.trainer import TrainingProgress

FREE = AdaptationConfig(pull=0.0)


@pytest.fixture
def adapt(small_factory, make_lite_network, config, tmp_path):
    """Adapt a small network by eight samples; returns the weights before and after."""
    factory = FactoryConfig(patch_size=64, target_size_px=26.0)
    training = replace(config, factory=factory, samples=8, lr=1e-3)

    def adapt(adaptation, *, folder="run", **options):
        torch.manual_seed(3)
        network = make_lite_network()
        before = {k: v.clone() for k, v in network.state_dict().items()}
        ending, samples = adapt_network_(
            network,
            small_factory,
            training,
            adaptation,
            folder=tmp_path / folder,
            **options,
        )
        assert (ending, samples) == ("samples", 8)
        assert not network.training
        return before, network.state_dict()

    return adapt


def distance(before, after, *, wanted):
    return sum(
        float((after[name] - before[name]).norm())
        for name in before
        if wanted(name) and before[name].is_floating_point()
    )


def is_weight(name):
    return "running" not in name


class TestAdaptNetwork:
    def test_weights_move_and_running_statistics_stay(self, adapt):
        before, after = adapt(FREE)
        assert distance(before, after, wanted=is_weight) > 0.01
        assert distance(before, after, wanted=lambda n: "running" in n) == 0

    def test_running_statistics_move_if_wanted(self, adapt):
        before, after = adapt(replace(FREE, holds_norms=False))
        assert distance(before, after, wanted=lambda n: "running" in n) > 0.01

    def test_pull_keeps_weights_near(self, adapt):
        free = distance(*adapt(FREE), wanted=is_weight)
        held = adapt(replace(FREE, pull=1e5), folder="held")
        assert distance(*held, wanted=is_weight) < 0.7 * free

    def test_blend_goes_a_part_of_the_way(self, adapt):
        before, whole = adapt(FREE)
        _, half = adapt(replace(FREE, blend=0.5), folder="half")
        for name, value in half.items():
            if value.is_floating_point():
                middle = (before[name] + whole[name]) / 2
                torch.testing.assert_close(value, middle, atol=1e-6, rtol=1e-5)

    def test_same_seed_same_weights(self, adapt):
        _, one = adapt(FREE)
        _, two = adapt(FREE, folder="again")
        assert all(torch.equal(one[name], two[name]) for name in one)

    def test_resuming_a_finished_run_changes_nothing(self, adapt):
        _, one = adapt(FREE)
        _, two = adapt(FREE, resume=True)
        assert all(torch.equal(one[name], two[name]) for name in one)

    @pytest.mark.parametrize(
        ("done", "ending", "left"),
        [
            pytest.param(2.0, "samples", 3.0, id="rest"),
            pytest.param(5.0, "minutes", None, id="nothing_left"),
        ],
    )
    def test_minutes_of_all_legs(
        self,
        small_factory,
        make_lite_network,
        config,
        tmp_path,
        monkeypatch,
        done,
        ending,
        left,
    ):
        asked = []

        def resume(trainer):
            trainer.progress = TrainingProgress(minutes=done)

        def run(trainer, on_log):
            asked.append(trainer.config.minutes)
            return "samples"

        monkeypatch.setattr(Trainer, "resume", resume)
        monkeypatch.setattr(Trainer, "run", run)
        found, _ = adapt_network_(
            make_lite_network(),
            small_factory,
            replace(config, minutes=5.0),
            FREE,
            folder=tmp_path,
            resume=True,
            counts_all_legs=True,
        )
        assert found == ending
        assert asked == ([] if left is None else [left])


def test_norms_are_held_while_the_rest_trains():
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)).train()
    hold_norms_(network)
    network(torch.rand(2, 3, 8, 8) + 5)
    assert (network[1].running_mean == 0).all()
    assert network[0].training


def test_counters_are_not_blended():
    start = {"count": torch.tensor(2), "w": torch.tensor(0.0)}
    learned = {"count": torch.tensor(8), "w": torch.tensor(1.0)}
    blended = blend_weights(start, learned, 0.25)
    assert blended["count"] == 8 and blended["w"] == 0.25
