from __future__ import annotations

import pytest
import torch

from fcot_engine.training.dice import Dice


@pytest.fixture
def dice():
    return Dice(torch.Generator().manual_seed(0), torch.device("cpu"))


def test_uniform_stays_in_its_range(dice):
    drawn = dice.uniform(-2, 3, 1000)
    assert drawn.min() >= -2 and drawn.max() < 3
    assert abs(float(drawn.mean()) - 0.5) < 0.15


def test_log_uniform_has_its_median_in_the_geometric_middle(dice):
    drawn = dice.log_uniform(0.25, 4.0, 2000)
    assert 0.85 < float(drawn.median()) < 1.18


def test_normal_has_no_outliers(dice):
    assert dice.normal(2.0, 5000).abs().max() <= 5.0


def test_below_reaches_every_number_and_no_more(dice):
    drawn = dice.below(torch.full((200,), 3))
    assert drawn.unique().tolist() == [0, 1, 2]


def test_pick_follows_the_weights(dice):
    weight = torch.tensor([0.0, 1.0, 0.0, 3.0, 0.0], dtype=torch.float64)
    drawn = dice.pick(weight.cumsum(0), 2000)
    assert drawn.unique().tolist() == [1, 3]
    assert 0.7 < float((drawn == 3).float().mean()) < 0.8
