"""The training loop: steps, learning rate, averaged weights, checkpoints, log."""

from __future__ import annotations

import dataclasses
import logging
import math
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Protocol, cast

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel

from fcot_engine.config import Stage, TrainingConfig
from fcot_engine.errors import TrainingError
from fcot_engine.training.batches import BatchSource, TrainingBatch, load_batches
from fcot_engine.training.checkpoint import (
    find_checkpoint,
    read_checkpoint,
    write_checkpoint,
)
from fcot_engine.training.distributed import (
    average_figures,
    find_largest,
    gather_states,
    get_rank,
    get_size,
)
from fcot_engine.training.run_log import RunLog

_LOG = logging.getLogger(__name__)
_MAX_BAD_STEPS = 20

Ending = Literal["samples", "interrupted"]
"""Why a run ended."""


class LossFunction(Protocol):
    """Computes the parts of the loss."""

    def __call__(
        self, network: Any, batch: TrainingBatch, *, stage: Stage
    ) -> Mapping[str, Tensor]:
        """Scalars for the log by name; `total` is what is minimised."""


@dataclasses.dataclass
class TrainingProgress:
    """How far a run is, counting what was before it was resumed."""

    step: int = 0
    """Steps taken; also the number of the next batch."""
    samples: int = 0
    """Sequences seen."""
    minutes: float = 0.0
    """Minutes trained."""


