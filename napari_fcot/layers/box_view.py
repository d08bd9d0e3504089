"""Keeps the boxes on the screen in step with the controller, and hands edits on to it.

The boxes of the frame on the screen are shapes of one layer, and can be edited at any
time. A Shapes layer that is rewritten for each frame is costly, though. While frames go
by in a window, the boxes are painted over the canvas and the shapes set aside; once the
frame rests, or when a picture of the canvas is taken, the layer has them all. In 3D
there are none: napari can neither draw shapes there nor rewrite them.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from typing import Any

from napari.components import ViewerModel
from napari.layers import Layer
from psygnal import Signal
from qtpy.QtCore import QObject, QTimer

from fcot_engine.annotation import AnnotatedTarget, Box, SpanKind
from fcot_engine.geometry import BoxXywh
from napari_fcot.layers.box_layer import BoxLayer, ShownBox
from napari_fcot.layers.canvas import LEFT_BUTTON, VideoSheet
from napari_fcot.layers.painted import SELECTED_LINE_PX
from napari_fcot.layers.pixel_frame import keep_out_of_ranges
from napari_fcot.tracking import TrackingController, VideoSession, describe_origin
from napari_fcot.writer import SESSION_KEY

CLICK_REACH_PX = 4.0
"""How far outside of a box a click on it may be, on the screen."""
GHOST = "#ffffff"
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
        self._video = video
        self._is_open = True
        self._controller = controller
        self._session = session
        self._sheet = sheet
        self._shown_frame = controller.state.frame_index
        self._is_late = False
        self._is_held = False
        self._is_passing = False
        self._repeats = False
        self._rest = StepRest()
        self._rest.rested.connect(self._on_rested)
        self._zoom_rest = StepRest()
        self._zoom_rest.rested.connect(self.refresh)
        viewer.scene.camera.events.zoom.connect(self._on_zoom)
        sheet.turned.connect(self.refresh)
        sheet.grabbed.connect(self._on_grabbed)
        viewer.mouse_drag_callbacks.append(self._watch_press)
        viewer.dims.events.ndisplay.connect(self._on_ndisplay)
        source = session.source
        boxes = BoxLayer(video, width=source.width, height=source.height)
        boxes.drawn.connect(self._on_drawn)
        boxes.clicked.connect(self._on_clicked)
        boxes.edited.connect(self._on_edited)
        boxes.deleted.connect(self._on_deleted)
        boxes.turned.connect(self._on_turned)
        boxes.picked.connect(controller.state.select)
        boxes.released.connect(self._on_released)
        boxes.tool_changed.connect(self._on_tool)
        boxes.layer.events.visible.connect(self.on_layers)
        boxes.layer.metadata[SESSION_KEY] = weakref.ref(session.annotation)
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
            keep_out_of_ranges(self.layer, self._viewer)
            self._boxes.start_editing()
        self.refresh()

    def close(self) -> None:
        """Take the boxes off the screen, for good."""
        self._is_open = False
        self._rest.close()
        self._zoom_rest.close()
        self._viewer.scene.camera.events.zoom.disconnect(self._on_zoom)
        self._sheet.turned.disconnect(self.refresh)
        self._sheet.grabbed.disconnect(self._on_grabbed)
        if self._watch_press in self._viewer.mouse_drag_callbacks:
            self._viewer.mouse_drag_callbacks.remove(self._watch_press)
        self._viewer.dims.events.ndisplay.disconnect(self._on_ndisplay)
        self._sheet.boxes.show(())
        self._sheet.ghosts.show(())
        if self.layer in self._viewer.layers:
            self._viewer.layers.remove(self.layer)

    def place_over(self, video: Layer) -> None:
        """Follow a video layer that was scaled or moved."""
        self._boxes.place_over(video)

    def on_layers(self, event: object = None) -> None:
        """Paint boxes only while their layer is shown; bring it back if it went."""
        is_there = self.layer in self._viewer.layers
        for part in (self._sheet.boxes, self._sheet.ghosts):
            part.set_visible(is_there and bool(self.layer.visible))
        if not is_there:  # napari is in the middle of it: a little later
            QTimer.singleShot(0, self._bring_back)

    def _bring_back(self) -> None:
        is_there = self.layer in self._viewer.layers
        if self._is_open and not is_there and self._video in self._viewer.layers:
            self.put_into_viewer()
            self._controller.state.say(
                "The boxes are kept in the project, so their layer is back: its eye "
                "hides them"
            )

    # --- tools ---------------------------------------------------------------

    def start_drawing(self, *, repeats: bool = False) -> None:
        """Let the next drag of the mouse draw a box.

        Args:
            repeats: each further drag draws the box of one more new target, until
                another tool is taken.
        """
        if self._is_in_3d:
            self._controller.state.say(NOT_IN_3D)
            return
        self.put_into_viewer()
        self._viewer.layers.selection.active = self.layer
        self._boxes.start_drawing()
        self._repeats = repeats
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
        if not self.layer.visible:
            self.layer.visible = True
        self._boxes.pick(selected_id)
        self._rest.rest_now()

    def hold(self, is_held: bool) -> None:
        """Take frames as going by, such as while the video is played, or no longer."""
        if is_held != self._is_held:
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
        """Show the boxes of another frame: painted at first, as shapes if it rests."""
        if self._sheet.is_seen:
            self._is_passing = True
            self._rest.step()
        self.refresh()

    def refresh(self) -> None:
        """Show the boxes of the frame on the screen, unless a person is drawing."""
        self._is_late = self._boxes.is_dragging
        if self._is_late or self._controller.state.session is not self._session:
            return
        self._shown_frame = self._controller.state.frame_index
        boxes = [] if self._is_in_3d else self._find_boxes()
        self._sheet.ghosts.show(() if self._is_in_3d else self._find_ghosts())
        if not self._sheet.is_seen or not (self._is_passing or self._is_held):
            self._show_shapes(boxes)
            return
        self._sheet.boxes.show(boxes)
        if self._is_held:  # for longer: napari's Home must not go where they are aside
            self._boxes.show(())
        self._boxes.set_aside(not self._is_held)

    def _show_shapes(self, boxes: list[ShownBox]) -> None:
        # the smallest last: a press where boxes lie over each other means it
        boxes = sorted(boxes, key=lambda box: -box.box_xywh[2] * box.box_xywh[3])
        width = SELECTED_LINE_PX / self._sheet.scale if self._sheet.is_seen else None
        self._boxes.show(boxes, line_width=width)
        self._boxes.set_aside(False)
        self._sheet.boxes.show(boxes, is_painted=False)
        selected_id = self._controller.state.selected_id
        if selected_id is not None and self._boxes.is_editing:
            self._boxes.pick(selected_id)

    def _on_rested(self) -> None:
        self._is_passing = False
        self.refresh()

    def _on_grabbed(self) -> None:
        """Have the shapes there for a picture of the canvas, whatever goes on."""
        if (self._is_passing or self._is_held) and not self._boxes.is_dragging:
            self._show_shapes([] if self._is_in_3d else self._find_boxes())

    @property
    def _is_in_3d(self) -> bool:
        return bool(self._viewer.dims.ndisplay == 3)

    def _find_boxes(self) -> list[ShownBox]:
        annotation = self._session.annotation
        with annotation.lock:
            boxes = annotation.annotations.boxes_at(self._shown_frame)
            return [
                self._shown(annotation.annotations[target_id], box)
                for target_id, box in boxes.items()
                if target_id not in self._session.hidden_ids
            ]

    def _find_ghosts(self) -> list[ShownBox]:
        """Return the boxes that the last correction has moved, as they were."""
        ghosts = []
        for report in self._controller.runs.report:
            for box_xywh in report.old_xywh[report.moved == self._shown_frame]:
                x, y, w, h = box_xywh.tolist()
                ghosts.append(
                    ShownBox(report.target_id, (x, y, w, h), GHOST, is_lost=True)
                )
        return ghosts

    def _shown(self, target: AnnotatedTarget, box: Box) -> ShownBox:
        spans = (s for s in target.info.spans if s.kind is SpanKind.OCCLUDED)
        return ShownBox(
            target.target_id,
            box.box_xywh,
            target.info.colour,
            is_selected=target.target_id == self._controller.state.selected_id,
            is_lost=box.is_lost,
            name=target.info.name,
            class_name=target.info.class_name,
            origin=describe_origin(box),
            score=box.score,
            is_occluded=any(box.frame_index in span for span in spans),
        )

    # --- what a person does --------------------------------------------------

    def _watch_press(self, viewer: ViewerModel, event: Any) -> Iterator[None]:
        """Let a drag that begins beside all boxes move the view, as napari does."""
        self._rest.rest_now()
        is_ours = viewer.layers.selection.active is self.layer
        if event.button != LEFT_BUTTON or not is_ours or not self._boxes.is_editing:
            return
        if "Shift" in event.modifiers or self._boxes.is_hit(event.position):
            return
        self._boxes.lend_mouse(True)
        yield
        while event.type == "mouse_move":
            yield
        self._boxes.lend_mouse(False)

    def _on_drawn(self, box_xywh: BoxXywh) -> None:
        edits, frame_index = self._controller.edits, self._shown_frame
        if self._repeats and self._controller.state.current_box is not None:
            edits.draw_new_target(box_xywh, frame_index=frame_index)
        else:
            edits.draw_box(box_xywh, frame_index=frame_index)
        if not self._is_late:
            self._take_up(self._controller.state.selected_id)

    def _take_up(self, target_id: int | None) -> None:
        """Put handles on a box that was just drawn, or be ready for the next one."""
        if self._repeats:
            self._boxes.start_drawing()
        elif target_id is not None:
            self._boxes.pick(target_id)

    def _on_clicked(self) -> None:
        self._controller.state.say("To draw a box, press and drag over the object")
        self.refresh()

    def _on_edited(self, target_id: int, box_xywh: BoxXywh) -> None:
        self._controller.edits.draw_box(
            box_xywh, target_id=target_id, frame_index=self._shown_frame
        )

    def _on_turned(self) -> None:
        self._controller.state.say(
            "Boxes stay upright: drag the box itself, a corner or an edge"
        )
        self.refresh()

    def _on_deleted(self, target_id: int) -> None:
        self._controller.edits.delete_box(target_id, self._shown_frame)

    def _on_ndisplay(self, event: object = None) -> None:
        self.refresh()

    def _on_zoom(self, event: object = None) -> None:
        """Keep the line of a shape as thick as it was on the screen."""
        if self._sheet.is_seen:
            self._zoom_rest.step()

    def _on_tool(self) -> None:
        self._repeats = self._repeats and self._boxes.is_drawing
        if self._boxes.is_editing:  # handles on the selected box
            self.refresh()

    def _on_released(self) -> None:
        """Show what had to wait while the mouse button was down."""
        if not self._is_late:
            return
        was_drawing = self._boxes.is_drawing
        self.refresh()
        selected_id = self._controller.state.selected_id
        if was_drawing and self._controller.state.current_box:
            self._take_up(selected_id)


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
