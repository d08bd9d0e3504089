from __future__ import annotations

import torch

from fcot_engine.training.making_speed import measure_making_speed


class SlowSource:
    def __init__(self, clock):
        self.clock = clock
        self.made = []

    def make_batch(self, index, size):
        self.made.append((index, size))
        self.clock[0] += 0.5


def test_sequences_a_second(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    source = SlowSource(clock)
    speed = measure_making_speed(
        source, size=4, seconds=2.0, device=torch.device("cpu")
    )
    assert speed == 8.0
    assert len(set(source.made)) == 5
