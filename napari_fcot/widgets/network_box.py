"""In words: which network computes where, and how fast."""

from __future__ import annotations

from napari_fcot.tracking import TrackingController


def describe_network(controller: TrackingController) -> str:
    """Say which network is at work, on which device, and how fast the last run was."""
    trackers, runs = controller.trackers, controller.runs
    if not trackers.device_name:
        waiting = "being loaded" if runs.is_preparing else "loaded with the first run"
        return f"Network: {waiting}"
    said = f"At work: {trackers.network_name} on {trackers.device_name}"
    speed = None if runs.progress is None else runs.progress.frames_per_s
    if speed:
        said += f", {speed:.1f} frames/s in the last run"
    if trackers.is_other_chosen:
        said += ". Your choice counts from the next run on"
    return said
