"""What the header of an imported weights file says about its origin."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from fcot_engine.released.checkpoint_reader import ReleasedCheckpoint
from fcot_engine.released.efficientnet_import import KIND as EFFICIENTNET
from fcot_engine.released.name_table import DIMP, NameTable

__all__ = ["FRESH_SEED", "describe_origin", "describe_start"]

FRESH_SEED = 0
"""Seed of what a checkpoint does not have."""


def describe_origin(
    checkpoint: ReleasedCheckpoint,
    table: NameTable,
    file_name: str,
    *,
    norm_scale: str,
) -> dict[str, str]:
    """Tell where a network came from, for `save_network`.

    Args:
        checkpoint: the file that was read.
        table: which kind of network it holds.
        file_name: its name.
        norm_scale: the norm's factor, and where that is from.
    """
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


def describe_start(checkpoint: ReleasedCheckpoint, file_name: str) -> dict[str, str]:
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
