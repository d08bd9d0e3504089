"""The `fcot` command."""

from __future__ import annotations

from fcot_engine.cli.command_line import main

__all__ = [
    "main",
]
