"""Weights of the authors' released code: reading them safely, and making them ours."""

from __future__ import annotations

from fcot_engine.released.checkpoint_import import (
    ImportedNetwork,
    import_network,
    import_weights,
)
from fcot_engine.released.checkpoint_reader import ReleasedCheckpoint, read_checkpoint
from fcot_engine.released.container import is_checkpoint

__all__ = [
    "ImportedNetwork",
    "ReleasedCheckpoint",
    "import_network",
    "import_weights",
    "is_checkpoint",
    "read_checkpoint",
]
