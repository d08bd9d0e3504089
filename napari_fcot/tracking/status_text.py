"""The status line: what is going on, what to do next, and on which device."""

from __future__ import annotations

from fcot_engine.session.track_store import BoxOrigin, TrackBox
from napari_fcot.tracking.controller import Activity, TrackingController

__all__ = ["describe_box", "describe_status"]

_ORIGIN_WORDS = {
    BoxOrigin.HUMAN: "drawn by you",
    BoxOrigin.CORRECTED: "corrected by you",
    BoxOrigin.TRACKED: "tracked",
}


def describe_status(controller: TrackingController) -> str:
    """Say what the panel is doing, or what a person could do, and on which device."""
    return f"{_describe_activity(controller)}\n{_describe_device(controller)}"


def describe_box(box: TrackBox | None) -> str:
    """Say where the box of a frame came from and how sure the tracker was."""
    if box is None:
        return "no box"
    words = _ORIGIN_WORDS[box.origin]
    if box.origin.is_human:
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
        frame = _tracked_frame(controller)
        return f"Tracking target {controller.tracked_id}: frame {frame}"
    if controller.activity is Activity.EXPORTING:
        return "Exporting…"
    return controller.message or _hint(controller)


def _tracked_frame(controller: TrackingController) -> str:
    progress, session = controller.progress, controller.session
    if progress is None or session is None:
        return "…"
    last = session.n_frames - 1
    return f"{last - progress.total + progress.done} of {last}"


def _hint(controller: TrackingController) -> str:
    session, frame_index = controller.session, controller.frame_index
    if session is None:
        return "Choose a video, or open File > Open Sample > FCOT sample video"
    if session.n_frames < 2:
        return "This video has one frame only: there is nothing to track"
    if controller.current_box is None:
        return f"Draw a box around the object in frame {frame_index}"
    if frame_index + 1 >= session.n_frames:
        return "This is the last frame: go back to track from an earlier one"
    return "Ready to track from this frame. To correct the box, edit or draw it"
