"""Keeps the boxes on the screen in step with the controller, and hands edits on to it.

In a window, boxes are painted over the canvas, since a Shapes layer that is rewritten
for each frame is costly. Only while a person edits, the selected target's box is a
shape with handles, and that one too is painted while frames go by. Where nothing can
be painted (without a window, in a grid of layers), all boxes are shapes. In 3D there
are none: napari can neither draw shapes there nor rewrite them.
"""

from __future__ import annotations

from collections.abc import Callable

from napari.components import ViewerModel
from napari.layers import Layer
from psygnal import Signal
from qtpy.QtCore import QObject, QTimer

from fcot_engine.geometry import BoxXywh
from napari_fcot.layers.box_layer import BoxLayer, ShownBox
from napari_fcot.layers.canvas import VideoSheet
from napari_fcot.layers.painted import SELECTED_LINE_PX
from napari_fcot.tracking import TrackingController, VideoSession

CLICK_REACH_PX = 4.0
"""How far outside of a box a click on it may be, on the screen."""
NOT_IN_3D = "Boxes are drawn in 2D: leave napari's 3D view first"


class BoxView:
    """The boxes of the frame on the screen, over one video layer.

    Args:
        viewer: where the layer is.
        video: the layer that the boxes lie over.
        controller: whose boxes are shown, and who is told of edits.
        session: the session of the video.
        sheet: where boxes are painted.
        on_made: called with the napari layer, once: to bind keys to it.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        video: Layer,
        controller: TrackingController,
        session: VideoSession,
        *,
        sheet: VideoSheet,
        on_made: Callable[[Layer], None] = lambda layer: None,
    ) -> None:
        self._viewer = viewer
        self._controller = controller
        self._session = session
        self._sheet = sheet
        self._shown_frame = controller.state.frame_index
        self._is_late = False
        self._is_held = False
        self._rest = StepRest()
        self._rest.rested.connect(self.refresh)
        self._zoom_rest = StepRest()
        self._zoom_rest.rested.connect(self.refresh)
        viewer.scene.camera.events.zoom.connect(self._on_zoom)
        sheet.turned.connect(self.refresh)
        viewer.dims.events.ndisplay.connect(self._on_ndisplay)
        source = session.source
        boxes = BoxLayer(video, width=source.width, height=source.height)
        boxes.drawn.connect(self._on_drawn)
        boxes.clicked.connect(self._on_clicked)
        boxes.edited.connect(self._on_edited)
        boxes.deleted.connect(self._on_deleted)
        boxes.picked.connect(controller.state.select)
        boxes.released.connect(self._on_released)
        boxes.tool_changed.connect(self._on_tool)
        boxes.layer.events.visible.connect(self.on_layers)
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

    def close(self) -> None:
        """Take the boxes off the screen, for good."""
        self._rest.close()
        self._zoom_rest.close()
        self._viewer.scene.camera.events.zoom.disconnect(self._on_zoom)
        self._sheet.turned.disconnect(self.refresh)
        self._viewer.dims.events.ndisplay.disconnect(self._on_ndisplay)
        self._sheet.boxes.show(())
        if self.layer in self._viewer.layers:
            self._viewer.layers.remove(self.layer)

    def place_over(self, video: Layer) -> None:
        """Follow a video layer that was scaled or moved."""
        self._boxes.place_over(video)

    def on_layers(self, event: object = None) -> None:
        """Paint boxes only while their layer is shown in the viewer."""
        is_there = self.layer in self._viewer.layers
        self._sheet.boxes.set_visible(is_there and bool(self.layer.visible))

    # --- tools ---------------------------------------------------------------

    def start_drawing(self) -> None:
        """Let the next drag of the mouse draw a box."""
        if self._is_in_3d:
            self._controller.state.say(NOT_IN_3D)
            return
        self.put_into_viewer()
        self._viewer.layers.selection.active = self.layer
        self._boxes.start_drawing()
        self._rest.rest_now()

    def start_editing(self) -> None:
        """Put handles on the selected target's box."""
        selected_id = self._controller.state.selected_id
        if selected_id is None:
            return
        if self._is_in_3d:
            self._controller.state.say(NOT_IN_3D)
            return
        self.put_into_viewer()
        self._viewer.layers.selection.active = self.layer
        self.layer.visible = True
        self._boxes.pick(selected_id)
        self._rest.rest_now()

    def stop_editing(self) -> None:
        """Take the handles away."""
        self._boxes.stop_editing()

    def hold(self, is_held: bool) -> None:
        """Show no handles, such as while the video is played; or show them again."""
        self._is_held = is_held
        self.refresh()

    def select_at(self, point_xy: tuple[float, float]) -> None:
        """Select the target whose box a click means, if it means one.

        Nothing happens where clicks have another meaning: while drawing, and with a
        tool of another layer.

        Args:
            point_xy: the click in image pixels.
        """
        active = self._viewer.layers.selection.active
        if active is self.layer and self._boxes.is_drawing:
            return
        tools = ("pan_zoom", "select") if active is self.layer else ("pan_zoom",)
        if active is not None and str(active.mode) not in tools:
            return
        reach_px = CLICK_REACH_PX / self._sheet.scale
        box = self._sheet.boxes.box_at(point_xy, reach_px=reach_px)
        if box is not None:
            self._controller.state.select(box.target_id)

    # --- what is shown -------------------------------------------------------

    def step(self) -> None:
        """Show the boxes of another frame, and no handles until it rests there."""
        if self._sheet.is_seen:
            self._rest.step()
        self.refresh()

    def refresh(self) -> None:
        """Show the boxes of the frame on the screen, unless a person is drawing."""
        self._is_late = self._boxes.is_dragging
        if self._is_late or self._controller.state.session is not self._session:
            return
        self._shown_frame = self._controller.state.frame_index
        boxes = [] if self._is_in_3d else self._find_boxes()
        if not self._sheet.is_seen:
            self._boxes.show(boxes)
            self._sheet.boxes.show(())
            return
        shapes = [box for box in boxes if box.is_selected and self._has_handles]
        if shapes:
            (box,) = shapes
            self._boxes.show(shapes, line_width=SELECTED_LINE_PX / self._sheet.scale)
            self._boxes.pick(box.target_id)
            self._sheet.boxes.show(boxes, left_out=box.target_id)
        else:
            self._boxes.show(())
            self._sheet.boxes.show(boxes)

    @property
    def _is_in_3d(self) -> bool:
        return bool(self._viewer.dims.ndisplay == 3)

    @property
    def _has_handles(self) -> bool:
        is_still = not self._rest.is_moving and not self._is_held
        return self._boxes.is_editing and is_still

    def _find_boxes(self) -> list[ShownBox]:
        annotation = self._session.annotation
        with annotation.lock:
            boxes = annotation.annotations.boxes_at(self._shown_frame)
            colours = {t: annotation.annotations[t].info.colour for t in boxes}
        return [
            ShownBox(
                target_id,
                box.box_xywh,
                colours[target_id],
                is_selected=target_id == self._controller.state.selected_id,
                is_lost=box.is_lost,
            )
            for target_id, box in boxes.items()
            if target_id not in self._session.hidden_ids
        ]

    # --- what a person does --------------------------------------------------

    def _on_drawn(self, box_xywh: BoxXywh) -> None:
        self._controller.edits.draw_box(box_xywh, frame_index=self._shown_frame)
        selected_id = self._controller.state.selected_id
        if selected_id is not None and not self._is_late:
            self._boxes.pick(selected_id)

    def _on_clicked(self) -> None:
        self._controller.state.say("To draw a box, press and drag over the object")
        self.refresh()

    def _on_edited(self, target_id: int, box_xywh: BoxXywh) -> None:
        self._controller.edits.draw_box(
            box_xywh, target_id=target_id, frame_index=self._shown_frame
        )

    def _on_deleted(self, target_id: int) -> None:
        self._controller.edits.delete_box(target_id, self._shown_frame)

    def _on_ndisplay(self, event: object = None) -> None:
        self.refresh()

    def _on_zoom(self, event: object = None) -> None:
        """Keep the line of a shape as thick as it was on the screen."""
        if self._sheet.is_seen and self._boxes.is_editing:
            self._zoom_rest.step()

    def _on_tool(self) -> None:
        """With another tool, other boxes are shapes."""
        if self._sheet.is_seen:
            self.refresh()

    def _on_released(self) -> None:
        """Show what had to wait while the mouse button was down."""
        if not self._is_late:
            return
        was_drawing = self._boxes.is_drawing
        self.refresh()
        selected_id = self._controller.state.selected_id
        if (
            was_drawing
            and selected_id is not None
            and self._controller.state.current_box
        ):
            self._boxes.pick(selected_id)


REST_MS = 150
"""Longer than between two steps of a held arrow key, shorter than one waits."""


class StepRest(QObject):
    """Tells when steps have ended.

    What is costly to draw, such as handles on a box, waits for that.

    Args:
        rest_ms: how long after the last step it has ended.
        parent: owns it.
    """

    rested = Signal()
    """No step for `rest_ms`."""

    def __init__(
        self, *, rest_ms: int = REST_MS, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(rest_ms)
        self._timer.timeout.connect(self.rested.emit)

    @property
    def is_moving(self) -> bool:
        """Whether the last step was just now."""
        return self._timer.isActive()

    def step(self) -> None:
        """Call this for every step."""
        self._timer.start()

    def rest_now(self) -> None:
        """Do not wait, such as when a person wants to edit."""
        if self.is_moving:
            self._timer.stop()
            self.rested.emit()

    def close(self) -> None:
        """Tell nothing any more."""
        self._timer.stop()
