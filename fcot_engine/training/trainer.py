"""The training loop: steps, averages, checkpoints, log."""

from __future__ import annotations

import dataclasses
import logging
import math
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Literal, Protocol

import torch
from torch import Tensor, nn

from fcot_engine.config.training import Stage, TrainingConfig
from fcot_engine.errors import TrainingError
from fcot_engine.training.checkpoint import (
    find_checkpoint,
    read_checkpoint,
    write_checkpoint,
)
from fcot_engine.training.interruption import Interruption
from fcot_engine.training.loader import stream_batches
from fcot_engine.training.plot import plot_log
from fcot_engine.training.run_log import RunLog
from fcot_engine.training.training_batch import BatchSource, TrainingBatch
from fcot_engine.training.weight_average import WeightAverage

__all__ = ["Ending", "LossFunction", "Trainer", "TrainingProgress"]

_LOG = logging.getLogger(__name__)
_MAX_BAD_STEPS = 20

Ending = Literal["samples", "minutes", "interrupted"]
"""Why a run ended."""


class LossFunction(Protocol):
    """Computes the parts of the loss."""

    def __call__(
        self,
        network: Any,
        batch: TrainingBatch,
        *,
        stage: Stage,
    ) -> Mapping[str, Tensor]:
        """Scalars for the log by name; `total` is what is minimised."""


@dataclasses.dataclass
class TrainingProgress:
    """How far a run is, over all its legs."""

    step: int = 0
    """Steps taken; also the number of the next batch."""
    samples: int = 0
    """Sequences seen."""
    minutes: float = 0.0
    """Minutes trained."""


