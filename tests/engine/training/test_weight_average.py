from __future__ import annotations

import torch
from torch import nn

from fcot_engine.training.weight_average import WeightAverage


def constant_network(value):
    network = nn.Linear(2, 2)
    nn.init.constant_(network.weight, value)
    return network


def test_first_steps_forget_the_start_quickly():
    average = WeightAverage(constant_network(0.0), decay=0.999)
    average.update(constant_network(1.0))
    torch.testing.assert_close(average.weights()["weight"], torch.full((2, 2), 0.9))


def test_decay_is_the_upper_limit():
    average = WeightAverage(constant_network(0.0), decay=0.05)
    average.update(constant_network(1.0))
    torch.testing.assert_close(average.weights()["weight"], torch.full((2, 2), 0.95))


def test_constant_weights_stay():
    network = constant_network(0.7)
    average = WeightAverage(network, decay=0.9)
    for _ in range(5):
        average.update(network)
    torch.testing.assert_close(average.weights()["weight"], network.weight.detach())


def test_state_goes_on():
    one = WeightAverage(constant_network(0.0), decay=0.9)
    one.update(constant_network(1.0))
    two = WeightAverage(constant_network(5.0), decay=0.9)
    two.load_state_dict(one.state_dict())
    for average in (one, two):
        average.update(constant_network(2.0))
    assert torch.equal(one.weights()["weight"], two.weights()["weight"])
