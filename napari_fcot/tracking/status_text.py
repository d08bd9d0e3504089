"""The status line: what is going on, and what to do next."""

from __future__ import annotations

from fcot_engine.annotation import Box, Origin
from napari_fcot.tracking.controller import TrackingController
from napari_fcot.tracking.runs import Activity

_ORIGIN_WORDS = {
    Origin.HUMAN: "drawn by you",
    Origin.CORRECTED: "corrected by you",
    Origin.TRACKED: "tracked",
    Origin.INTERPOLATED: "interpolated",
}


def describe_status(controller: TrackingController) -> str:
    """Say what the panel is doing, or what a person could do."""
    return _describe_activity(controller)


def describe_origin(box: Box) -> str:
    """Say who or what a box comes from."""
    return _ORIGIN_WORDS.get(box.origin, box.origin.name.lower())


def describe_box(box: Box | None) -> str:
    """Say where the box of a frame came from and how sure the tracker was."""
    if box is None:
        return "no box"
    words = describe_origin(box)
    if box.is_human or box.origin is Origin.INTERPOLATED:
        return words
    if box.is_lost:
        return f"lost (score {box.score:.2f}): last known position"
    return f"{words}, score {box.score:.2f}"


def _describe_activity(controller: TrackingController) -> str:
    runs = controller.runs
    if runs.activity is not Activity.IDLE and runs.stage:
        return f"{runs.stage}…"
    if runs.activity is Activity.TRACKING:
        verb = "Learning from your box" if runs.is_teaching else "Tracking"
        progress = runs.progress
        how_far = "" if progress is None else f" {progress.describe(is_running=True)}"
        return f"{verb}…{how_far}"
    if runs.activity is Activity.EXPORTING:
        return "Exporting…"
    if runs.activity is Activity.CHECKING:
        return "Estimating the quality…"
    return controller.state.message or _hint(controller)


def _hint(controller: TrackingController) -> str:
    state, box = controller.state, controller.state.current_box
    if state.session is None:
        return "Choose a video, or open File > Open Sample > FCOT sample video"
    if state.session.n_frames < 2:
        return "This video has one frame only: there is nothing to track"
    if box is None:
        return f"Draw a box around the object in frame {state.frame_index}"
    if controller.runs.teaches_at_once and not box.is_human:
        return "Off? Move the box: the tracker learns from it"
    return "Ready to track from this frame"
