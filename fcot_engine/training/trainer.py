"""The training loop: steps, averages, checkpoints, log."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

import torch
from torch import Tensor, nn

from fcot_engine.config import Stage, TrainingConfig
from fcot_engine.errors import TrainingError
from fcot_engine.training.checkpoint import (
    find_checkpoint,
    read_checkpoint,
    write_checkpoint,
)
from fcot_engine.training.interruption import Interruption
from fcot_engine.training.learning_rate import choose_parameters, find_learning_rate
from fcot_engine.training.loader import stream_batches
from fcot_engine.training.plot import plot_log
from fcot_engine.training.run_log import RunLog
from fcot_engine.training.running_means import RunningMeans
from fcot_engine.training.team import Team
from fcot_engine.training.training_batch import BatchSource, TrainingBatch
from fcot_engine.training.weight_average import WeightAverage

__all__ = ["Ending", "LossFunction", "Trainer", "TrainingProgress"]

_LOG = logging.getLogger(__name__)
_MAX_BAD_STEPS = 20

Ending = Literal["samples", "minutes", "interrupted"]
"""Why a run ended."""
_ENDINGS: tuple[Ending, ...] = get_args(Ending)


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
        team: the processes that train together; `source` makes other batches in
            each, gradients are averaged, and the first writes all files.
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
        team: Team | None = None,
    ) -> None:
        self.config = config
        self.folder = folder
        self.device = torch.device(device)
        self.team = team or Team()
        self.network = network.to(self.device).train()
        self.team.share_(self.network)
        self.average = WeightAverage(self.network, config.ema_decay)
        self.progress = TrainingProgress()
        self._source = source
        self._compute_losses = compute_losses
        self._ahead = ahead
        groups = choose_parameters(self.network, config.stage, config.lr_factors)
        self._lr_factors = [factor for factor, _ in groups]
        self._parameters = [p for _, members in groups for p in members]
        self._optimizer = torch.optim.AdamW(
            [{"params": members} for _, members in groups],
            lr=config.lr,
            weight_decay=config.weight_decay,
        )
        self._leg_started = self._last_saved = time.monotonic()
        self._minutes_before = 0.0
        self._bad_steps = 0
        self._warm_from = 0
        """Samples from which the warm-up of the learning rate counts."""

    def resume(self) -> bool:
        """Go on from the newest checkpoint of the run folder, if there is one.

        A checkpoint that was made small for carrying may lack the optimiser's moments,
        which then start anew behind a warm-up, and all weights but the average.

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
            weights = state.get("network", state["average"]["values"])
            self.network.load_state_dict(weights)
            self.average.load_state_dict(state["average"])
            if "optimizer" in state:
                self._optimizer.load_state_dict(state["optimizer"])
        except (RuntimeError, KeyError, ValueError) as error:
            raise TrainingError(
                f"{path} does not fit the network: {error}. Use the preset and the "
                "factors on the learning rate it was trained with."
            ) from error
        self.progress = TrainingProgress(**state["progress"])
        if "optimizer" not in state:
            self._warm_from = self.progress.samples
        states = state["rng"]  # one for each process that took part
        if not isinstance(states, list):
            states = [states]
        torch.set_rng_state(states[self.team.rank % len(states)])
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
        log = None
        if self.team.is_first:
            log = RunLog(self.folder / "log.csv", after_step=progress.step)
        batches = stream_batches(
            self._source, first=progress.step, size=config.batch, ahead=self._ahead
        )
        self._leg_started = self._last_saved = time.monotonic()
        self._minutes_before = progress.minutes
        means = RunningMeans(self.team)

        def log_means() -> None:
            row = self._describe(*means.take())
            if log is not None:
                log.add(row)
                if on_log is not None:
                    on_log(row)

        with Interruption() as interruption, closing(batches):
            while (ending := self._settle(interruption)) is None:
                means.add(self._take_step(next(batches)))
                self._advance()
                if progress.step % config.log_every == 0:
                    log_means()
            if means.count:
                log_means()
            self.save()
            if log is not None:
                plot_log(self.folder / "log.csv", self.folder / "log.png")
        return ending

    def save(self) -> Path | None:
        """Write a checkpoint of everything that the next step depends on.

        Returns:
            Its folder; None in all processes but the first.
        """
        self._last_saved = time.monotonic()
        state = self.gather_state()
        if not self.team.is_first:
            return None
        return write_checkpoint(self.folder, state, step=self.progress.step)

    def gather_state(self) -> dict[str, Any]:
        """Everything that the next step depends on; called by all processes."""
        return {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "progress": dataclasses.asdict(self.progress),
            "rng": self.team.gather(torch.get_rng_state()),
            "stage": self.config.stage,
            "seed": self.config.seed,
        }

    def load_average(self) -> nn.Module:
        """Put the averaged weights into the network, for export; ends training."""
        self.network.load_state_dict(self.average.weights())
        return self.network.eval()

    def _settle(self, interruption: Interruption) -> Ending | None:
        """Agree with all processes on time and ending; save where that is due."""
        waited = (time.monotonic() - self._last_saved) / 60
        is_due = self.progress.step > 0 and waited >= self.config.checkpoint_minutes
        own = self._find_ending(interruption)
        number = 0 if own is None else 1 + _ENDINGS.index(own)
        minutes, found, must_save = self.team.agree(
            [self.progress.minutes, number, is_due and self.team.is_first]
        )
        self.progress.minutes = minutes
        if found:
            return _ENDINGS[int(found) - 1]
        if must_save:
            self.save()
        return None

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

    def _advance(self) -> None:
        self.progress.step += 1
        self.progress.samples += self._step_samples
        leg_minutes = (time.monotonic() - self._leg_started) / 60
        self.progress.minutes = self._minutes_before + leg_minutes

    @property
    def _step_samples(self) -> int:
        return self.config.batch * self.team.size

    def _take_step(self, batch: TrainingBatch) -> dict[str, Tensor]:
        """One step; returns detached figures for the log."""
        rate = self._learning_rate()
        groups = zip(self._optimizer.param_groups, self._lr_factors, strict=True)
        for group, factor in groups:
            group["lr"] = rate * factor
        self._optimizer.zero_grad(set_to_none=True)
        with torch.autocast(
            self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"
        ):
            parts = self._compute_losses(self.network, batch, stage=self.config.stage)
        parts["total"].backward()
        total = self._share_gradients_(parts["total"].detach())
        norm = nn.utils.clip_grad_norm_(self._parameters, self.config.max_grad_norm)
        is_good = torch.isfinite(norm) & torch.isfinite(total)
        if is_good:
            self._optimizer.step()
            self.average.update(self.network)
            self._bad_steps = 0
        else:
            self._note_bad_step()
        return {name: part.detach() for name, part in parts.items()} | {
            "grad_norm": norm
        }

    def _share_gradients_(self, total: Tensor) -> Tensor:
        """Average gradients, running statistics and the loss over all processes."""
        if self.team.size == 1:
            return total
        for parameter in self._parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        mean_total = total.float().clone()
        buffers = [b for b in self.network.buffers() if b.is_floating_point()]
        gradients = [p.grad for p in self._parameters if p.grad is not None]
        self.team.average_([mean_total, *gradients, *buffers])
        return mean_total

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
        """Scheduled over samples, or else over the minutes of this leg."""
        config, progress = self.config, self.progress
        if config.samples is not None:
            done = progress.samples / config.samples
        else:
            assert config.minutes is not None
            done = (progress.minutes - self._minutes_before) / config.minutes
        return find_learning_rate(
            config,
            samples=progress.samples - self._warm_from,
            done=done,
            step_samples=self._step_samples,
        )

    def _describe(
        self, means: Mapping[str, float], steps_per_s: float
    ) -> dict[str, float]:
        return {
            "step": float(self.progress.step),
            "samples": float(self.progress.samples),
            "minutes": self.progress.minutes,
            "samples_per_s": steps_per_s * self._step_samples,
            "lr": self._learning_rate(),
            **means,
        }
