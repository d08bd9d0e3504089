from __future__ import annotations

import pytest
import torch
from torch import nn

from fcot_engine.errors import TrainingError
from fcot_engine.training.weight_pull import WeightPull


def no_loss(network, batch, *, stage):
    return {"total": network.weight.sum() * 0.0 + 2.0}


def make_pull(strength):
    network = nn.Linear(3, 1, bias=False)
    nn.init.constant_(network.weight, 1.0)
    return network, WeightPull(network, no_loss, strength=strength)


def test_nothing_pulls_at_the_start():
    network, pull = make_pull(0.5)
    assert pull(network, None, stage="one")["total"] == 2.0


def test_squared_distance_is_added():
    network, pull = make_pull(0.5)
    nn.init.constant_(network.weight, 3.0)
    parts = pull(network, None, stage="one")
    assert parts["pull"] == 0.5 * 3 * 4
    assert parts["total"] == 2.0 + 6.0


def test_gradient_points_away_from_the_start():
    network, pull = make_pull(0.5)
    nn.init.constant_(network.weight, 3.0)
    pull(network, None, stage="one")["total"].backward()
    torch.testing.assert_close(network.weight.grad, torch.full((1, 3), 2.0))


def test_frozen_parameters_do_not_count():
    network, pull = make_pull(0.5)
    other = nn.Linear(3, 1, bias=False)
    network.add_module("other", other)
    pull = WeightPull(network, no_loss, strength=0.5)
    other.requires_grad_(False)
    nn.init.constant_(other.weight, 9.0)
    assert pull(network, None, stage="one")["pull"] == 0.0


def test_strength_zero_adds_nothing():
    network, pull = make_pull(0.0)
    nn.init.constant_(network.weight, 3.0)
    assert "pull" not in pull(network, None, stage="one")


def test_negative_strength_is_refused():
    with pytest.raises(TrainingError, match="must not be negative"):
        make_pull(-1.0)
