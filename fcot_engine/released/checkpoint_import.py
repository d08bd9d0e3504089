"""From a released checkpoint to a network of ours, and to a weights file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import torch
from torch import Tensor

from fcot_engine.config import PaperNetworkConfig
from fcot_engine.errors import WeightsError
from fcot_engine.model import FcotNet, PaperNet, save_network
from fcot_engine.released.checkpoint_reader import ReleasedCheckpoint, read_checkpoint
from fcot_engine.released.efficientnet_import import KIND as EFFICIENTNET
from fcot_engine.released.efficientnet_import import is_efficientnet, make_start
from fcot_engine.released.name_table import DIMP, FCOT, NameTable

FRESH_SEED = 0
"""Seed of what a checkpoint does not have."""
ABSENT_NORM_SCALE = 2.0
"""`norm_scale_coef` of the released code where a checkpoint does not name one."""
COUNTER = ".num_batches_tracked"
"""Counts training steps; files of old versions do not have it, and nothing reads it."""
SHOWN = 8
"""Problems that a message names."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ImportedNetwork:
    """A network with the numbers of a released checkpoint."""

    network: FcotNet
    """In float32, in evaluation mode, on the CPU."""
    provenance: dict[str, str]
    """Where it came from, for the header of a weights file."""


def import_weights(
    source: Path,
    out: Path,
    *,
    norm_scale: float | None = None,
    sha256: str | None = None,
    config: PaperNetworkConfig | None = None,
) -> ImportedNetwork:
    """Write a released checkpoint as a weights file; arguments of `import_network`.

    Numbers are kept in half precision where it holds them (see `save_network`).

    Raises:
        WeightsError: the checkpoint cannot be used or `out` cannot be written.
    """
    imported = import_network(
        source, norm_scale=norm_scale, sha256=sha256, config=config
    )
    save_network(imported.network, out, info=imported.provenance)
    return imported


def import_network(
    path: Path,
    *,
    norm_scale: float | None = None,
    sha256: str | None = None,
    config: PaperNetworkConfig | None = None,
) -> ImportedNetwork:
    """Read a checkpoint of FCOT, or one of DiMP or EfficientNet to train from.

    The numbers of FCOT and DiMP are exactly those in the file; an EfficientNet becomes
    a start for `base`, see `efficientnet_import`.

    Args:
        path: file of the released training code.
        norm_scale: `norm_scale_coef` the network was trained with; read from the file
            when None.
        sha256: refuse a file with another digest than this one.
        config: sizes of the network; those of the paper when None. An EfficientNet
            has those of `base`.

    Raises:
        WeightsError: the file cannot be used. Entries that are missing, unexpected or
            of another shape are named together.
    """
    checkpoint = read_checkpoint(path, sha256=sha256)
    if is_efficientnet(checkpoint.tensors):
        start = make_start(checkpoint.tensors, name=path.name, seed=FRESH_SEED)
        return ImportedNetwork(
            network=start, provenance=_describe_start(checkpoint, path.name)
        )
    table = _find_table(checkpoint, path.name)
    config = config or PaperNetworkConfig()
    note = "as configured"
    if table is FCOT:
        config, note = _set_norm_gain(config, checkpoint, norm_scale, path.name)
    with torch.random.fork_rng(devices=[]):
        # what a file does not have is the same each time; other devices go on as before
        torch.default_generator.manual_seed(FRESH_SEED)
        network = PaperNet(config)
    _fill(network, checkpoint, table, path.name)
    provenance = _describe_origin(
        checkpoint, table, path.name, norm_scale=f"{config.norm_gain:g} ({note})"
    )
    return ImportedNetwork(network=network.eval(), provenance=provenance)


def _find_table(checkpoint: ReleasedCheckpoint, name: str) -> NameTable:
    for table in (FCOT, DIMP):
        if any(table.is_marked(key) for key in checkpoint.tensors):
            return table
    some = ", ".join(repr(key[:60]) for key in list(checkpoint.tensors)[:3])
    raise WeightsError(
        f"{name} is a state dict, but not of FCOT, DiMP or EfficientNet: it has "
        f"{len(checkpoint.tensors)} entries such as {some}. Name another file."
    )


