"""The schedule of the learning rate, and which parameters learn at which rate."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from torch import nn

from fcot_engine.config import Stage, TrainingConfig
from fcot_engine.errors import TrainingError

__all__ = ["ParameterGroup", "choose_parameters", "find_learning_rate"]

ParameterGroup = tuple[float, list[nn.Parameter]]
"""A factor on the learning rate, and the parameters it is for."""


def find_learning_rate(
    config: TrainingConfig, *, samples: int, done: float, step_samples: int
) -> float:
    """Linear warm-up, then a cosine or steps.

    Args:
        config: peak, warm-up and schedule.
        samples: sequences seen since the optimiser started.
        done: how much of the run is over, in [0, 1].
        step_samples: sequences in a step, over all processes.
    """
    warm = min(1.0, (samples + step_samples) / (config.warmup_samples + 1))
    if config.schedule == "step":
        passed = sum(done >= share for share in config.decay_at)
        return config.lr * warm * config.decay_factor**passed
    cosine = (1 + math.cos(math.pi * min(done, 1.0))) / 2
    low = config.final_lr_share
    return config.lr * warm * (low + (1 - low) * cosine)


def choose_parameters(
    network: nn.Module, stage: Stage, factors: Iterable[tuple[str, float]] = ()
) -> list[ParameterGroup]:
    """Parameters of a stage by learning rate; all others are frozen.

    Args:
        network: has `stage_parameters(stage)`.
        stage: which parameters are trained.
        factors: beginnings of parameter names with factors on the learning rate; the
            longest that fits counts, and 0 freezes.

    Returns:
        Groups in the order in which their first parameter comes; one where there are
        no factors.

    Raises:
        TrainingError: the stage has no parameters, or a beginning fits none of them.
    """
    given: Iterable[Any] = network.stage_parameters(stage)  # type: ignore[operator]
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
