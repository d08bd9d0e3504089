from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from fcot_engine.config.adaptation import CheckConfig, FinetuneConfig
from fcot_engine.config.tracking import SearchConfig, TrackerConfig
from fcot_engine.config.training import FactoryConfig, TrainingConfig
from fcot_engine.training import finetuning
from fcot_engine.training.finetuning import finetune

TRAINING = TrainingConfig(
    factory=FactoryConfig(patch_size=64, target_size_px=24.0),
    samples=4,
    batch=2,
    warmup_samples=0,
)
SHORT = CheckConfig(longest_run=3, max_frames=6, min_runs=2)
SMALL = TrackerConfig(search=SearchConfig(patch_size=128))


@pytest.fixture
def fake_runs(monkeypatch):
    """Trackers need not run; whoever is measured later does better."""
    seen = []

    def measure(runs, make_tracker, check):
        seen.append([(run.start, tuple(run.frames)) for run in runs])
        return np.linspace(0.2, 0.4, len(runs)) + 0.1 * len(seen)

    monkeypatch.setattr(finetuning, "measure_runs", measure)
    return seen


@pytest.fixture
def tune(tmp_path, make_square_video, label, make_lite_network):
    """Fine-tune a small random network on two short videos."""
    videos = [label(make_square_video(20, speed=s), drawn=(0, 16)) for s in (1.0, 2.0)]

    def tune(training=TRAINING, *, folder="run"):
        torch.manual_seed(0)
        network = make_lite_network()
        before = {k: v.clone() for k, v in network.state_dict().items()}
        found = finetune(
            network,
            videos,
            training,
            FinetuneConfig(check=SHORT),
            SMALL,
            folder=tmp_path / folder,
        )
        after = network.state_dict()
        assert all(torch.equal(before[name], after[name]) for name in before)
        return network, found

    return tune


@pytest.mark.slow
def test_trackers_with_both_weights_are_compared(tune):
    _, found = tune()
    assert (found.ending, found.samples) == ("samples", 4)
    assert found.gain.n_runs == 2
    assert 0 <= found.gain.before <= 1 and 0 <= found.gain.after <= 1


def test_weights_change_and_those_given_do_not(tune, fake_runs):
    network, found = tune()
    old, new = network.state_dict(), found.network.state_dict()
    assert any(not torch.equal(old[name], new[name]) for name in old)


def test_same_seed_same_result(tune, fake_runs):
    _, one = tune()
    _, two = tune(folder="again")
    assert fake_runs[0] == fake_runs[2]
    pairs = zip(
        one.network.state_dict().values(),
        two.network.state_dict().values(),
        strict=True,
    )
    assert all(torch.equal(a, b) for a, b in pairs)


def test_both_networks_run_over_the_same_held_out_frames(tune, fake_runs):
    _, found = tune()
    assert len(fake_runs) == 2 and fake_runs[0] == fake_runs[1]
    assert found.gain.mean == pytest.approx(0.1)
    assert found.gain.has_helped


def test_interrupted_run_says_nothing(tune, fake_runs, monkeypatch):
    monkeypatch.setattr(
        finetuning, "adapt_network_", lambda *args, **options: ("interrupted", 2)
    )
    _, found = tune(replace(TRAINING, samples=400))
    assert found.gain is None and fake_runs == []
