from __future__ import annotations

import torch

from fcot_engine.training.running_means import RunningMeans
from fcot_engine.training.team import Team


def test_means_start_anew_after_each_line():
    means = RunningMeans(Team())
    for value in (1.0, 3.0):
        means.add({"loss": torch.tensor(value)})
    assert means.count == 2
    assert means.take()[0] == {"loss": 2.0}
    means.add({"loss": torch.tensor(7.0)})
    assert means.take()[0] == {"loss": 7.0}


def test_figures_are_not_written_to():
    means, figure = RunningMeans(Team()), torch.tensor(1.0)
    means.add({"loss": figure})
    means.add({"loss": torch.tensor(5.0)})
    assert figure == 1.0
