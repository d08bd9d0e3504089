from __future__ import annotations

import os
import signal
from dataclasses import replace
from typing import ClassVar

import pytest
import torch

from fcot_engine.config import TrainingConfig
from fcot_engine.errors import TrainingError
from fcot_engine.training import Trainer, find_checkpoint, read_log
from fcot_engine.training.checkpoint import read_checkpoint, write_checkpoint
from fcot_engine.training.trainer import choose_parameters, find_rate_share


class KilledError(Exception):
    """Stands for a process that dies in the middle of a step."""


@pytest.fixture
def make_trainer(make_network, small_factory, losses, tmp_path):
    def make(config, *, folder="run", objective=losses, workers=0):
        torch.manual_seed(11)
        return Trainer(
            make_network(),
            small_factory,
            objective,
            config,
            folder=tmp_path / folder,
            workers=workers,
        )

    return make


def die_at(step, losses):
    calls = []

    def objective(network, batch, *, stage):
        calls.append(1)
        if len(calls) > step:
            raise KilledError
        return losses(network, batch, stage=stage)

    return objective


def assert_same_end(one, two):
    for name, value in one.network.state_dict().items():
        assert torch.equal(value, two.network.state_dict()[name]), name
    for name, value in one.average.state_dict().items():
        assert torch.equal(value, two.average.state_dict()[name]), name


class TestResume:
    @pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
    @pytest.mark.parametrize("workers", [0, 2])
    def test_after_a_kill_equals_an_uninterrupted_run(
        self, make_trainer, losses, config, workers
    ):
        whole = make_trainer(config, folder="whole")
        whole.run()

        often = replace(config, checkpoint_minutes=1e-9)
        killed = make_trainer(often, objective=die_at(5, losses), workers=workers)
        with pytest.raises(KilledError):
            killed.run()
        resumed = make_trainer(config, workers=workers)
        assert resumed.resume()
        assert resumed.progress.step == 5
        resumed.run()

        assert resumed.progress.step == 12
        assert_same_end(whole, resumed)
        assert [row["total"] for row in read_log(whole.folder / "log.csv")][-1] == (
            [row["total"] for row in read_log(resumed.folder / "log.csv")][-1]
        )

    def test_log_of_lost_steps_is_dropped(self, make_trainer, losses, config):
        make_trainer(replace(config, samples=8)).run()
        late = make_trainer(config, objective=die_at(5, losses))
        late.resume()
        with pytest.raises(KilledError):
            late.run()
        last = make_trainer(config)
        last.resume()
        last.run()
        steps = [row["step"] for row in read_log(last.folder / "log.csv")]
        assert steps == sorted(set(steps))

    @pytest.mark.parametrize(("name", "value"), [("stage", "two"), ("seed", 9)])
    def test_other_stage_or_seed_is_refused(self, make_trainer, config, name, value):
        make_trainer(config).run()
        with pytest.raises(TrainingError, match=f"was trained with {name}"):
            make_trainer(replace(config, **{name: value})).resume()

    def test_other_network_is_refused(self, make_trainer, config):
        make_trainer(config).run()
        other = make_trainer(config)
        other.network.body = torch.nn.Linear(3, 4)
        with pytest.raises(TrainingError, match="does not fit the network"):
            other.resume()


class TestEnding:
    def test_samples_end_a_run(self, make_trainer, config):
        trainer = make_trainer(config)
        assert trainer.run() == "samples"
        assert trainer.progress.samples == 24

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_interruption_ends_after_the_step(
        self, make_trainer, losses, config, number
    ):
        def interrupt(network, batch, *, stage):
            os.kill(os.getpid(), number)
            return losses(network, batch, stage=stage)

        before = signal.getsignal(number)
        trainer = make_trainer(config, objective=interrupt)
        assert trainer.run() == "interrupted"
        path = find_checkpoint(trainer.folder)
        assert path is not None
        assert read_checkpoint(path)["progress"]["step"] == 1
        assert signal.getsignal(number) is before


class TestLearning:
    def test_loss_falls(self, make_trainer, config):
        config = replace(config, samples=400, batch=4, lr=0.03)
        trainer = make_trainer(config)
        trainer.run()
        totals = [row["total"] for row in read_log(trainer.folder / "log.csv")]
        assert sum(totals[-5:]) < 0.5 * sum(totals[:5])

    def test_stage_two_moves_only_its_parameters(self, make_trainer, config):
        trainer = make_trainer(replace(config, stage="two"))
        before = {k: v.clone() for k, v in trainer.network.state_dict().items()}
        trainer.run()
        after = trainer.network.state_dict()
        assert torch.equal(before["body.weight"], after["body.weight"])
        assert not torch.equal(before["rectifier"], after["rectifier"])

    def test_learning_rate_rises_then_falls(self, make_trainer, config):
        config = replace(config, log_every=1, warmup_samples=6)
        trainer = make_trainer(config)
        rates = []
        trainer.run(lambda row: rates.append(row["lr"]))
        top = rates.index(max(rates))
        assert 0 < top < 5
        assert rates[top:] == sorted(rates[top:], reverse=True)
        assert rates[-1] < 0.1 * config.lr


