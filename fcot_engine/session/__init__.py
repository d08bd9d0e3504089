"""Frames, boxes, and a tracker that carries the boxes forward."""

from __future__ import annotations

from fcot_engine.session.propagation import Propagated, propagate
from fcot_engine.session.target_run import TargetRun
from fcot_engine.session.track_info import FrameRanges, TrackInfo, is_inside, to_ranges
from fcot_engine.session.track_store import BoxOrigin, Track, TrackBox, TrackStore
from fcot_engine.session.tracker_like import BoxReader, TrackerLike

__all__ = [
    "BoxOrigin",
    "BoxReader",
    "FrameRanges",
    "Propagated",
    "TargetRun",
    "Track",
    "TrackBox",
    "TrackInfo",
    "TrackStore",
    "TrackerLike",
    "is_inside",
    "propagate",
    "to_ranges",
]
