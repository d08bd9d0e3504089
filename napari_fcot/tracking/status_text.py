"""The status line: what is going on, what to do next, and on which device."""

from __future__ import annotations

from fcot_engine.annotation import Box, Origin
from napari_fcot.tracking.controller import Activity, TrackingController

__all__ = ["describe_box", "describe_status"]

_ORIGIN_WORDS = {
    Origin.HUMAN: "drawn by you",
    Origin.CORRECTED: "corrected by you",
    Origin.TRACKED: "tracked",
    Origin.INTERPOLATED: "interpolated",
}


def describe_status(controller: TrackingController) -> str:
    """Say what the panel is doing, or what a person could do, and on which device."""
    return f"{_describe_activity(controller)}\n{_describe_device(controller)}"


def describe_box(box: Box | None) -> str:
    """Say where the box of a frame came from and how sure the tracker was."""
    if box is None:
        return "no box"
    words = _ORIGIN_WORDS.get(box.origin, box.origin.name.lower())
    if box.is_human:
        return words
    if box.origin is Origin.INTERPOLATED:
        return words
    if box.is_lost:
        return f"lost (score {box.score:.2f}): last known place"
    return f"{words}, score {box.score:.2f}"


def _describe_device(controller: TrackingController) -> str:
    if controller.device_name:
        return f"Device: {controller.device_name}"
    if controller.is_preparing:
        return "Device: loading the network…"
    return "Device: not chosen before the network is loaded"


def _describe_activity(controller: TrackingController) -> str:
    if controller.activity is not Activity.IDLE and controller.stage:
        return f"{controller.stage}…"
    if controller.activity is Activity.TRACKING:
        verb = "Learning from your box" if controller.is_teaching else "Tracking"
        progress = controller.progress
        how_far = "" if progress is None else f" {progress.describe(is_running=True)}"
        return f"{verb}…{how_far}"
    if controller.activity is Activity.EXPORTING:
        return "Exporting…"
    if controller.activity is Activity.CHECKING:
        return "Estimating the quality…"
    return controller.message or _hint(controller)


def _hint(controller: TrackingController) -> str:
    session, frame_index = controller.session, controller.frame_index
    if session is None:
        return "Choose a video, or open File > Open Sample > FCOT sample video"
    if session.n_frames < 2:
        return "This video has one frame only: there is nothing to track"
    if controller.current_box is None:
        return f"Draw a box around the object in frame {frame_index}"
    if controller.teaches_at_once and not controller.current_box.is_human:
        return "Off? Move the box: the tracker learns from it"
    return "Ready to track from this frame"
