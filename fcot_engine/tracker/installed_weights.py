"""Where the weights of presets are: in the package, or in the user's own folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from fcot_engine.config import find_preset
from fcot_engine.errors import WeightsError

__all__ = ["default_weights", "find_weights", "package_folder", "user_folder"]


def package_folder() -> Path:
    """The folder of the weights that come with the package."""
    return Path(__file__).resolve().parent.parent / "weights"


def user_folder() -> Path:
    """The folder of the weights that a user installed; it need not be there.

    `FCOT_WEIGHTS` names another one.
    """
    chosen = os.environ.get("FCOT_WEIGHTS")
    if chosen:
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "napari-fcot" / "weights"


def find_weights(preset: str) -> Path | None:
    """Path of a preset's weights, those of the package first; None if there are none.

    Raises:
        ConfigError: no such preset.
    """
    name = find_preset(preset).weights_name
    for folder in (package_folder(), user_folder()):
        path = folder / name
        if path.is_file():
            return path
    return None


def default_weights(preset: str) -> Path:
    """Path of a preset's weights.

    Raises:
        ConfigError: no such preset.
        WeightsError: they are not installed.
    """
    path = find_weights(preset)
    if path is None:
        raise WeightsError(
            f"The weights of preset {preset!r} are not installed: "
            f"{find_preset(preset).weights_name} is neither in the package nor in "
            f"{user_folder()}. `fcot weights get {preset}` says where they come from; "
            "or name a weights file, or take preset 'lite'."
        )
    return path
