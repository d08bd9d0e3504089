"""The tracker, what it is made of and what it answers."""

from __future__ import annotations

from fcot_engine.tracker.confidence import Evidence, estimate_confidence
from fcot_engine.tracker.device import choose_device, name_device
from fcot_engine.tracker.localisation import Verdict
from fcot_engine.tracker.presets import (
    AUTO,
    LoadedPreset,
    PresetChoice,
    TrackerOptions,
    choose_preset,
    load_preset,
    resolve_preset,
)
from fcot_engine.tracker.results import Maker, ScoreMap, ScoreMaps, TrackResult
from fcot_engine.tracker.stages import STAGES, time_stages
from fcot_engine.tracker.tracker import MultiTracker, Tracker
from fcot_engine.tracker.weights import (
    DeviceSpeed,
    WeightsScores,
    default_weights,
    find_weights,
    install_weights,
    package_folder,
    read_scores,
    scores_path,
    user_folder,
    write_scores,
)

__all__ = [
    "AUTO",
    "STAGES",
    "DeviceSpeed",
    "Evidence",
    "LoadedPreset",
    "Maker",
    "MultiTracker",
    "PresetChoice",
    "ScoreMap",
    "ScoreMaps",
    "TrackResult",
    "Tracker",
    "TrackerOptions",
    "Verdict",
    "WeightsScores",
    "choose_device",
    "choose_preset",
    "default_weights",
    "estimate_confidence",
    "find_weights",
    "install_weights",
    "load_preset",
    "name_device",
    "package_folder",
    "read_scores",
    "resolve_preset",
    "scores_path",
    "time_stages",
    "user_folder",
    "write_scores",
]
