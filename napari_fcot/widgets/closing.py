"""How a panel ends."""

from __future__ import annotations

from napari.utils.notifications import show_error

from napari_fcot.layers import ViewerLink
from napari_fcot.timeline import TimelineDock, TimelineFeed
from napari_fcot.tracking import TrackingController
from napari_fcot.widgets.job_runner import JobRunner

__all__ = ["close_panel"]


def close_panel(
    controller: TrackingController,
    link: ViewerLink,
    runner: JobRunner,
    feed: TimelineFeed,
    timeline_dock: TimelineDock,
    *_: object,
) -> None:
    """End the work of a panel that is going away; its boxes are in the project."""
    if not link.is_open:
        return
    feed.close()
    timeline_dock.close()
    runner.close()
    controller.stop()
    for signal in (  # the panel may be deleted already: it hears nothing more
        controller.changed,
        controller.frame_changed,
        controller.session_changed,
        controller.frame_tracked,
        controller.stopped,
        controller.settled,
        controller.stops_changed,
        controller.failed,
    ):
        signal.disconnect()
    controller.failed.connect(show_error)  # such as: the project cannot be saved
    link.close()
