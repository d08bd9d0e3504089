"""The panel without a screen: state, jobs for the worker, and words."""

from __future__ import annotations

from napari_fcot.tracking.controller import Activity, TrackingController
from napari_fcot.tracking.video_session import VideoSession

__all__ = ["Activity", "TrackingController", "VideoSession"]
