"""Keeps the timeline in step with a controller; no Qt in here."""

from __future__ import annotations

from napari_fcot.timeline.timeline_model import TimelineModel
from napari_fcot.tracking.controller import TrackingController
from napari_fcot.tracking.video_session import VideoSession

__all__ = ["TimelineFeed"]


class TimelineFeed:
    """Hands on what changes in the video at work, box by box.

    Args:
        controller: knows the video, its boxes and the frame on the screen.
        model: is kept up to date.
    """

    def __init__(self, controller: TrackingController, model: TimelineModel) -> None:
        self._controller = controller
        self._model = model
        self._session: VideoSession | None = None
        controller.box_changed.connect(self._on_box)
        controller.boxes_changed.connect(self._on_boxes)
        self._on_boxes()

    def close(self) -> None:
        """Let go of the controller; may be called twice."""
        self._controller.box_changed.disconnect(self._on_box, missing_ok=True)
        self._controller.boxes_changed.disconnect(self._on_boxes, missing_ok=True)

    def _on_box(self, track_id: int, frame_index: int) -> None:
        if self._session is not None and self._session is self._controller.session:
            track = self._session.store[track_id]
            self._model.put(track_id, frame_index, track.get(frame_index))

    def _on_boxes(self) -> None:
        ctrl = self._controller
        if ctrl.session is not self._session:
            self._session = ctrl.session
            self._model.reset(0 if ctrl.session is None else ctrl.session.n_frames)
        selected_id = None if ctrl.selected is None else ctrl.selected.track_id
        self._model.show_targets(ctrl.targets, selected_id)
        self._model.show_frame(ctrl.frame_index)
