"""The tracker and what it answers."""

from fcot_engine.tracker.device import choose_device, name_device
from fcot_engine.tracker.installed_weights import default_weights
from fcot_engine.tracker.multi_tracker import MultiTracker
from fcot_engine.tracker.options import TrackerOptions
from fcot_engine.tracker.preset_choice import PresetChoice, choose_preset
from fcot_engine.tracker.results import ScoreMaps, TrackResult, Verdict
from fcot_engine.tracker.tracker import Tracker

__all__ = [
    "MultiTracker",
    "PresetChoice",
    "ScoreMaps",
    "TrackResult",
    "Tracker",
    "TrackerOptions",
    "Verdict",
    "choose_device",
    "choose_preset",
    "default_weights",
    "name_device",
]
