# ruff: noqa: TID252 (lazy_loader reads relative imports alone)
from .config import PRESETS, TrackerConfig
from .errors import FcotError
from .tracker import Maker, MultiTracker, Tracker, TrackResult, Verdict
from .video import open_frames

__all__ = [
    "PRESETS",
    "FcotError",
    "Maker",
    "MultiTracker",
    "TrackResult",
    "Tracker",
    "TrackerConfig",
    "Verdict",
    "open_frames",
]
