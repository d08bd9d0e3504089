"""The targets of a video along time, below the canvas."""

from __future__ import annotations

from napari_fcot.timeline.row_actions import FrameAction, PairAction, RangeAction
from napari_fcot.timeline.target_line import TargetLine
from napari_fcot.timeline.timeline_colors import TimelineColors
from napari_fcot.timeline.timeline_dock import TimelineDock
from napari_fcot.timeline.timeline_feed import TimelineFeed
from napari_fcot.timeline.timeline_model import StopMark, TimelineModel
from napari_fcot.timeline.timeline_view import TimelineView
from napari_fcot.timeline.timeline_widget import TimelineWidget

__all__ = [
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
