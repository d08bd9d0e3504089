"""The panel without a screen: state, edits, runs, and jobs for the worker."""

from __future__ import annotations

from napari_fcot.tracking.classes import (
    N_DIGITS,
    ClassEntry,
    list_classes,
    read_class_names,
    write_class_names,
)
from napari_fcot.tracking.controller import TrackingController
from napari_fcot.tracking.jobs import Job, JobEvent
from napari_fcot.tracking.projects import Opened, ProjectPlace, SessionOpener
from napari_fcot.tracking.runs import Activity
from napari_fcot.tracking.score_maps import MapKind, ScoreMapStore
from napari_fcot.tracking.state import VideoSession
from napari_fcot.tracking.statistics import count_work
from napari_fcot.tracking.status_text import (
    describe_box,
    describe_origin,
    describe_status,
)
from napari_fcot.tracking.trackers import TrackerChoice
from napari_fcot.tracking.video_folder import FolderVideo, VideoState, list_videos

__all__ = [
    "N_DIGITS",
    "Activity",
    "ClassEntry",
    "FolderVideo",
    "Job",
    "JobEvent",
    "MapKind",
    "Opened",
    "ProjectPlace",
    "ScoreMapStore",
    "SessionOpener",
    "TrackerChoice",
    "TrackingController",
    "VideoSession",
    "VideoState",
    "count_work",
    "describe_box",
    "describe_origin",
    "describe_status",
    "list_classes",
    "list_videos",
    "read_class_names",
    "write_class_names",
]
