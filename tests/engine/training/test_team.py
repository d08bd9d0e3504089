from __future__ import annotations

import pytest
import torch

from fcot_engine.errors import TrainingError
from fcot_engine.training.team import Team, join_team


def test_one_process_alone_is_its_own_team(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    team, device_name = join_team("auto")
    assert (team.rank, team.size, team.is_first) == (0, 1, True)
    assert device_name == "auto"


def test_alone_nothing_changes():
    team, tensor = Team(), torch.arange(3.0)
    team.average_([tensor])
    assert torch.equal(tensor, torch.arange(3.0))
    assert team.agree([2.0, 0.0]) == [2.0, 0.0]
    assert team.gather(tensor) == [tensor]


def test_later_processes_write_nothing():
    assert not Team(rank=1, size=2).is_first


def test_more_processes_than_gpus_are_named(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    with pytest.raises(TrainingError, match="process 2 on a machine with 1 GPUs"):
        join_team("cuda")
