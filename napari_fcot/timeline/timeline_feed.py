"""Keeps the timeline in step with a controller; no Qt in here."""

from __future__ import annotations

import numpy as np

from napari_fcot.timeline.target_row import TargetLine
from napari_fcot.timeline.timeline_model import StopMark, TimelineModel
from napari_fcot.tracking import TrackingController, VideoSession


class TimelineFeed:
    """Hands on what changes in the video at work, frame by frame.

    Args:
        controller: knows the video, its boxes and the frame on the screen.
        model: is kept up to date.
    """

    def __init__(self, controller: TrackingController, model: TimelineModel) -> None:
        self._controller = controller
        self._model = model
        self._links = (
            (controller.state.session_changed, self._on_session),
            (controller.state.boxes_changed, self._on_boxes),
            (controller.state.frame_changed, self._on_frame),
            (controller.state.frames_changed, self._on_frames),
            (controller.work.changed, self._on_stops),
        )
        for signal, slot in self._links:
            signal.connect(slot)
        self._on_session()

    def close(self) -> None:
        """Let go of the controller; may be called twice."""
        for signal, slot in self._links:
            signal.disconnect(slot, missing_ok=True)

    def _on_session(self) -> None:
        session = self._controller.state.session
        self._model.reset(0 if session is None else session.n_frames)
        self._on_boxes()
        for target in self._controller.state.targets:
            self._model.load(target.target_id, target.boxes.rows())

    def _on_boxes(self) -> None:
        ctrl = self._controller
        hidden = set() if ctrl.state.session is None else ctrl.state.session.hidden_ids
        lines = [
            TargetLine(
                target.target_id,
                target.info.name,
                target.info.colour,
                spans=target.info.spans,
                end_frame=target.info.end_frame,
                is_hidden=target.target_id in hidden,
            )
            for target in ctrl.state.targets
        ]
        self._model.show_targets(lines, ctrl.state.selected_id)
        self._on_frame()

    def _on_frame(self) -> None:
        self._model.show_frame(self._controller.state.frame_index)

    def _on_frames(self, target_id: int, first: int, last: int) -> None:
        session: VideoSession | None = self._controller.state.session
        if session is None:
            return
        with session.annotation.lock:
            target = session.annotation.annotations.find(target_id)
            if target is None:
                return
            rows = target.boxes.take(np.arange(first, last + 1))
        self._model.put_rows(target_id, first, rows)

    def _on_stops(self) -> None:
        ctrl = self._controller
        self._model.mark_cuts(ctrl.work.cuts)
        self._model.mark_stops(
            StopMark(
                stop.frame_index,
                stop.target_id,
                f"{ctrl.state.name_of(stop.target_id)}: {', '.join(stop.reasons)}",
            )
            for stop in ctrl.work.stops
        )
