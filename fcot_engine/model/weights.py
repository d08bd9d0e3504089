"""Weights files: safetensors with the network's sizes and origin in the header."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from fcot_engine.config import (
    BackboneConfig,
    ClassifierConfig,
    EfficientNetBackboneConfig,
    NetworkConfig,
    PaperNetworkConfig,
    RegressorConfig,
)
from fcot_engine.errors import ConfigError, WeightsError
from fcot_engine.model.networks import FcotNet, build_network

_FORMAT = "napari-fcot-1"
_HALF_ERROR = 1e-3
"""Relative error from which on half precision is not taken. Numbers in its range have
up to 2.8e-4; below 6e-5 it gets worse."""


def save_network(
    network: FcotNet, path: Path, *, info: Mapping[str, str] | None = None
) -> None:
    """Write a network, beside the old file and then renamed.

    Tensors are in half precision, or in single precision where half would change them
    by more than a thousandth of their norm: numbers too large or too small for it.

    Args:
        network: the network, on any device.
        path: file to write, usually `*.safetensors`.
        info: what to say about the weights (data, samples, date, ...).

    Raises:
        WeightsError: the file cannot be written.
    """
    tensors = {
        name: _compact(value.detach().cpu()).contiguous()
        for name, value in network.state_dict().items()
    }
    metadata = {
        "format": _FORMAT,
        "network": json.dumps(_describe_config(network.config)),
        **(info or {}),
    }
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(tensors, draft, metadata=metadata)
        draft.chmod(0o644)  # the library makes it readable for its owner alone
        draft.replace(path)
    except (OSError, SafetensorError) as error:
        with contextlib.suppress(OSError):  # there may be no such folder
            draft.unlink(missing_ok=True)
        raise WeightsError(f"Weights cannot be written to {path}: {error}.") from error


def read_weights_info(path: Path) -> dict[str, str]:
    """Read the header of a weights file: format, network sizes, origin.

    Raises:
        WeightsError: the file is missing, corrupted or not one of ours.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = dict(file.metadata() or {})
    except (OSError, SafetensorError) as error:
        raise _unreadable(path, error) from error
    if metadata.get("format") != _FORMAT:
        raise WeightsError(
            f"{path} is not a weights file of napari-fcot (format "
            f"{metadata.get('format', 'not given')!r}, expected {_FORMAT!r}). "
            "Choose a file that `fcot train` wrote."
        )
    return metadata


def read_network_kind(path: Path) -> str:
    """Which kind of network a weights file holds: "lite", "base" or "paper".

    Raises:
        WeightsError: the file is missing, corrupted or not one of ours.
    """
    info = read_weights_info(path)
    try:
        return network_kind(_parse_config(json.loads(info["network"])))
    except (KeyError, TypeError, ValueError) as error:
        raise _unknown_network(path, error) from error


def load_network(path: Path) -> FcotNet:
    """Build the network that a weights file describes and fill it, on the CPU.

    Raises:
        WeightsError: the file is missing or corrupted, or names, shapes or values of
            its tensors do not fit; all that is wrong is named together.
    """
    info = read_weights_info(path)
    try:
        network = build_network(_parse_config(json.loads(info["network"])))
    except (KeyError, TypeError, ValueError) as error:
        raise _unknown_network(path, error) from error
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise _unreadable(path, error) from error
    _check_fit(path, network, tensors)
    network.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    return network.eval()


@dataclass(frozen=True, kw_only=True)
class WeightsContents:
    """The tensors of a weights file, summed up."""

    n_tensors: int
    n_numbers: int
    numbers_by_type: dict[str, int]
    """How many numbers are stored in each precision, such as `float16`."""
    sha256: str
    """Of all names, types, shapes and values, whatever the header says."""


def read_contents(path: Path) -> WeightsContents:
    """Read all tensors of a weights file and sum them up.

    Raises:
        WeightsError: the file is missing or corrupted.
    """
    digest = hashlib.sha256()
    numbers: Counter[str] = Counter()
    n_tensors = 0
    try:
        for name, tensor in _read_tensors(path):
            kind = str(tensor.dtype).removeprefix("torch.")
            digest.update(f"{name} {kind} {tuple(tensor.shape)}\n".encode())
            digest.update(tensor.flatten().view(torch.uint8).numpy().tobytes())
            numbers[kind] += tensor.numel()
            n_tensors += 1
    except (OSError, SafetensorError) as error:
        raise _unreadable(path, error) from error
    return WeightsContents(
        n_tensors=n_tensors,
        n_numbers=numbers.total(),
        numbers_by_type=dict(sorted(numbers.items())),
        sha256=digest.hexdigest(),
    )


