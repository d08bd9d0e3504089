"""The ways that the targets took, as a Tracks layer of the middles of all boxes."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Layer, Tracks
from numpy.typing import NDArray
from psygnal import Signal
from qtpy.QtCore import QTimer

from fcot_engine.annotation import AnnotatedTarget
from napari_fcot.layers.pixel_frame import (
    HALF_PIXEL,
    keep_out_of_ranges,
    pixel_to_world,
)
from napari_fcot.layers.video_layer import OURS_KEY
from napari_fcot.tracking import TrackingController
from napari_fcot.writer import SESSION_KEY

TRAILS_NAME = "FCOT trails"
_TAIL_FRAMES = 30
_SETTLE_MS = 500
"""How long after the last change of a box the layer is made anew: all of it is."""


class Trails:
    """The layer of one viewer; there only while it is wanted.

    Args:
        viewer: where the layer is.
        controller: whose boxes are shown.
    """

    toggled = Signal(bool)
    """The layer came or went, also by napari's own means."""

    def __init__(self, viewer: ViewerModel, controller: TrackingController) -> None:
        self._viewer = viewer
        self._controller = controller
        self._video: Layer | None = None
        self._layer: Tracks | None = None
        self._is_shown = False
        self._settle = QTimer()
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self.refresh)
        controller.state.frames_changed.connect(self._on_changed)
        controller.state.edited.connect(self._on_changed)
        viewer.layers.events.removed.connect(self._on_removed)

    def close(self) -> None:
        """Let go of the viewer, and take the layer away."""
        self._controller.state.frames_changed.disconnect(self._on_changed)
        self._controller.state.edited.disconnect(self._on_changed, missing_ok=True)
        self._viewer.layers.events.removed.disconnect(self._on_removed)
        self._settle.stop()
        self.set_video(None)

    def set_video(self, video: Layer | None) -> None:
        """Lie over another video, or over none."""
        self._take_away()
        self._video = video
        self.refresh()

    def show(self, is_shown: bool) -> None:
        """Show the ways, or no longer."""
        if is_shown != self._is_shown:
            self._is_shown = is_shown
            self.refresh()
            self.toggled.emit(is_shown)

    def place_over_video(self) -> None:
        """Follow the video, which was scaled or moved."""
        if self._layer is not None and self._video is not None:
            self._layer.affine = pixel_to_world(self._video)

    def refresh(self) -> None:
        """Show the boxes as they are now."""
        targets = sorted(
            (one for one in self._controller.state.targets if len(one.boxes)),
            key=lambda one: one.target_id,  # napari sorts them so
        )
        if not self._is_shown or self._video is None or not targets:
            self._take_away()
            return
        rows = np.concatenate([_rows_of(one) for one in targets])
        names = {one.target_id: one.info.name for one in targets}
        features = {"target": np.array([names[int(row[0])] for row in rows], object)}
        if self._layer is None:
            self._layer = Tracks(
                rows,
                name=TRAILS_NAME,
                features=features,
                tail_length=_TAIL_FRAMES,
                affine=pixel_to_world(self._video),
                axis_labels=self._video.axis_labels,
                units=self._video.units,
                metadata={OURS_KEY: "trails"},
            )
            session = self._controller.state.session
            if session is not None:
                annotation = weakref.ref(session.annotation)
                self._layer.metadata[SESSION_KEY] = annotation
            active = self._viewer.layers.selection.active
            self._viewer.layers.insert(
                self._viewer.layers.index(self._video) + 1, self._layer
            )
            keep_out_of_ranges(self._layer, self._viewer)
            self._viewer.layers.selection.active = active
        else:
            self._layer.data = rows
            self._layer.features = features
        if self._layer.color_by == "track_id":  # unless a person wants it otherwise
            lengths = [len(one.boxes) for one in targets]
            self._layer.track_colors = np.repeat(
                [_colour_of(one) for one in targets], lengths, axis=0
            )

    def _take_away(self) -> None:
        layer, self._layer = self._layer, None
        if layer is not None and layer in self._viewer.layers:
            self._viewer.layers.remove(layer)

    def _on_changed(self, *changed: int) -> None:
        if self._is_shown:
            self._settle.start()

    def _on_removed(self, event: Any) -> None:
        if self._layer is not None and event.value is self._layer:
            self._layer = None
            self.show(False)


def _rows_of(target: AnnotatedTarget) -> NDArray[np.float64]:
    """Return a target's rows (id, t, y, x), as napari wants them, shape (N, 4)."""
    frames = target.boxes.frames()
    x, y, w, h = np.asarray(target.boxes.rows()["box"][frames], np.float64).T
    middle_y, middle_x = y + h / 2 - HALF_PIXEL, x + w / 2 - HALF_PIXEL
    ids = np.full(len(frames), target.target_id)
    return np.stack([ids, frames, middle_y, middle_x], axis=1)


def _colour_of(target: AnnotatedTarget) -> list[float]:
    code = target.info.colour
    return [*(int(code[n : n + 2], 16) / 255 for n in (1, 3, 5)), 1.0]
