"""Weights of the authors' released code: reading them safely, and making them ours."""

from __future__ import annotations

from fcot_engine.released.checkpoint_import import (
    import_network,
    import_weights,
)
from fcot_engine.released.checkpoint_reader import is_checkpoint, read_checkpoint

__all__ = [
    "import_network",
    "import_weights",
    "is_checkpoint",
    "read_checkpoint",
]