def _read_tensors(path: Path) -> Iterator[tuple[str, Tensor]]:
    """Each tensor with its name, in the order of the names."""
    with safe_open(path, framework="pt") as file:
        for name in sorted(file.keys()):
            yield name, file.get_tensor(name)


def _compact(value: Tensor) -> Tensor:
    if not value.is_floating_point():
        return value
    half = value.half()
    error = torch.linalg.vector_norm(half.double() - value.double())
    limit = _HALF_ERROR * torch.linalg.vector_norm(value.double())
    return half if bool(error <= limit) else value  # infinity, NaN: `value`


def _unknown_network(path: Path, error: Exception) -> WeightsError:
    return WeightsError(
        f"{path} describes a network that cannot be built: {error}. "
        "It may come from a newer version."
    )


def _unreadable(path: Path, error: Exception) -> WeightsError:
    return WeightsError(
        f"Weights file {path} cannot be read: {error}. "
        "Check the path, or fetch the file again."
    )


def _describe_config(config: NetworkConfig | PaperNetworkConfig) -> dict[str, Any]:
    return {"kind": network_kind(config), **dataclasses.asdict(config)}


def network_kind(config: NetworkConfig | PaperNetworkConfig) -> str:
    """Which kind of network has these sizes: "lite", "base" or "paper"."""
    if isinstance(config, PaperNetworkConfig):
        return "paper"
    is_base = isinstance(config.backbone, EfficientNetBackboneConfig)
    return "base" if is_base else "lite"


def _parse_config(raw: dict[str, Any]) -> NetworkConfig | PaperNetworkConfig:
    if not isinstance(raw, dict):
        raise ConfigError(f"the network's sizes are no table but {raw!r}")
    try:
        kind = raw.get("kind", "lite")  # files of the first version do not say
        classifiers = {
            name: ClassifierConfig(**raw[name]) for name in ("coarse", "fine")
        }
        if kind == "paper":
            sizes = {name: value for name, value in raw.items() if name != "kind"}
            return PaperNetworkConfig(**(sizes | classifiers))
        return NetworkConfig(
            backbone=_parse_backbone(kind, raw["backbone"]),
            regressor=RegressorConfig(**raw["regressor"]),
            **classifiers,
        )
    except (KeyError, TypeError) as error:
        raise ConfigError(
            f"the network's sizes do not fit this version: {error}"
        ) from error


def _parse_backbone(
    kind: object, raw: Mapping[str, Any]
) -> BackboneConfig | EfficientNetBackboneConfig:
    if kind == "base":
        strides = tuple(raw.get("detail_strides", ()))
        return EfficientNetBackboneConfig(**{**raw, "detail_strides": strides})
    if kind != "lite":
        raise ConfigError(f"unknown kind of network {kind!r}")
    tuples = {name: tuple(raw[name]) for name in ("widths", "blocks")}
    return BackboneConfig(**{**raw, **tuples})


def _check_fit(path: Path, network: FcotNet, tensors: dict[str, torch.Tensor]) -> None:
    """Report missing, unexpected, misshapen and broken tensors in one message."""
    expected = network.state_dict()
    problems = [f"missing {name}" for name in expected.keys() - tensors.keys()]
    problems += [f"unexpected {name}" for name in tensors.keys() - expected.keys()]
    for name in sorted(expected.keys() & tensors.keys()):
        if expected[name].shape != tensors[name].shape:
            problems.append(
                f"{name} has shape {tuple(tensors[name].shape)}, "
                f"expected {tuple(expected[name].shape)}"
            )
        elif not bool(torch.isfinite(tensors[name]).all()):
            problems.append(f"{name} is not finite")
    if problems:
        shown = "; ".join(sorted(problems)[:8])
        raise WeightsError(
            f"{path} does not fit the network ({len(problems)} problems): {shown}. "
            "Fetch the file again or train with this version."
        )
