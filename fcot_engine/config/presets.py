"""Named settings, written as differences from the defaults."""

from __future__ import annotations

from dataclasses import dataclass, field

from fcot_engine.config.network import NetworkConfig
from fcot_engine.config.tracking import TrackerConfig
from fcot_engine.errors import ConfigError

__all__ = ["PRESETS", "Preset", "find_preset"]


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A network with the settings that it is tracked with."""

    network: NetworkConfig = field(default_factory=NetworkConfig)
    """Sizes for training; a weights file brings its own."""
    tracker: TrackerConfig = field(default_factory=TrackerConfig)
    """Settings while tracking."""
    weights_name: str
    """File in the package's folder of weights."""


PRESETS: dict[str, Preset] = {
    "lite": Preset(weights_name="lite.safetensors"),
}
"""All presets by name; `lite` is the default."""


def find_preset(name: str) -> Preset:
    """Return a preset by name.

    Raises:
        ConfigError: there is none of that name.
    """
    try:
        return PRESETS[name]
    except KeyError:
        raise ConfigError(
            f"There is no preset {name!r}; choose one of: {', '.join(PRESETS)}."
        ) from None