class TestBadNumbers:
    def bad(self, losses, share):
        calls = []

        def objective(network, batch, *, stage):
            calls.append(1)
            parts = losses(network, batch, stage=stage)
            broken = len(calls) <= share
            return {"total": parts["total"] * (float("nan") if broken else 1.0)}

        return objective

    def test_a_bad_step_changes_nothing(self, make_trainer, losses, config):
        trainer = make_trainer(
            replace(config, samples=2), objective=self.bad(losses, 1)
        )
        before = trainer.network.body.weight.detach().clone()
        trainer.run()
        assert torch.equal(trainer.network.body.weight, before)

    def test_many_bad_steps_are_an_error(self, make_trainer, losses, config):
        trainer = make_trainer(
            replace(config, samples=200), objective=self.bad(losses, 200)
        )
        with pytest.raises(TrainingError, match="not finite in 20 steps"):
            trainer.run()


class TestLog:
    def test_last_steps_are_logged_too(self, make_trainer, config):
        trainer = make_trainer(replace(config, log_every=5))
        trainer.run()
        steps = [row["step"] for row in read_log(trainer.folder / "log.csv")]
        assert steps == [5, 10, 12]


def test_stage_without_parameters_is_an_error(
    make_network, small_factory, losses, config, tmp_path
):
    network = make_network()
    network.stage_parameters = lambda stage: []
    with pytest.raises(TrainingError, match="no parameters for stage 'one'"):
        Trainer(network, small_factory, losses, config, folder=tmp_path)


def find_rate(samples, **settings):
    config = TrainingConfig(samples=10_000, **settings)
    return find_rate_share(config, samples, step_samples=10)


class TestLearningRate:
    @pytest.mark.parametrize(
        ("samples", "expected"),
        [(0, 1.0), (5_000, 0.55), (10_000, 0.1), (13_000, 0.1)],
    )
    def test_cosine_ends_at_its_share(self, samples, expected):
        found = find_rate(samples, warmup_samples=0, final_lr_share=0.1)
        assert found == pytest.approx(expected)

    @pytest.mark.parametrize(
        ("samples", "expected"), [(0, 1.0), (4_900, 1.0), (5_000, 0.2), (9_000, 0.04)]
    )
    def test_steps(self, samples, expected):
        found = find_rate(
            samples,
            warmup_samples=0,
            schedule="step",
            decay_at=(0.5, 0.8),
            decay_factor=0.2,
        )
        assert found == pytest.approx(expected)

    def test_warm_up_rises_linearly(self):
        rates = [find_rate(n, warmup_samples=100) for n in (0, 10, 20)]
        assert rates == pytest.approx([10 / 101, 20 / 101, 30 / 101], rel=1e-3)


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


class TestCheckpoint:
    STATE: ClassVar = {"weights": {"a": torch.arange(5000.0)}, "step": 3, "note": "x"}

    def test_state_comes_back_from_one_file(self, tmp_path):
        path = write_checkpoint(tmp_path, self.STATE)
        assert find_checkpoint(tmp_path) == path
        state = read_checkpoint(path)
        assert torch.equal(state["weights"]["a"], self.STATE["weights"]["a"])
        assert (state["step"], state["note"]) == (3, "x")

    def test_newer_takes_the_place_of_the_older(self, tmp_path):
        write_checkpoint(tmp_path, self.STATE)
        path = write_checkpoint(tmp_path, {"step": 4})
        assert list(tmp_path.iterdir()) == [path]
        assert read_checkpoint(path) == {"step": 4}

    def test_failed_write_leaves_the_old_one_and_nothing_else(
        self, tmp_path, monkeypatch
    ):
        old = write_checkpoint(tmp_path, self.STATE)

        def write_a_part(state, stream):
            stream.write(b"some")
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(torch, "save", write_a_part)
        with pytest.raises(TrainingError, match="No space left"):
            write_checkpoint(tmp_path, {"step": 4})
        assert list(tmp_path.iterdir()) == [old]
        assert read_checkpoint(old)["step"] == 3

    @pytest.mark.parametrize("keep", [0, 100, 10_000], ids=lambda n: f"{n}_bytes")
    def test_damaged_file_is_named(self, tmp_path, keep):
        path = write_checkpoint(tmp_path, self.STATE)
        path.write_bytes(path.read_bytes()[:keep])
        with pytest.raises(TrainingError, match=r"checkpoint\.pt cannot be read"):
            read_checkpoint(path)
