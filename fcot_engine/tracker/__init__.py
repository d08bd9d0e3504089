"""The tracker and what it answers."""

from __future__ import annotations

from fcot_engine.tracker.device import choose_device, name_device
from fcot_engine.tracker.installed_weights import (
    default_weights,
    find_weights,
    package_folder,
    user_folder,
)
from fcot_engine.tracker.multi_tracker import MultiTracker
from fcot_engine.tracker.options import LoadedPreset, TrackerOptions, load_preset
from fcot_engine.tracker.preset_choice import (
    AUTO,
    PresetChoice,
    choose_preset,
    resolve_preset,
)
from fcot_engine.tracker.results import Maker, ScoreMap, ScoreMaps, TrackResult, Verdict
from fcot_engine.tracker.tracker import Tracker
from fcot_engine.tracker.weights_installation import install_weights
from fcot_engine.tracker.weights_scores import (
    DeviceSpeed,
    WeightsScores,
    read_scores,
    scores_path,
    write_scores,
)

__all__ = [
    "AUTO",
    "DeviceSpeed",
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
    "find_weights",
    "install_weights",
    "load_preset",
    "name_device",
    "package_folder",
    "read_scores",
    "resolve_preset",
    "scores_path",
    "user_folder",
    "write_scores",
]
