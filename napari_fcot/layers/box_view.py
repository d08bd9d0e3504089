"""Keeps the box layer in step with the controller, and hands edits on to it."""

from __future__ import annotations

from collections.abc import Callable

from napari.components import ViewerModel
from napari.layers import Layer

from fcot_engine.geometry.boxes import BoxXywh
from napari_fcot.layers.box_layer import BoxLayer, BoxRow
from napari_fcot.tracking.controller import TrackingController
from napari_fcot.tracking.video_session import VideoSession

__all__ = ["BoxView"]


class BoxView:
    """The boxes of the frame on the screen, over one video layer.

    Args:
        viewer: where the layer is.
        video: the layer that the boxes lie over.
        controller: whose boxes are shown, and who is told of edits.
        session: the session of the video.
        on_made: called with the napari layer, once: to bind keys to it.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        video: Layer,
        controller: TrackingController,
        session: VideoSession,
        *,
        on_made: Callable[[Layer], None] = lambda layer: None,
    ) -> None:
        self._viewer = viewer
        self._controller = controller
        self._session = session
        self._shown_frame = controller.frame_index
        self._is_late = False
        source = session.source
        boxes = BoxLayer(video, width=source.width, height=source.height)
        boxes.drawn.connect(self._on_drawn)
        boxes.clicked.connect(self._on_clicked)
        boxes.edited.connect(self._on_edited)
        boxes.deleted.connect(self._on_deleted)
        boxes.picked.connect(controller.select)
        boxes.released.connect(self._on_released)
        on_made(boxes.layer)
        self._boxes = boxes

    @property
    def layer(self) -> Layer:
        """What napari shows."""
        return self._boxes.layer

    @property
    def is_dragging(self) -> bool:
        """Whether a person holds the mouse button down on the boxes."""
        return self._boxes.is_dragging

    def put_into_viewer(self) -> None:
        """Show the layer, again if it was removed."""
        if self.layer not in self._viewer.layers:
            self._viewer.add_layer(self.layer)
        self.refresh()

    def place_over(self, video: Layer) -> None:
        """Follow a video layer that was scaled or moved."""
        self._boxes.place_over(video)

    def start_drawing(self) -> None:
        """Let the next drag of the mouse draw a box."""
        self.put_into_viewer()
        self._viewer.layers.selection.active = self.layer
        self._boxes.start_drawing()

    def start_editing(self) -> None:
        """Put handles on the selected target's box."""
        selected_id = self._controller.selected_id
        if selected_id is None:
            return
        self.put_into_viewer()
        self._viewer.layers.selection.active = self.layer
        self.layer.visible = True
        self._boxes.pick(selected_id)

    def stop_editing(self) -> None:
        """Take the handles away."""
        self._boxes.stop_editing()

    def refresh(self) -> None:
        """Show the boxes of the frame on the screen, unless a person is drawing."""
        self._is_late = self._boxes.is_dragging
        if self._is_late or self._controller.session is not self._session:
            return
        self._shown_frame = self._controller.frame_index
        annotation = self._session.annotation
        with annotation.document.lock:
            boxes = annotation.annotations.boxes_at(self._shown_frame)
            infos = {t: annotation.annotations[t].info for t in boxes}
        self._boxes.show(
            [
                BoxRow(
                    target_id,
                    box.box_xywh,
                    infos[target_id].colour,
                    is_selected=target_id == self._controller.selected_id,
                    is_lost=box.is_lost,
                )
                for target_id, box in boxes.items()
                if target_id not in self._session.hidden_ids
            ]
        )

    # --- what a person does --------------------------------------------------

    def _on_drawn(self, box_xywh: BoxXywh) -> None:
        self._controller.set_box(box_xywh, frame_index=self._shown_frame)
        selected_id = self._controller.selected_id
        if selected_id is not None and not self._is_late:
            self._boxes.pick(selected_id)

    def _on_clicked(self) -> None:
        self._controller.say("To draw a box, press and drag over the object")
        self.refresh()

    def _on_edited(self, target_id: int, box_xywh: BoxXywh) -> None:
        self._controller.set_box(
            box_xywh, target_id=target_id, frame_index=self._shown_frame
        )

    def _on_deleted(self, target_id: int) -> None:
        self._controller.remove_box(target_id=target_id, frame_index=self._shown_frame)

    def _on_released(self) -> None:
        """Show what had to wait while the mouse button was down."""
        if not self._is_late:
            return
        was_drawing = self.layer.mode == "add_rectangle"
        self.refresh()
        selected_id = self._controller.selected_id
        if was_drawing and selected_id is not None and self._controller.current_box:
            self._boxes.pick(selected_id)