class Trainer:
    """Trains a network on batches made on the fly.

    In a group of processes (see `distributed`) gradients are averaged, and the first
    process writes all files; `source` must make other batches in each.

    Args:
        network: has `stage_parameters(stage)`, the parameters that a stage trains.
        source: makes batches by number.
        compute_losses: the objective.
        config: how the steps are taken.
        folder: the run folder for checkpoint, log and plot.
        device: where the network is trained.
        workers: processes that make batches ahead, on the CPU.
        tensorboard: log for TensorBoard as well.
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
        workers: int = 0,
        tensorboard: bool = False,
    ) -> None:
        self.config = config
        self.folder = folder
        self.device = torch.device(device)
        self.network = network.to(self.device).train()
        self.progress = TrainingProgress()
        self._source, self._workers, self._tensorboard = source, workers, tensorboard
        groups = choose_parameters(network, config.stage, config.lr_factors)
        self._parameters = [p for _, members in groups for p in members]
        self._objective: nn.Module = _Objective(self.network, compute_losses)
        if get_size() > 1:  # hands the weights of the first process to all
            self._objective = DistributedDataParallel(
                self._objective, find_unused_parameters=True
            )
        self._optimizer = torch.optim.AdamW(
            [{"params": p, "lr": config.lr * factor} for factor, p in groups],
            weight_decay=config.weight_decay,
        )
        self._schedule = LambdaLR(self._optimizer, self._find_rate_share)
        self.average = AveragedModel(self.network, avg_fn=self._mix, use_buffers=True)
        self._bad_steps = 0

    def resume(self) -> bool:
        """Go on from the checkpoint of the run folder, if there is one.

        Raises:
            TrainingError: it is damaged, or belongs to another stage, seed or network.
        """
        path = find_checkpoint(self.folder)
        if path is None:
            return False
        state = read_checkpoint(path)
        for name in ("stage", "seed"):
            if state.get(name) != getattr(self.config, name):
                raise TrainingError(
                    f"{path} was trained with {name} {state.get(name)!r}, now "
                    f"{getattr(self.config, name)!r} is asked for. Use the same "
                    f"{name}, or a new run folder with --init."
                )
        try:
            for name, part in self._parts().items():
                part.load_state_dict(state[name])
        except (RuntimeError, KeyError, ValueError) as error:
            raise TrainingError(
                f"{path} does not fit the network: {error}. Use the preset and the "
                "factors on the learning rate it was trained with."
            ) from error
        self.progress = TrainingProgress(**state["progress"])
        generators = state["generators"]  # one for each process that took part
        torch.set_rng_state(generators[get_rank() % len(generators)])
        return True

    def run(
        self, on_log: Callable[[Mapping[str, float]], None] | None = None
    ) -> Ending:
        """Train until the samples or the user's patience are over.

        A checkpoint is written at the end, whatever the reason.

        Args:
            on_log: called with each line of the log, in the first process.

        Raises:
            TrainingError: the loss is not finite for many steps, or a file cannot be
                written.
        """
        progress, n_logged = self.progress, self.progress.step
        started = logged = saved = time.monotonic()
        minutes_before = progress.minutes
        sums: dict[str, Tensor] = {}
        log = self._open_log()
        batches = load_batches(
            self._source,
            first=progress.step,
            size=self.config.batch,
            workers=self._workers,
        )

        def log_means() -> None:
            nonlocal logged, n_logged, sums
            n, now = progress.step - n_logged, time.monotonic()
            means = average_figures({name: part / n for name, part in sums.items()})
            row = {
                "step": float(progress.step),
                "samples": float(progress.samples),
                "minutes": progress.minutes,
                "samples_per_s": n * self._step_samples / max(now - logged, 1e-9),
                "lr": self.config.lr * self._find_rate_share(),
                **means,
            }
            logged, n_logged, sums = now, progress.step, {}
            if log is not None:
                log.add(row)
                if on_log is not None:
                    on_log(row)

        with _Interruption.noted() as interruption:
            while True:
                is_over = progress.samples >= self.config.samples
                waited = (time.monotonic() - saved) / 60
                is_due = progress.step > 0 and waited >= self.config.checkpoint_minutes
                stops, must_save = find_largest([interruption.is_requested, is_due])
                if is_over or stops:
                    break
                if must_save:
                    self.save()
                    saved = time.monotonic()
                for name, part in self._take_step(next(batches)).items():
                    sums[name] = (
                        sums[name] + part.float()
                        if name in sums
                        else (part.float().clone())
                    )
                progress.step += 1
                progress.samples += self._step_samples
                progress.minutes = minutes_before + (time.monotonic() - started) / 60
                if progress.step % self.config.log_every == 0:
                    log_means()
            if progress.step > n_logged:
                log_means()
            self.save()
            if log is not None:
                log.close()
        return "samples" if is_over else "interrupted"

    def save(self) -> None:
        """Write a checkpoint of everything that the next step depends on."""
        generators = gather_states(torch.get_rng_state())
        if get_rank() > 0:
            return
        state = {name: part.state_dict() for name, part in self._parts().items()}
        state["progress"] = dataclasses.asdict(self.progress)
        state["generators"] = generators
        state |= {"stage": self.config.stage, "seed": self.config.seed}
        write_checkpoint(self.folder, state)

    def load_average(self) -> nn.Module:
        """Put the averaged weights into the network, for export; ends training."""
        self.network.load_state_dict(self.average.module.state_dict())
        return self.network.eval()

    @property
    def _step_samples(self) -> int:
        return self.config.batch * get_size()

    def _parts(self) -> dict[str, Any]:
        """All that has a state of its own, by its name in the checkpoint."""
        return {
            "network": self.network,
            "average": self.average,
            "optimizer": self._optimizer,
            "schedule": self._schedule,
        }

    def _open_log(self) -> RunLog | None:
        if get_rank() > 0:
            return None
        step = self.progress.step
        return RunLog(self.folder, after_step=step, tensorboard=self._tensorboard)

    def _take_step(self, batch: TrainingBatch) -> dict[str, Tensor]:
        """One step; returns detached figures for the log."""
        self._optimizer.zero_grad(set_to_none=True)
        with torch.autocast(
            self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"
        ):
            parts = self._objective(batch.to(self.device), self.config.stage)
        parts["total"].backward()
        norm = nn.utils.clip_grad_norm_(self._parameters, self.config.max_grad_norm)
        if torch.isfinite(norm):  # of all processes: gradients are their mean
            self._optimizer.step()
            self._schedule.step()
            self.average.update_parameters(self.network)
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

    def _mix(self, average: Tensor, current: Tensor, steps: Tensor | int) -> Tensor:
        """Follow the weights by one step; early steps are soon forgotten."""
        if not average.is_floating_point():
            return current
        steps = torch.as_tensor(steps, dtype=average.dtype, device=average.device)
        decay = ((steps + 1) / (steps + 10)).clamp(max=self.config.ema_decay)
        return torch.lerp(average, current, 1 - decay)

    def _find_rate_share(self, _: int = 0) -> float:
        # by samples, not by steps: a resumed run may have another batch size
        return find_rate_share(
            self.config, self.progress.samples, step_samples=self._step_samples
        )


class _Objective(nn.Module):
    """The loss as a module, which is what DistributedDataParallel wraps."""

    def __init__(self, network: nn.Module, compute_losses: LossFunction) -> None:
        super().__init__()
        self.network = network
        self._compute_losses = compute_losses

    def forward(self, batch: TrainingBatch, stage: Stage) -> dict[str, Tensor]:
        return dict(self._compute_losses(self.network, batch, stage=stage))


def find_rate_share(
    config: TrainingConfig, samples: int, *, step_samples: int
) -> float:
    """Share of the peak learning rate: linear warm-up, then a cosine or steps.

    Args:
        config: length of the run, warm-up and schedule.
        samples: sequences seen.
        step_samples: sequences in a step, over all processes.
    """
    warm = min(1.0, (samples + step_samples) / (config.warmup_samples + 1))
    done = min(1.0, samples / config.samples)
    if config.schedule == "step":
        return warm * config.decay_factor ** sum(done >= at for at in config.decay_at)
    low = config.final_lr_share
    return warm * (low + (1 - low) * (1 + math.cos(math.pi * done)) / 2)


def choose_parameters(
    network: nn.Module, stage: Stage, factors: Iterable[tuple[str, float]] = ()
) -> list[tuple[float, list[nn.Parameter]]]:
    """Parameters of a stage by learning rate; all others are frozen.

    Args:
        network: has `stage_parameters(stage)`.
        stage: which parameters are trained.
        factors: beginnings of parameter names with factors on the learning rate; the
            longest that fits counts, and 0 freezes.

    Returns:
        Factors with their parameters, in the order in which the first of these comes.

    Raises:
        TrainingError: the stage has no parameters, or a beginning fits none of them.
    """
    given = cast(Iterable[Any], network.stage_parameters(stage))  # type: ignore[operator]
    chosen = {id(parameter) for parameter in given}
    by_length = sorted(factors, key=lambda pair: len(pair[0]), reverse=True)
    unused = {beginning for beginning, _ in by_length}
    groups: dict[float, list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        fits = [pair for pair in by_length if name.startswith(pair[0])]
        factor = fits[0][1] if fits else 1.0
        is_chosen = id(parameter) in chosen
        parameter.requires_grad_(is_chosen and factor > 0)
        if is_chosen:
            unused -= {beginning for beginning, _ in fits}
        if parameter.requires_grad:
            groups.setdefault(factor, []).append(parameter)
    if not groups:
        raise TrainingError(
            f"The network has no parameters for stage {stage!r} that may move; train "
            "another stage, or freeze less with --lr-factor."
        )
    if unused:
        parts = sorted({name.split(".")[0] for name, _ in network.named_parameters()})
        raise TrainingError(
            f"No parameter of stage {stage!r} begins with "
            f"{', '.join(sorted(unused))}; the network has: {', '.join(parts)}."
        )
    return list(groups.items())


@dataclasses.dataclass
class _Interruption:
    is_requested: bool = False

    @classmethod
    @contextmanager
    def noted(cls) -> Iterator[_Interruption]:
        """Note Ctrl-C and SIGTERM; the second one interrupts at once.

        Outside the main thread nothing is noted: signals arrive only there.
        """
        interruption = cls()

        def note(number: int, frame: object) -> None:
            if interruption.is_requested:
                raise KeyboardInterrupt
            interruption.is_requested = True

        is_main = threading.current_thread() is threading.main_thread()
        numbers = (signal.SIGINT, signal.SIGTERM) if is_main else ()
        previous = {number: signal.signal(number, note) for number in numbers}
        try:
            yield interruption
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
