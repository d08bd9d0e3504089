"""The targets of a video along time, below the canvas."""

from __future__ import annotations

# first, as it loads Qt through qtpy: pyqtgraph takes the Qt that is there already
from napari_fcot.timeline.actions import FrameAction, PairAction, RangeAction
from napari_fcot.timeline.colors import TimelineColors
from napari_fcot.timeline.target_row import TargetLine
from napari_fcot.timeline.timeline_feed import TimelineFeed
from napari_fcot.timeline.timeline_model import StopMark, TimelineModel
from napari_fcot.timeline.view import TimelineView
from napari_fcot.timeline.widget import DOCK_NAME, TimelineDock, TimelineWidget

__all__ = [
    "DOCK_NAME",
    "FrameAction",
    "PairAction",
    "RangeAction",
    "StopMark",
    "TargetLine",
    "TimelineColors",
    "TimelineDock",
    "TimelineFeed",
    "TimelineModel",
    "TimelineView",
    "TimelineWidget",
]