class Trainer:
    """Trains a network on batches made on the fly.

    Args:
        network: has `stage_parameters(stage)`, the parameters that a stage trains.
        source: makes batches by number.
        compute_losses: the objective.
        config: how the steps are taken.
        folder: the run folder for checkpoints, log and plot.
        device: where the network is trained.
        ahead: batches made ahead by a thread.
    """

    def __init__(
        self,
        network: nn.Module,
        source: BatchSource,
        compute_losses: LossFunction,
        config: TrainingConfig,
        *,
        folder: Path,
        device: torch.device | str = "cpu",
        ahead: int = 0,
    ) -> None:
        self.config = config
        self.folder = folder
        self.device = torch.device(device)
        self.network = network.to(self.device).train()
        self.average = WeightAverage(self.network, config.ema_decay)
        self.progress = TrainingProgress()
        self._source = source
        self._compute_losses = compute_losses
        self._ahead = ahead
        self._parameters = _choose_parameters(self.network, config.stage)
        self._optimizer = torch.optim.AdamW(
            self._parameters, lr=config.lr, weight_decay=config.weight_decay
        )
        self._leg_started = time.monotonic()
        self._minutes_before = 0.0
        self._bad_steps = 0

    def resume(self) -> bool:
        """Go on from the newest checkpoint of the run folder, if there is one.

        Raises:
            TrainingError: it is damaged, or belongs to another stage, seed or network.
        """
        path = find_checkpoint(self.folder)
        if path is None:
            return False
        state = read_checkpoint(path)
        for name in ("stage", "seed"):
            if state[name] != getattr(self.config, name):
                raise TrainingError(
                    f"{path} was trained with {name} {state[name]!r}, now "
                    f"{getattr(self.config, name)!r} is asked for. Use the same "
                    f"{name}, or a new run folder with --init."
                )
        try:
            self.network.load_state_dict(state["network"])
            self.average.load_state_dict(state["average"])
            self._optimizer.load_state_dict(state["optimizer"])
        except (RuntimeError, KeyError, ValueError) as error:
            raise TrainingError(
                f"{path} does not fit the network: {error}. Use the preset it was "
                "trained with."
            ) from error
        self.progress = TrainingProgress(**state["progress"])
        torch.set_rng_state(state["rng"])
        return True

    def run(
        self, on_log: Callable[[Mapping[str, float]], None] | None = None
    ) -> Ending:
        """Train until the samples, the minutes or the user's patience are over.

        A checkpoint is written at the end, whatever the reason.

        Args:
            on_log: called with each line of the log.

        Raises:
            TrainingError: the loss is not finite for many steps, or a file cannot be
                written.
        """
        config, progress = self.config, self.progress
        log = RunLog(self.folder / "log.csv", after_step=progress.step)
        batches = stream_batches(
            self._source, first=progress.step, size=config.batch, ahead=self._ahead
        )
        self._leg_started = last_saved = time.monotonic()
        self._minutes_before = progress.minutes
        sums = _Sums()

        def log_means() -> None:
            row = self._describe(*sums.take())
            log.add(row)
            if on_log is not None:
                on_log(row)

        with Interruption() as interruption, closing(batches):
            while (ending := self._find_ending(interruption)) is None:
                batch = next(batches)
                sums.add(self._take_step(batch))
                now = time.monotonic()
                self._advance(now)
                if progress.step % config.log_every == 0:
                    log_means()
                if (now - last_saved) / 60 >= config.checkpoint_minutes:
                    self.save()
                    last_saved = time.monotonic()
            if sums.count:
                log_means()
            self.save()
            plot_log(self.folder / "log.csv", self.folder / "log.png")
        return ending

    def save(self) -> Path:
        """Write a checkpoint of everything that the next step depends on."""
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "progress": dataclasses.asdict(self.progress),
            "rng": torch.get_rng_state(),
            "stage": self.config.stage,
            "seed": self.config.seed,
        }
        return write_checkpoint(self.folder, state, step=self.progress.step)

    def load_average(self) -> nn.Module:
        """Put the averaged weights into the network, for export; ends training."""
        self.network.load_state_dict(self.average.weights())
        return self.network.eval()

    def _find_ending(self, interruption: Interruption) -> Ending | None:
        config, progress = self.config, self.progress
        if interruption.requested:
            return "interrupted"
        if config.samples is not None and progress.samples >= config.samples:
            return "samples"
        minutes = progress.minutes - self._minutes_before
        if config.minutes is not None and minutes >= config.minutes:
            return "minutes"
        return None

    def _advance(self, now: float) -> None:
        self.progress.step += 1
        self.progress.samples += self.config.batch
        leg_minutes = (now - self._leg_started) / 60
        self.progress.minutes = self._minutes_before + leg_minutes

    def _take_step(self, batch: TrainingBatch) -> dict[str, Tensor]:
        """One step; returns detached figures for the log."""
        for group in self._optimizer.param_groups:
            group["lr"] = self._learning_rate()
        self._optimizer.zero_grad(set_to_none=True)
        with torch.autocast(
            self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"
        ):
            parts = self._compute_losses(self.network, batch, stage=self.config.stage)
        parts["total"].backward()
        norm = nn.utils.clip_grad_norm_(self._parameters, self.config.max_grad_norm)
        is_good = torch.isfinite(norm) & torch.isfinite(parts["total"].detach())
        if is_good:
            self._optimizer.step()
            self.average.update(self.network)
            self._bad_steps = 0
        else:
            self._note_bad_step()
        return {name: part.detach() for name, part in parts.items()} | {
            "grad_norm": norm
        }

    def _note_bad_step(self) -> None:
        self._bad_steps += 1
        _LOG.warning("Step %d skipped: not finite.", self.progress.step)
        if self._bad_steps >= _MAX_BAD_STEPS:
            raise TrainingError(
                f"Loss or gradient was not finite in {self._bad_steps} steps in a "
                f"row, the last being {self.progress.step}. Lower --lr and resume "
                "from the last checkpoint."
            )

    def _learning_rate(self) -> float:
        """Linear warm-up, then a cosine over samples, or else over minutes."""
        config, progress = self.config, self.progress
        warm = min(1.0, (progress.samples + config.batch) / (config.warmup_samples + 1))
        if config.samples is not None:
            done = progress.samples / config.samples
        else:
            assert config.minutes is not None
            done = (progress.minutes - self._minutes_before) / config.minutes
        cosine = (1 + math.cos(math.pi * min(done, 1.0))) / 2
        low = config.final_lr_share
        return config.lr * warm * (low + (1 - low) * cosine)

    def _describe(
        self, means: Mapping[str, float], steps_per_s: float
    ) -> dict[str, float]:
        return {
            "step": float(self.progress.step),
            "samples": float(self.progress.samples),
            "minutes": self.progress.minutes,
            "samples_per_s": steps_per_s * self.config.batch,
            "lr": self._learning_rate(),
            **means,
        }


class _Sums:
    """Means of figures over steps, read back from the device once a line."""

    def __init__(self) -> None:
        self.count = 0
        self._totals: dict[str, Tensor] = {}
        self._started = time.monotonic()

    def add(self, figures: Mapping[str, Tensor]) -> None:
        """Count the figures of one step."""
        self.count += 1
        for name, value in figures.items():
            before = self._totals.get(name)
            self._totals[name] = value if before is None else before + value

    def take(self) -> tuple[dict[str, float], float]:
        """Means since the last call, and steps a second; then start anew."""
        means = {name: float(t) / self.count for name, t in self._totals.items()}
        now = time.monotonic()
        rate = self.count / max(now - self._started, 1e-9)
        self.count, self._totals, self._started = 0, {}, now
        return means, rate


def _choose_parameters(network: nn.Module, stage: Stage) -> list[nn.Parameter]:
    """Parameters of a stage; the others are frozen.

    `stage_parameters` may give parameters or optimiser groups of them.
    """
    given: Iterable[Any] = network.stage_parameters(stage)  # type: ignore[operator]
    chosen: list[nn.Parameter] = []
    for item in given:
        chosen += item["params"] if isinstance(item, dict) else [item]
    if not chosen:
        raise TrainingError(
            f"The network has no parameters for stage {stage!r}; train another stage."
        )
    ids = {id(parameter) for parameter in chosen}
    for parameter in network.parameters():
        parameter.requires_grad_(id(parameter) in ids)
    return chosen
