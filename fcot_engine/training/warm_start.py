"""Where a new run starts: fresh parameters, a weights file, or what fits of one."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch

from fcot_engine.config import find_preset
from fcot_engine.errors import WeightsError
from fcot_engine.model import (
    FcotNet,
    GradientFeatures,
    LiteNet,
    build_network,
    load_network,
    network_kind,
)
from fcot_engine.training.batches import BatchSource

_START_GAIN = "start_gain"


class Start(NamedTuple):
    """A network to train, on the CPU."""

    network: FcotNet
    told: str
    """Where its parameters come from, in words."""


def start_network(
    preset: str | None, weights: Path | None, *, borrow_from: Path | None = None
) -> Start:
    """Make the network that a run starts with.

    Args:
        preset: the size that is wanted; None for that of `weights`, or else "lite".
        weights: a weights file. If it is of the preset's size, or no preset is asked
            for, it is taken as it is. Between `lite` and `base` the parts they share
            are taken: fixed features, label, mask and weight tables, the initialiser's
            gains for fixed features, eta.
        borrow_from: another file, from which such parts are taken after that.

    Raises:
        ConfigError: no such preset.
        WeightsError: a file cannot be read, or nothing of it fits.
    """
    start = _begin(preset, weights)
    if borrow_from is None:
        return start
    taken = _borrow_(start.network, borrow_from, preset)
    return Start(start.network, f"{start.told}; then {taken}")


def _begin(preset: str | None, weights: Path | None) -> Start:
    if weights is None:
        network = build_network(find_preset(preset or "lite").network)
        return Start(network, "new parameters")
    given = load_network(weights)
    if preset is None:
        return Start(given, f"all of {weights.name}")
    network = build_network(find_preset(preset).network)
    if _shapes(network) == _shapes(given):
        return Start(given, f"all of {weights.name}")  # with its own settings
    taken = _borrow_(network, weights, preset)
    return Start(network, f"{taken}, others new")


def _borrow_(network: FcotNet, weights: Path, preset: str | None) -> str:
    """Take from a file what both have; returns what that was, in words."""
    given = load_network(weights)
    if not (isinstance(network, LiteNet) and isinstance(given, LiteNet)):
        raise WeightsError(
            f"{weights} holds a network of the kind {network_kind(given.config)!r}, "
            f"from which preset {preset or network_kind(network.config)!r} cannot "
            "start. Leave --preset out to train that network, or let it teach the new "
            "one with --distill-from."
        )
    count = _take_over_(network, given)
    return f"{count} of {len(_shapes(network))} tensors of {weights.name}"


def _shapes(network: FcotNet) -> dict[str, torch.Size]:
    return {name: value.shape for name, value in network.state_dict().items()}


@torch.no_grad()
def _take_over_(network: LiteNet, given: LiteNet) -> int:
    """Copy what both have; returns how many tensors were written to."""
    if network.has_fixed_features != given.has_fixed_features:
        raise WeightsError(
            "Only one of both networks has fixed features, so nothing can be taken "
            "over. Use --distill-from in place of --init."
        )
    own, other = network.state_dict(), given.state_dict()
    count = 0
    for name in own.keys() & other.keys():
        if own[name].shape == other[name].shape:
            own[name].copy_(other[name])
        elif name.endswith(_START_GAIN) and network.has_fixed_features:
            learned = getattr(given, name.split(".")[0]).config.channels
            fixed = other[name][learned:]  # fixed channels stand behind learned ones
            own[name][-len(fixed) :].copy_(fixed)
        else:
            continue
        count += 1
    return count


_BATCHES = 4
_SEQUENCES = 16
_FIRST = 2**40  # numbers that no run reaches, so that these samples are not trained on


@torch.no_grad()
def measure_fixed_statistics_(features: GradientFeatures, source: BatchSource) -> None:
    """Set the features' buffers so that they are normalised on training frames.

    Args:
        features: written to; on the device that `source` composes on.
        source: makes the batches that are looked at.
    """
    means, squares = [], []
    for number in range(_BATCHES):
        batch = source.make_batch(_FIRST + number, _SEQUENCES)
        maps = features.measure(batch.train_images.flatten(0, 1))
        means.append(maps.mean((0, 2, 3), keepdim=True))
        squares.append(maps.square().mean((0, 2, 3), keepdim=True))
    mean, square = torch.stack(means).mean(0), torch.stack(squares).mean(0)
    features.set_statistics_(mean, (square - mean.square()).clamp(min=0))
