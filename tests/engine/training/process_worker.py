"""Trains in a process of its own: run by tests that kill it, or by torchrun.

`process_worker.py MODE FOLDER`, MODE one of killed, group.
"""

from __future__ import annotations

import copy
import os
import signal
import sys
from pathlib import Path

import torch
from conftest import small_lite_network, textured_photo

from fcot_engine.config import FactoryConfig, TrainingConfig
from fcot_engine.training import (
    MixedSource,
    PhotoPool,
    SampleFactory,
    Trainer,
    compute_losses,
    get_rank,
    get_size,
    join_processes,
    leave_processes,
)

PIXELS = FactoryConfig(patch_size=64, target_size_px=26.0)
KILLED_AT = 4


def make_source(rank=0):
    photos = [textured_photo(120 + 8 * i, 110, seed=i) for i in range(4)]
    boxes = [[[20.0, 25.0, 50.0, 40.0], [80.0, 60.0, 30.0, 40.0]] for _ in photos]
    pools = [PhotoPool.from_arrays(photos[:2], boxes[:2])]
    pools.append(PhotoPool.from_arrays(photos[2:], boxes[2:]))
    parts = [SampleFactory(pool, PIXELS, seed=3, rank=rank) for pool in pools]
    return MixedSource(parts, [1.0, 2.0], seed=3, rank=rank)


def make_trainer(folder, *, samples, objective=compute_losses, **changes):
    torch.manual_seed(get_rank())  # the first process has to hand its weights on
    config = TrainingConfig(
        factory=PIXELS, batch=2, samples=samples, warmup_samples=2, **changes
    )
    return Trainer(
        small_lite_network(), make_source(get_rank()), objective, config, folder=folder
    )


def write_end(trainer, path):
    state = {"network": trainer.network.state_dict()}
    state["average"] = trainer.average.state_dict()
    torch.save(state, path)


def run_alone(folder):
    """Train in a fork that is killed; go on here, and train the same at a stretch."""
    pid = os.fork()  # so torch is imported once
    if pid == 0:
        train_until_killed(folder)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL
    trainer = make_trainer(folder / "run", samples=16)
    assert trainer.resume() and trainer.progress.step == KILLED_AT
    trainer.run()
    write_end(trainer, folder / "resumed.pt")
    trainer = make_trainer(folder / "whole", samples=16)
    trainer.run()
    write_end(trainer, folder / "whole.pt")


def train_until_killed(folder):
    calls = []

    def die(network, batch, *, stage):
        calls.append(1)
        if len(calls) > KILLED_AT:
            os.kill(os.getpid(), signal.SIGKILL)
        return compute_losses(network, batch, stage=stage)

    trainer = make_trainer(
        folder / "run", samples=16, objective=die, checkpoint_minutes=1e-9
    )
    trainer.run()


def gradients_of(network, rank):
    network = copy.deepcopy(network)
    batch = make_source(rank).make_batch(0, 2)
    compute_losses(network, batch, stage="one")["total"].backward()
    return [p.grad for p in network.parameters() if p.requires_grad]


def run_in_group(folder):
    join_processes("cpu")
    rank, limits = get_rank(), {"max_grad_norm": 1e9}
    trainer = make_trainer(folder / "run", samples=4, **limits)
    each = [gradients_of(trainer.network, other) for other in range(get_size())]
    trainer.run()
    found = [p.grad for p in trainer.network.parameters() if p.requires_grad]
    errors = [
        float((grad - (one + two) / 2).abs().max() / (1e-6 + two.abs().max()))
        for grad, one, two in zip(found, *each, strict=True)
    ]
    report = {"gradient_error": max(errors), "samples": trainer.progress.samples}

    trainer = make_trainer(folder / "run", samples=12, **limits)
    trainer.resume()
    trainer.run()
    write_end(trainer, folder / f"resumed-{rank}.pt")
    trainer = make_trainer(folder / f"own-{rank}", samples=12, **limits)
    trainer.run()
    write_end(trainer, folder / f"whole-{rank}.pt")
    report["steps"] = trainer.progress.step
    torch.save(report, folder / f"report-{rank}.pt")
    leave_processes()


if __name__ == "__main__":
    torch.set_num_threads(1)
    wanted, place = sys.argv[1], Path(sys.argv[2])
    if wanted == "group":
        run_in_group(place)
    else:
        run_alone(place)
