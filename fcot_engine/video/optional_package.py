"""Packages that only some kinds of input need."""

from __future__ import annotations

import importlib.util

from fcot_engine.errors import VideoError

__all__ = ["require_package"]


def require_package(module: str, *, distribution: str, purpose: str) -> None:
    """Raise `VideoError` with the line to type unless a package is installed."""
    if importlib.util.find_spec(module) is None:
        raise VideoError(
            f"{purpose} needs the package {distribution}, which is not installed. "
            f"Install it with: pip install {distribution}"
        )
