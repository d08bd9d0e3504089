"""Moving trained weights by a little more data, without losing what they know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from fcot_engine.config import AdaptationConfig, TrainingConfig
from fcot_engine.model import FcotNet
from fcot_engine.training.objective import compute_losses
from fcot_engine.training.trainer import Ending, Trainer
from fcot_engine.training.training_batch import BatchSource
from fcot_engine.training.weight_pull import WeightPull

__all__ = ["adapt_network_", "blend_weights", "hold_norms_"]


def adapt_network_(
    network: FcotNet,
    source: BatchSource,
    config: TrainingConfig,
    adaptation: AdaptationConfig,
    *,
    folder: Path,
    device: torch.device | str = "cpu",
    ahead: int = 0,
    resume: bool = False,
    counts_all_legs: bool = False,
    on_log: Callable[[Mapping[str, float]], None] | None = None,
) -> tuple[Ending, int]:
    """Train a network further, gently; it holds the result in the end.

    The result is the running average of the weights, blended with those at the start.

    Args:
        network: with the weights to begin with; changed, and moved to the device.
        source: makes the batches.
        config: how the steps are taken.
        adaptation: what keeps the weights where they were.
        folder: the run folder.
        device: where to train.
        ahead: batches made ahead by a thread.
        resume: go on from a checkpoint of the folder, if there is one.
        counts_all_legs: whether the minutes of `config`, as its samples, are those of
            all legs, so that going on from the end trains no more.
        on_log: called with each line of the log.

    Returns:
        Why it ended, and how many sequences were seen.

    Raises:
        TrainingError: see `Trainer`.
    """
    network.to(device)
    start = {name: value.clone() for name, value in network.state_dict().items()}
    losses = WeightPull(
        network,
        partial(compute_losses, config=config.losses),
        strength=adaptation.pull,
    )
    trainer = Trainer(
        network, source, losses, config, folder=folder, device=device, ahead=ahead
    )
    if resume:
        trainer.resume()
    if adaptation.holds_norms:
        hold_norms_(network)
    ending = _run(trainer, on_log, counts_all_legs=counts_all_legs)
    learned = trainer.average.weights()
    network.load_state_dict(blend_weights(start, learned, adaptation.blend))
    network.eval()
    return ending, trainer.progress.samples


def _run(
    trainer: Trainer,
    on_log: Callable[[Mapping[str, float]], None] | None,
    *,
    counts_all_legs: bool,
) -> Ending:
    minutes = trainer.config.minutes
    if counts_all_legs and minutes is not None:
        left = minutes - trainer.progress.minutes
        if left <= 0:
            return "minutes"
        trainer.config = replace(trainer.config, minutes=left)
    return trainer.run(on_log)


def hold_norms_(network: nn.Module) -> None:
    """Keep the running statistics of batch norms, and normalise by them.

    Patches of a few videos are no measure for all others.
    """
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()


def blend_weights(
    start: Mapping[str, Tensor], learned: Mapping[str, Tensor], share: float
) -> dict[str, Tensor]:
    """Go from one set of weights towards another by a share of the way.

    Numbers that are no fractions, such as counters, are those of the other.
    """
    return {
        name: torch.lerp(start[name], value, share)
        if value.is_floating_point()
        else value.clone()
        for name, value in learned.items()
    }
