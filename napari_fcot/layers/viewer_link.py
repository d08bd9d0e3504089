"""Keeps a napari viewer and a tracking controller in step; no Qt in here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Layer
from psygnal import Signal

from fcot_engine.errors import FcotError
from fcot_engine.geometry.boxes import BoxXywh
from fcot_engine.io import open_frames
from napari_fcot.layers.box_layer import BoxLayer, BoxRow
from napari_fcot.layers.heatmap_layer import ScoreMapArray, make_heatmap_layer
from napari_fcot.layers.lazy_frames import ShownFrames, video_layer_data
from napari_fcot.layers.pixel_frame import pixel_to_world
from napari_fcot.layers.target_colors import color_of
from napari_fcot.layers.video_layer import is_candidate, open_session
from napari_fcot.tracking.controller import TrackingController
from napari_fcot.tracking.score_map_store import ScoreMapStore

__all__ = ["ViewerLink"]

_TRANSFORM_EVENTS = ("scale", "translate", "rotate", "shear", "affine")


class ViewerLink:
    """The layers of one video: the picture, its boxes and its heatmap.

    Args:
        viewer: where the layers are.
        controller: what the layers show, and who is told of edits.
    """

    videos_changed = Signal()
    """Another layer to choose from, one less, or a new name."""
    video_chosen = Signal()
    """Another video layer, or none."""
    track_wanted = Signal()
    """The key for track and stop was pressed."""
    heatmap_toggled = Signal(bool)
    """The heatmap was shown or hidden, here or in the layer list."""

    def __init__(self, viewer: ViewerModel, controller: TrackingController) -> None:
        self._viewer = viewer
        self._controller = controller
        self._video: Image | None = None
        self._boxes: BoxLayer | None = None
        self._heatmap: Image | None = None
        self._shown_frame = 0
        self._is_late = False
        self._is_open = True
        controller.boxes_changed.connect(self.refresh)
        controller.started.connect(self._on_started)
        viewer.dims.events.current_step.connect(self._on_step)
        viewer.layers.events.inserted.connect(self._on_layers)
        viewer.layers.events.removed.connect(self._on_layers)
        viewer.layers.events.renamed.connect(self._on_layers)

    def close(self) -> None:
        """Let go of the viewer; our layers are taken out of it, for good."""
        if not self._is_open:
            return
        self._is_open = False
        self._viewer.dims.events.current_step.disconnect(self._on_step)
        self._viewer.layers.events.inserted.disconnect(self._on_layers)
        self._viewer.layers.events.removed.disconnect(self._on_layers)
        self._viewer.layers.events.renamed.disconnect(self._on_layers)
        self._controller.boxes_changed.disconnect(self.refresh)
        self._controller.started.disconnect(self._on_started)
        self._leave_video()

    # --- which video ---------------------------------------------------------

    @property
    def video(self) -> Image | None:
        """The video layer at work, or None."""
        return self._video

    @property
    def candidates(self) -> list[Layer]:
        """Layers to choose a video from, the topmost first."""
        return [layer for layer in reversed(self._viewer.layers) if is_candidate(layer)]

    def open_video(self, path: Path) -> None:
        """Add a video file to the viewer, frame by frame, and work on it.

        Without this, napari asks who should read it, and its own reader loads all
        frames at once.
        """
        try:
            source = open_frames(path)
        except (FcotError, OSError) as error:
            self._controller.failed.emit(str(error))
            return
        data = video_layer_data(
            ShownFrames(source), name=source.name, frame_rate=source.frame_rate
        )
        layer = Layer.create(*data)
        self._viewer.add_layer(layer)
        self.choose_video(layer)

    def choose_first_video(self) -> None:
        """Choose the topmost layer that could be a video, unless there is one."""
        if self._video is not None or self._controller.session is not None:
            return
        for layer in self.candidates:
            if layer.ndim == 3:
                self.choose_video(layer)
                return

    def choose_video(self, layer: Layer | None) -> None:
        """Work on a layer, or on none.

        A layer that is no video is told through `controller.failed`; then none is
        chosen.
        """
        if layer is self._video:
            return
        self._leave_video()
        if layer is not None:
            self._enter_video(layer)
        self.video_chosen.emit()

    def _enter_video(self, layer: Layer) -> None:
        try:
            session = open_session(layer)
        except (FcotError, OSError) as error:
            self._controller.open_session(None)
            self._controller.failed.emit(str(error))
            return
        self._video = layer
        for name in _TRANSFORM_EVENTS:
            getattr(layer.events, name).connect(self._on_transform)
        self._controller.open_session(session)
        napari_start = (session.n_frames - 1) // 2
        if not self._controller.can_export and self._frame_on_screen() == napari_start:
            self.go_to(0)  # napari opens a video in its middle; objects begin at 0
        self._controller.show_frame(self._frame_on_screen())
        self._make_box_layer()

    def _leave_video(self) -> None:
        """Forget the video; its boxes stay with its layer."""
        self._controller.open_session(None)
        if self._video is not None:
            for name in _TRANSFORM_EVENTS:
                getattr(self._video.events, name).disconnect(self._on_transform)
        self._video = None
        boxes, heatmap = self._boxes, self._heatmap
        self._boxes = self._heatmap = None
        for layer in (None if boxes is None else boxes.layer, heatmap):
            if layer is not None and layer in self._viewer.layers:
                self._viewer.layers.remove(layer)

    # --- time ----------------------------------------------------------------

    def go_to(self, frame_index: int) -> None:
        """Show a frame, unless a person is in the middle of drawing on this one."""
        if self._video is None or (self._boxes and self._boxes.is_dragging):
            return
        world = pixel_to_world(self._video) @ np.array([frame_index, 0, 0, 1.0])
        self._viewer.dims.set_point(self._viewer.dims.ndim - 3, float(world[0]))

    def refresh(self) -> None:
        """Show what came in for the frame on the screen."""
        self._show_boxes()
        if (
            self._heatmap is not None
            and self._heatmap.visible
            and self._heatmap.data.is_outdated(self._controller.frame_index)
        ):
            self._heatmap.refresh(thumbnail=False, extent=False)

    def _on_step(self, event: Any = None) -> None:
        if self._video is not None:
            self._controller.show_frame(self._frame_on_screen())

    def _frame_on_screen(self) -> int:
        if self._video is None or self._controller.session is None:
            return 0
        along_time = self._video.world_to_data(self._viewer.dims.point)[0]
        last = self._controller.session.n_frames - 1
        return int(np.clip(np.rint(along_time), 0, last))

    # --- boxes ---------------------------------------------------------------

    def start_drawing(self) -> None:
        """Let the next drag of the mouse draw a box."""
        boxes = self._make_box_layer()
        if boxes is not None:
            self._viewer.layers.selection.active = boxes.layer
            boxes.start_drawing()

    def start_editing(self) -> None:
        """Put handles on the selected target's box."""
        boxes, selected = self._make_box_layer(), self._controller.selected
        if boxes is not None and selected is not None:
            self._viewer.layers.selection.active = boxes.layer
            boxes.layer.visible = True
            boxes.pick(selected.track_id)

    def _make_box_layer(self) -> BoxLayer | None:
        """Put the box layer over the video, again if it was removed."""
        session = self._controller.session
        if self._video is None or session is None:
            return None
        if self._boxes is None:
            boxes = self._boxes = BoxLayer(
                self._video, width=session.source.width, height=session.source.height
            )
            boxes.drawn.connect(self._on_drawn)
            boxes.clicked.connect(self._on_clicked)
            boxes.edited.connect(self._on_edited)
            boxes.deleted.connect(self._on_deleted)
            boxes.picked.connect(self._controller.select)
            boxes.released.connect(self._on_released)
            boxes.layer.bind_key("Shift-T", self._on_track_key)
            boxes.layer.bind_key("N", self._on_new_target_key)
        if self._boxes.layer not in self._viewer.layers:
            self._viewer.add_layer(self._boxes.layer)
        self._show_boxes()
        return self._boxes

    def _on_started(self) -> None:
        if self._boxes is not None:
            self._boxes.stop_editing()

    def _show_boxes(self) -> None:
        session, boxes = self._controller.session, self._boxes
        if session is None or boxes is None:
            return
        self._is_late = boxes.is_dragging
        if self._is_late:
            return
        self._shown_frame = self._controller.frame_index
        boxes.show(
            [
                BoxRow(
                    track.track_id,
                    box.box_xywh,
                    color_of(track.track_id),
                    is_selected=track is self._controller.selected,
                    is_lost=box.is_lost,
                )
                for track, box in session.store.boxes_at(self._shown_frame)
            ]
        )

    def _on_drawn(self, box_xywh: BoxXywh) -> None:
        self._controller.set_box(box_xywh, frame_index=self._shown_frame)
        selected = self._controller.selected
        if self._boxes is not None and selected is not None and not self._is_late:
            self._boxes.pick(selected.track_id)

    def _on_clicked(self) -> None:
        self._controller.say("To draw a box, press and drag over the object")
        self._show_boxes()

    def _on_edited(self, track_id: int, box_xywh: BoxXywh) -> None:
        self._controller.set_box(
            box_xywh, track_id=track_id, frame_index=self._shown_frame
        )

    def _on_deleted(self, track_id: int) -> None:
        self._controller.remove_box(track_id=track_id, frame_index=self._shown_frame)

    def _on_released(self) -> None:
        """Show what had to wait while the mouse button was down."""
        if not self._is_late or self._boxes is None:
            return
        was_drawing = self._boxes.layer.mode == "add_rectangle"
        self._show_boxes()
        selected, box = self._controller.selected, self._controller.current_box
        if was_drawing and selected is not None and box is not None:
            self._boxes.pick(selected.track_id)

    def _on_track_key(self, layer: Layer) -> None:
        self.track_wanted.emit()

    def _on_new_target_key(self, layer: Layer) -> None:
        if self._controller.add_target() is not None:
            self.start_drawing()

    # --- heatmap -------------------------------------------------------------

    @property
    def shows_heatmap(self) -> bool:
        """Whether the overlay is on the screen."""
        return self._heatmap is not None and bool(self._heatmap.visible)

    def show_heatmap(self, visible: bool) -> None:
        """Show or hide the overlay; it is made the first time it is shown."""
        session = self._controller.session
        if self._video is None or session is None:
            return
        if visible and self._heatmap is None:
            height, width = session.source.height, session.source.width
            array = ScoreMapArray(
                session.n_frames, height, width, find_maps=self._selected_maps
            )
            self._heatmap = make_heatmap_layer(self._video, array)
            self._heatmap.events.visible.connect(self._on_heatmap_visible)
            active = self._viewer.layers.selection.active
            place = self._viewer.layers.index(self._video) + 1
            self._viewer.layers.insert(place, self._heatmap)
            self._viewer.layers.selection.active = active
            self.heatmap_toggled.emit(True)
        if self._heatmap is not None:
            self._heatmap.visible = visible

    def _selected_maps(self) -> ScoreMapStore | None:
        session, track = self._controller.session, self._controller.selected
        return None if session is None or track is None else session.scores_of(track)

    def _on_heatmap_visible(self, event: Any = None) -> None:
        self.heatmap_toggled.emit(self.shows_heatmap)

    # --- layers come, go and move --------------------------------------------

    def _on_layers(self, event: Any = None) -> None:
        layers = self._viewer.layers
        if self._heatmap is not None and self._heatmap not in layers:
            self._heatmap = None
            self.heatmap_toggled.emit(False)
        if self._video is not None and self._video not in layers:
            self._lose_video()
        self.videos_changed.emit()

    def _lose_video(self) -> None:
        """Do without the video layer; boxes stay at hand, so they can be exported."""
        session = self._controller.session
        self._controller.stop()
        self._leave_video()
        if session is not None and any(map(len, session.store)):
            self._controller.open_session(session)
            self._controller.say(
                "The video layer was removed. Its boxes are kept until you choose "
                "another video: export them"
            )
        self.video_chosen.emit()

    def _on_transform(self, event: Any = None) -> None:
        if self._video is not None and self._boxes is not None:
            self._boxes.place_over(self._video)
        if self._heatmap is not None:
            self.show_heatmap(False)
            self._viewer.layers.remove(self._heatmap)
