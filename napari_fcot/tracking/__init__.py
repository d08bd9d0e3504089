"""The panel without a screen: state, jobs for the worker, and words."""

from __future__ import annotations

from napari_fcot.tracking.compact_score_map import CompactScoreMap, MapKind
from napari_fcot.tracking.controller import Activity, TrackingController
from napari_fcot.tracking.job import Job, JobEvent
from napari_fcot.tracking.map_peaks import MapPeak, find_map_peaks, nearest_peak
from napari_fcot.tracking.project_place import ProjectPlace
from napari_fcot.tracking.score_map_store import ScoreMapStore
from napari_fcot.tracking.session_opening import Opened
from napari_fcot.tracking.status_text import describe_box, describe_status
from napari_fcot.tracking.tracker_shelf import DefaultTrackers
from napari_fcot.tracking.video_session import VideoSession

__all__ = [
    "Activity",
    "CompactScoreMap",
    "DefaultTrackers",
    "Job",
    "JobEvent",
    "MapKind",
    "MapPeak",
    "Opened",
    "ProjectPlace",
    "ScoreMapStore",
    "TrackingController",
    "VideoSession",
    "describe_box",
    "describe_status",
    "find_map_peaks",
    "nearest_peak",
]
