"""FCOT: fully convolutional online tracking, without a screen.

Example:
    >>> from fcot_engine import Tracker, TrackStore, open_frames
"""

import os as _os

# Threads that wait by spinning take the cores from everything else on a busy machine.
# It must be set before PyTorch is imported; whoever has set it keeps the choice.
_os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from fcot_engine.config import PRESETS, TrackerConfig
from fcot_engine.errors import FcotError
from fcot_engine.session import TrackStore, propagate
from fcot_engine.tracker import MultiTracker, Tracker, TrackResult, Verdict
from fcot_engine.video import open_frames

__all__ = [
    "PRESETS",
    "FcotError",
    "MultiTracker",
    "TrackResult",
    "TrackStore",
    "Tracker",
    "TrackerConfig",
    "Verdict",
    "open_frames",
    "propagate",
]
