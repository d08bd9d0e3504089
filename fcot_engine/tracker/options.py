"""What is chosen when a tracker is made, beside its network and settings."""

from __future__ import annotations

import hashlib
import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypedDict

from fcot_engine.config import (
    CalibrationConfig,
    SettingValue,
    TrackerConfig,
    apply_settings,
    find_preset,
)
from fcot_engine.model import FcotNet, load_network
from fcot_engine.tracker.device import choose_device
from fcot_engine.tracker.installed_weights import default_weights
from fcot_engine.tracker.preset_choice import AUTO, resolve_preset
from fcot_engine.tracker.results import Maker

__all__ = ["LoadedPreset", "TrackerOptions", "load_preset"]

_DISTRIBUTION = "napari-fcot"
_DIGITS = 12


class TrackerOptions(TypedDict, total=False):
    """Options of `Tracker` and `MultiTracker`, all by name."""

    device: str
    """"auto" (CUDA, then MPS, then CPU; if left out), "cpu", "cuda", "cuda:N" or
    "mps"."""
    seed: int
    """Of the random shifts in the augmentation, the same for each target; 0 if left
    out."""
    keep_score_maps: bool
    """Whether results carry their score maps; they do if left out."""
    maker: Maker
    """What `LoadedPreset` says of network and settings; nobody if left out."""


@dataclass(frozen=True, eq=False)  # networks do not compare to one bool
class LoadedPreset:
    """What trackers are made of; several may share one network."""

    network: FcotNet
    config: TrackerConfig
    maker: Maker


def load_preset(
    preset: str,
    weights: Path | str | None = None,
    settings: Mapping[str, SettingValue] | None = None,
    *,
    device: str = "auto",
) -> LoadedPreset:
    """Load a preset's network and settings.

    Args:
        preset: name of a preset, or "auto": on CUDA the best-scoring one whose weights
            are there, elsewhere "lite"; with `weights` the one that they are of.
        weights: a weights file in place of the preset's own. Scores are then not
            calibrated, unless `settings` say how.
        settings: settings that differ from the preset's, by dotted name, such as
            "regression.blend".
        device: what it shall run on, for "auto"; see `TrackerOptions`.

    Raises:
        ConfigError: no such preset, setting or device.
        WeightsError: the weights file is missing, corrupted or does not fit.
    """
    own = None if weights is None else Path(weights)
    if preset == AUTO:
        preset = resolve_preset(preset, choose_device(device), weights=own)
    config = find_preset(preset).tracker
    if own is not None:  # the preset's curve was fitted to its own weights
        config = replace(config, calibration=CalibrationConfig())
    config = apply_settings(config, settings or {})
    path = default_weights(preset) if own is None else own
    return LoadedPreset(load_network(path), config, _describe_maker(preset, path))


def _describe_maker(preset: str, weights: Path) -> Maker:
    try:
        version = importlib.metadata.version(_DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        version = "unknown"
    with weights.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Maker(f"fcot {version}", preset, f"{weights.name} sha256:{digest[:_DIGITS]}")
