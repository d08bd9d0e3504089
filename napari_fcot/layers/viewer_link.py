"""Keeps a napari viewer and a tracking controller in step."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Layer
from psygnal import Signal
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QWidget

from fcot_engine.errors import FcotError, MovedVideoError
from fcot_engine.video import open_frames
from napari_fcot.layers.box_view import BoxView
from napari_fcot.layers.canvas import CanvasClicks, VideoSheet
from napari_fcot.layers.frame_player import FramePlayer
from napari_fcot.layers.heatmap_view import HeatmapView
from napari_fcot.layers.pixel_frame import pixel_to_world
from napari_fcot.layers.trails import Trails
from napari_fcot.layers.video_layer import (
    PATH_KEY,
    LayerData,
    is_candidate,
    project_of,
    read_video_layer,
    source_layer_data,
)
from napari_fcot.reader import IMPORT_KEY
from napari_fcot.tracking import Opened, TrackingController

_TRANSFORM_EVENTS = ("scale", "translate", "rotate", "shear", "affine")


class ViewerLink:
    """One video in the viewer: the picture, its boxes, its score maps, and playing it.

    Args:
        viewer: where the layers are.
        controller: what is shown, and who is told of edits.
    """

    videos_changed = Signal()
    """Another layer to choose from, one less, or a new name."""
    video_chosen = Signal()
    """Another video layer, or none."""
    stepped_by_hand = Signal()
    """A person went to another frame while a run was followed."""
    boxes_made = Signal(object)
    """The napari layer of the boxes, new: keys can be bound to it."""

    def __init__(self, viewer: ViewerModel, controller: TrackingController) -> None:
        self._viewer = viewer
        self._controller = controller
        self._video: Image | None = None
        self._boxes: BoxView | None = None
        self._sheet = VideoSheet(viewer)
        self._clicks = CanvasClicks(viewer)
        # before the peaks: a click that picks one does not select a target
        self._clicks.clicked.connect(self._on_clicked)
        self.heatmap = HeatmapView(viewer, controller, self._sheet, self._clicks)
        """The score maps and their peaks."""
        self.trails = Trails(viewer, controller)
        """The ways that the targets took."""
        self.player = FramePlayer(self.go_to)
        """Plays the video without leaving out a frame."""
        self.player.playing_changed.connect(self._on_playing)
        self._is_open = True
        self._followed: int | None = None
        controller.runs.ended.connect(self._end_following)
        controller.state.boxes_changed.connect(self.refresh)
        controller.state.frame_changed.connect(self._on_frame)
        controller.runs.started.connect(self._on_started)
        controller.edits.box_drawn.connect(self._on_box_drawn)
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
        self._controller.state.boxes_changed.disconnect(self.refresh)
        self._controller.state.frame_changed.disconnect(self._on_frame, missing_ok=True)
        self._controller.runs.started.disconnect(self._on_started)
        self._controller.runs.ended.disconnect(self._end_following, missing_ok=True)
        self._controller.edits.box_drawn.disconnect(self._on_box_drawn)
        self._leave_video()
        self.player.set_canvas(None)
        self.heatmap.close()
        self.trails.close()
        self._clicks.close()
        self._sheet.close()

    @property
    def is_open(self) -> bool:
        """Whether it was not closed yet."""
        return self._is_open

    def set_canvas(self, canvas: QWidget | None) -> None:
        """Paint over a canvas; without one, all boxes are shapes."""
        self._sheet.set_canvas(canvas)
        self.player.set_canvas(canvas)

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
            self._controller.state.failed.emit(str(error))
            return
        self._add_video(source_layer_data(source, **{PATH_KEY: str(path)}))

    def open_project(self, path: Path, *, video_path: Path | None = None) -> None:
        """Go on with a project: its video is added to the viewer.

        Raises:
            MovedVideoError: the video is not where it was; ask, and give `video_path`.
        """
        if self._controller.state.project_path == path:
            self._controller.state.say(f"{path.name} is open already")
            return
        try:
            opened = self._controller.opener.open_project(path, video_path=video_path)
        except MovedVideoError:
            raise
        except (FcotError, OSError) as error:
            self._controller.state.failed.emit(str(error))
            return
        self._add_video(source_layer_data(opened.session.source), opened)

    def _add_video(self, data: LayerData, opened: Opened | None = None) -> None:
        layer = Layer.create(*data)
        is_first = not self._viewer.layers
        self._viewer.add_layer(layer)
        self.choose_video(layer, opened)
        if is_first:  # the window makes room for its controls, and the canvas shrinks
            QTimer.singleShot(0, self._fit_view)

    def _fit_view(self) -> None:
        if self._is_open:
            self._viewer.reset_view()

    def choose_first_video(self) -> None:
        """Choose the topmost layer that could be a video, unless there is one."""
        if self._video is not None:
            return
        for layer in self.candidates:
            if layer.ndim == 3:
                self.choose_video(layer)
                return

    def choose_video(self, layer: Layer | None, opened: Opened | None = None) -> None:
        """Work on a layer, or on none.

        A layer that is no video is told through `controller.state.failed`; then none is
        chosen.

        Args:
            layer: the video.
            opened: its session, if it is open already.
        """
        if layer is self._video:
            return
        self._leave_video()
        if layer is not None:
            self._enter_video(layer, opened)
        self.video_chosen.emit()

    def _enter_video(self, layer: Layer, opened: Opened | None) -> None:
        try:
            opened = opened or self._open_session(layer)
        except (FcotError, OSError) as error:
            self._controller.state.failed.emit(str(error))
            return
        self._video = layer
        session = opened.session
        for name in _TRANSFORM_EVENTS:
            getattr(layer.events, name).connect(self._on_transform)
        self._controller.open_session(opened)
        napari_start = (session.n_frames - 1) // 2
        if self._frame_on_screen() == napari_start:
            self.go_to(0)  # napari opens a video in its middle; objects begin at 0
        self._sheet.set_video(layer)
        self._clicks.set_video(layer)
        self.player.set_video(session.n_frames, session.source.frame_rate)
        self._boxes = BoxView(
            self._viewer,
            layer,
            self._controller,
            session,
            sheet=self._sheet,
            on_made=self.boxes_made.emit,
        )
        self._controller.state.show_frame(self._frame_on_screen())
        self._boxes.put_into_viewer()
        self.heatmap.set_video(layer)
        self.trails.set_video(layer)
        self._controller.state.say(opened.message)

    def _open_session(self, layer: Layer) -> Opened:
        source, path = read_video_layer(layer)
        return self._controller.opener.open_video(
            source, path, project_path=project_of(layer)
        )

    def _leave_video(self) -> None:
        """Forget the video; its boxes are in its project."""
        self._controller.open_session(None)
        if self._video is not None:
            for name in _TRANSFORM_EVENTS:
                getattr(self._video.events, name).disconnect(self._on_transform)
        self._video = None
        self.player.set_video(0, 0.0)
        boxes, self._boxes = self._boxes, None
        if boxes is not None:
            boxes.close()
        self.heatmap.set_video(None)
        self.trails.set_video(None)
        self._sheet.set_video(None)
        self._clicks.set_video(None)

    # --- time ----------------------------------------------------------------

    def go_to(self, frame_index: int) -> bool:
        """Show a frame, unless a person is in the middle of drawing on this one.

        Returns:
            Whether it could be shown.
        """
        if self._video is None or (self._boxes and self._boxes.is_dragging):
            return False
        world = pixel_to_world(self._video) @ np.array([frame_index, 0, 0, 1.0])
        self._viewer.dims.set_point(self._viewer.dims.ndim - 3, float(world[0]))
        return True

    def follow(self, frame_index: int) -> None:
        """Show a frame that a run has just done; until its end, frames go by."""
        self._followed = frame_index
        if self._boxes is not None:
            self._boxes.hold(True)
        self.go_to(frame_index)

    def _end_following(self) -> None:
        self._followed = None
        if self._boxes is not None:
            self._boxes.hold(False)

    def play(self, direction: int = 1) -> None:
        """Play every frame from the one on the screen on, or stop.

        Args:
            direction: 1 forward, -1 backward.
        """
        self.player.toggle(self._controller.state.frame_index, direction=direction)

    def refresh(self) -> None:
        """Show what came in for the frame on the screen."""
        if self._boxes is not None:
            self._boxes.refresh()
        self.heatmap.refresh()

    def _on_frame(self) -> None:
        if self._followed not in (None, self._controller.state.frame_index):
            self._end_following()
            self.stepped_by_hand.emit()
        self.player.notice_frame(self._controller.state.frame_index)
        if self._boxes is not None:
            self._boxes.step()
        self.heatmap.refresh()

    def _on_playing(self, is_playing: bool) -> None:
        if self._boxes is not None:
            self._boxes.hold(is_playing)

    def _on_step(self, event: Any = None) -> None:
        if self._video is not None:
            self._controller.state.show_frame(self._frame_on_screen())

    def _frame_on_screen(self) -> int:
        if self._video is None or self._controller.state.session is None:
            return 0
        along_time = self._video.world_to_data(self._viewer.dims.point)[0]
        last = self._controller.state.session.n_frames - 1
        return int(np.clip(np.rint(along_time), 0, last))

    # --- boxes ---------------------------------------------------------------

    def start_drawing(self, *, repeats: bool = False) -> None:
        """Let the next drag of the mouse draw a box; see `BoxView.start_drawing`."""
        self.player.stop()
        if self._boxes is not None:
            self._boxes.start_drawing(repeats=repeats)

    def start_editing(self) -> None:
        """Put handles on the selected target's box."""
        self.player.stop()
        if self._boxes is not None:
            self._boxes.start_editing()

    def _on_clicked(self, x: float, y: float, modifiers: frozenset[str]) -> None:
        if self._boxes is not None and not modifiers and not self.heatmap.is_picking:
            self._boxes.select_at((x, y))

    def _on_box_drawn(self, target_id: int, frame_index: int) -> None:
        self.player.stop()

    def _on_started(self) -> None:
        self.player.stop()

    # --- layers come, go and move --------------------------------------------

    def _on_layers(self, event: Any = None) -> None:
        layer = getattr(event, "value", None)
        if isinstance(layer, Layer) and layer in self._viewer.layers:
            path = layer.metadata.get(IMPORT_KEY)
            if path is not None:  # napari is in the middle of adding it
                QTimer.singleShot(0, partial(self._import_boxes, layer, Path(path)))
        if self._boxes is not None:
            self._boxes.on_layers()
        if self._video is not None and self._video not in self._viewer.layers:
            self._lose_video()
        self.videos_changed.emit()

    def _import_boxes(self, layer: Layer, path: Path) -> None:
        """Take boxes that were dropped on the viewer, instead of the layer for them."""
        if not self._is_open or layer not in self._viewer.layers:
            return
        self._viewer.layers.remove(layer)
        if self._video is None:
            self._controller.state.failed.emit(
                f"{path.name} holds boxes: open their video first, then drop it again."
            )
        else:
            self._controller.edits.import_boxes(path)

    def _lose_video(self) -> None:
        """Do without the video layer; its boxes are saved."""
        path = self._controller.state.project_path
        self._leave_video()
        if path is not None and path.exists():
            self._controller.state.say(
                f"The video layer was removed. Its boxes are in {path.name}: they come "
                "back when the video is opened again"
            )
        self.video_chosen.emit()

    def _on_transform(self, event: Any = None) -> None:
        if self._video is None:
            return
        if self._boxes is not None:
            self._boxes.place_over(self._video)
        self.heatmap.place_over_video()
        self.trails.place_over_video()
