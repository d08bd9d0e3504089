"""Moving trained weights by a little more data, without losing what they know.

Few videos teach a network about themselves; what it knew of all others should not be
lost. So norms keep their statistics, and the loss gets the term

    pull * sum over parameters of |w - w_start|^2

(L2-SP; Li et al., Explicit inductive bias for transfer learning, 2018).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from fcot_engine.config import (
    AdaptationConfig,
    FactoryConfig,
    LossConfig,
    Stage,
    TrainingConfig,
)
from fcot_engine.model import FcotNet
from fcot_engine.training.batches import BatchSource, MixedSource, TrainingBatch
from fcot_engine.training.data import DataPart, open_sources
from fcot_engine.training.objective import compute_losses
from fcot_engine.training.trainer import Ending, Trainer
from fcot_engine.training.video_source import VideoSource, can_be_drawn
from fcot_engine.training.videos import AnnotatedVideo


def adapt_network_(
    network: FcotNet,
    source: BatchSource,
    config: TrainingConfig,
    adaptation: AdaptationConfig,
    *,
    folder: Path,
    device: torch.device | str = "cpu",
    workers: int = 0,
    resume: bool = False,
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
        workers: processes that make batches ahead.
        resume: go on from a checkpoint of the folder, if there is one.
        on_log: called with each line of the log.

    Returns:
        Why it ended, and how many sequences were seen.

    Raises:
        TrainingError: see `Trainer`.
    """
    network.to(device)
    start = {name: value.clone() for name, value in network.state_dict().items()}
    losses = _PulledLosses(config.losses, start, adaptation.pull)
    trainer = Trainer(
        network, source, losses, config, folder=folder, device=device, workers=workers
    )
    if resume:
        trainer.resume()
    if adaptation.holds_norms:
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()  # patches of a few videos are no measure for all others
    ending = trainer.run(on_log)
    learned = trainer.load_average().state_dict()
    blended = {
        name: torch.lerp(start[name], value, adaptation.blend)
        if value.is_floating_point()
        else value  # counters are not blended
        for name, value in learned.items()
    }
    network.load_state_dict(blended)
    return ending, trainer.progress.samples


class _PulledLosses:
    """The training loss, with a pull back to the weights at the start."""

    def __init__(
        self, config: LossConfig, start: Mapping[str, Tensor], strength: float
    ) -> None:
        self._config, self._start, self._strength = config, start, strength

    def __call__(
        self, network: Any, batch: TrainingBatch, *, stage: Stage
    ) -> dict[str, Tensor]:
        parts = compute_losses(network, batch, stage=stage, config=self._config)
        if self._strength > 0:
            distances = [
                (value - self._start[name]).square().sum()
                for name, value in network.named_parameters()
                if value.requires_grad
            ]
            parts["pull"] = self._strength * torch.stack(distances).sum()
            parts["total"] = parts["total"] + parts["pull"]
        return parts


def open_adaptation_source(
    clips: Sequence[AnnotatedVideo],
    config: FactoryConfig,
    *,
    photos: DataPart | None = None,
    device: torch.device,
    seed: int = 0,
) -> tuple[BatchSource, str]:
    """Make batches of clips; with photos, of what the sample factory composes as well.

    Args:
        clips: tracks with their frames on the disk; a few boxes are enough.
        config: what to make.
        photos: drawn as often as its weight says, clips with weight 1.
        device: where batches are made.
        seed: seed of everything random.

    Returns:
        The source, and a line about what was read.

    Raises:
        TrainingError: no clip is usable, or the photos are missing.
    """
    source = VideoSource(
        clips, config, device=device, seed=seed, is_wanted=can_be_drawn
    )
    what = f"{len(source)} tracks"
    if photos is None:
        return source, what
    # another seed: parts shall not move in step
    (composed,), read = open_sources(
        [photos], [config], device=device, seed=seed + 7919
    )
    mixed = MixedSource([source, composed], [1.0, photos.weight], seed=seed)
    return mixed, f"{what}, {read}"