def _set_norm_gain(
    config: PaperNetworkConfig,
    checkpoint: ReleasedCheckpoint,
    given: float | None,
    name: str,
) -> tuple[PaperNetworkConfig, str]:
    """Take the norm's gain, which is no tensor, from the constructor's arguments."""
    if given is not None:
        value: object = given
        note = "given"
    elif "norm_scale_coef" in checkpoint.arguments:
        value, note = checkpoint.arguments["norm_scale_coef"], "from the file"
    else:
        value, note = ABSENT_NORM_SCALE, "not in the file: the released default"
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not 0.01 <= value <= 100  # NaN is not
    ):
        raise WeightsError(
            f"norm_scale_coef of {name} must be a number from 0.01 to 100 (released: "
            f"1.5 or 2), got {_name_value(value)}. Fetch the file again."
        )
    return replace(config, norm_gain=float(value)), note


def _name_value(value: object) -> str:
    # a file can hold a text, list or number too long to be written out
    return f"{value:g}" if isinstance(value, float) else f"a {type(value).__name__}"


def _fill(
    network: PaperNet, checkpoint: ReleasedCheckpoint, table: NameTable, name: str
) -> None:
    """Put the tensors into the network, or say all that does not fit."""
    expected = network.state_dict()
    filled: dict[str, Tensor] = {}
    problems = []
    for released, value in checkpoint.tensors.items():
        if table.is_dropped(released):
            continue
        ours = table.to_ours(released)
        if ours is None or ours not in expected:
            shown = released[:80]
            problems.append(
                f"unexpected {shown if shown.isprintable() else ascii(shown)}"
            )
            continue
        filled[ours] = _reshape(value, expected[ours], released)
        if filled[ours].shape != expected[ours].shape:
            problems.append(
                f"{released} has shape {tuple(value.shape)}, "
                f"expected {tuple(expected[ours].shape)}"
            )
        elif not bool(torch.isfinite(filled[ours]).all()):
            problems.append(f"{released} has numbers too large for single precision")
    for ours in expected.keys() - filled.keys():
        missing = table.to_released(ours)
        if missing is not None and not ours.endswith(COUNTER):
            problems.append(f"missing {missing}")
    if problems:
        raise WeightsError(
            f"{name} does not fit the network of {table.kind} ({len(problems)} "
            f"problems): {'; '.join(sorted(problems)[:SHOWN])}. Fetch the file again, "
            "or name one that was trained with the released settings."
        )
    network.load_state_dict({**expected, **filled})


def _reshape(value: Tensor, wanted: Tensor, released: str) -> Tensor:
    """Return the tensor in our type, and in our shape where that is the same.

    The optimisers' tables are 1x1 convolutions and their scalars vectors of one
    element in the released code; everywhere else shapes must be equal.
    """
    if ".filter_optimizer." in released and value.numel() == wanted.numel():
        value = value.reshape(wanted.shape)
    return value.to(wanted.dtype)


def _describe_origin(
    checkpoint: ReleasedCheckpoint,
    table: NameTable,
    file_name: str,
    *,
    norm_scale: str,
) -> dict[str, str]:
    """Tell where a network came from, for the header of a weights file."""
    epoch = checkpoint.epoch
    told = {
        "kind": table.kind,
        **_describe_file(checkpoint, file_name),
        "source_network": checkpoint.network_type or "not told",
        "epoch": "not told" if epoch is None else str(epoch),
        "norm_scale_coef": norm_scale,
        "constructor": _describe_arguments(checkpoint.arguments),
    }
    if table is DIMP:
        told["note"] = (
            "A start for training: backbone and coarse classifier are from DiMP, "
            f"everything else is freshly initialised (seed {FRESH_SEED})."
        )
    return told


def _describe_start(checkpoint: ReleasedCheckpoint, file_name: str) -> dict[str, str]:
    """The same for a start for training whose trunk is an EfficientNet."""
    return {
        "kind": EFFICIENTNET,
        **_describe_file(checkpoint, file_name),
        "note": (
            "A start for training: the trunk is pre-trained, everything else is "
            f"freshly initialised (seed {FRESH_SEED})."
        ),
    }


def _describe_file(checkpoint: ReleasedCheckpoint, file_name: str) -> dict[str, str]:
    return {
        "source_file": file_name,
        "source_sha256": checkpoint.sha256,
        "source_bytes": str(checkpoint.size),
        "source_container": checkpoint.container.value,
        "imported": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }


def _describe_arguments(arguments: Mapping[str, object]) -> str:
    """Numbers and short texts among the constructor's arguments, as JSON.

    Anything else stays out: written out, a nested list may never end.
    """
    plain = {
        key[:80]: value
        for key, value in sorted(arguments.items())
        if isinstance(value, bool | float)
        or (isinstance(value, int) and abs(value) < 2**63)
        or (isinstance(value, str) and len(value) <= 80)
    }
    return json.dumps(plain)[:2000]
