"""What a tracker is made of: a preset by name or by device, and options.

The default for a device is the best-scoring preset of those whose weights are there.
Left out are those that were measured at less than 60 frames/s on CUDA or 10 elsewhere,
and those whose figures cannot be compared, since other sequences were tracked. A speed
that nobody measured counts as high enough on CUDA alone; Apple's GPUs are taken to be
no slower than a CPU.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypedDict

import torch

from fcot_engine.config import (
    PRESETS,
    CalibrationConfig,
    SettingValue,
    TrackerConfig,
    apply_settings,
    find_preset,
)
from fcot_engine.errors import WeightsError
from fcot_engine.model import (
    FcotNet,
    fold_norms_,
    load_network,
    read_network_kind,
)
from fcot_engine.tracker.device import choose_device
from fcot_engine.tracker.results import Maker
from fcot_engine.tracker.weights import (
    WeightsScores,
    default_weights,
    find_weights,
    read_scores,
)

AUTO = "auto"
"""In place of a preset's name: the one that suits the device."""
LEAST_FRAMES_PER_S = {"cuda": 60.0, "mps": 10.0, "cpu": 10.0}
"""By kind of device: what people who watch a target being followed put up with."""
_FALLBACK = "lite"

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class PresetChoice:
    """A preset and why it is the default."""

    preset: str
    reason: str
    """In words."""
    is_by_score: bool = False
    """Whether it won against others, rather than being all that could be chosen."""


def choose_preset(device: torch.device) -> PresetChoice:
    """Choose the default for a device among the presets whose weights are there."""
    present = [name for name in PRESETS if find_weights(name) is not None]
    if present == [_FALLBACK] or not present:
        return PresetChoice(_FALLBACK, "no weights of a larger preset are installed")
    scored = {
        name: scores for name in present if (scores := _read_scores(name)) is not None
    }
    if not scored:
        return PresetChoice(
            _FALLBACK, "nothing is known about what the installed presets score"
        )
    most = max(scored.values(), key=lambda scores: scores.frames)
    yardstick = scored.get(_FALLBACK, most)
    usable = {
        name: scores
        for name, scores in scored.items()
        if scores.is_comparable(yardstick) and _is_fast(scores, device.type)
    }
    if not usable:
        return PresetChoice(_FALLBACK, "the installed larger presets are too slow")
    best = max(usable, key=lambda name: usable[name].auc)
    reason = f"AUC {usable[best].auc:.3f}, the best of those installed and measured"
    return PresetChoice(best, reason, is_by_score=len(usable) > 1)


def resolve_preset(
    preset: str, device: torch.device, *, weights: Path | None = None
) -> str:
    """Turn "auto" into the name of a preset; other names are left as they are.

    The first time that CUDA has to do with `lite` for want of others, a warning in the
    log says so.

    Args:
        preset: a name or "auto".
        device: where it shall track.
        weights: a weights file that was chosen; its network says which preset it is of.

    Raises:
        WeightsError: that file cannot be read.
    """
    if preset != AUTO:
        return preset
    if weights is not None:
        return read_network_kind(weights)
    choice = choose_preset(device)
    is_for_want = choice.preset == _FALLBACK and not choice.is_by_score
    if device.type == "cuda" and is_for_want:
        _tell_once(choice.reason)
    return choice.preset


def _read_scores(preset: str) -> WeightsScores | None:
    """Figures of a preset that is there, None if there are none."""
    try:
        return read_scores(default_weights(preset))
    except WeightsError as error:
        _LOG.warning("%s", error)
        return None


def _is_fast(scores: WeightsScores, kind: str) -> bool:
    """Whether a preset is fast enough on a kind of device, as far as is known."""
    speed = scores.speed_on(kind)
    if speed is None and kind == "mps":
        speed = scores.speed_on("cpu")
    if speed is None:
        return kind == "cuda"
    return speed >= LEAST_FRAMES_PER_S.get(kind, LEAST_FRAMES_PER_S["cpu"])


@functools.cache
def _tell_once(reason: str) -> None:
    _LOG.warning(
        "Tracking on CUDA with the small preset 'lite': %s. `fcot weights` shows what "
        "there is, `fcot weights get PRESET` how to install more.",
        reason,
    )


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
    """For tracking alone: its batch norms are folded into the convolutions."""
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
        preset: name of a preset, or "auto": the best-scoring one of those whose weights
            are there and fast enough on the device; with `weights` the one that they
            are of.
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
    network = fold_norms_(load_network(path))
    return LoadedPreset(network, config, _describe_maker(preset, path))


def _describe_maker(preset: str, weights: Path) -> Maker:
    try:
        version = importlib.metadata.version(_DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        version = "unknown"
    with weights.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Maker(f"fcot {version}", preset, f"{weights.name} sha256:{digest[:_DIGITS]}")
