"""The weights that come with the package."""

from __future__ import annotations

from pathlib import Path

from fcot_engine.config.presets import find_preset
from fcot_engine.errors import WeightsError

__all__ = ["default_weights"]


def default_weights(preset: str) -> Path:
    """Path of the weights that come with the package for a preset.

    Raises:
        ConfigError: no such preset.
        WeightsError: they are not installed.
    """
    folder = Path(__file__).resolve().parent.parent / "weights"
    path = folder / find_preset(preset).weights_name
    if not path.is_file():
        raise WeightsError(
            f"The weights of preset {preset!r} are not installed ({path.name} is "
            "missing from the package). Name a weights file, or choose another preset."
        )
    return path
