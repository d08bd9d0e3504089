"""What is installed on this machine."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import sys
from collections.abc import Mapping

__all__ = ["can_open_window", "read_version"]


def read_version(distribution: str) -> str | None:
    """Return the version of an installed distribution, or None."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def can_open_window(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether there is a screen, and napari with this plugin to show on it."""
    has_screen = sys.platform in ("darwin", "win32") or any(
        environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    return has_screen and all(
        importlib.util.find_spec(name) is not None for name in ("napari", "napari_fcot")
    )
