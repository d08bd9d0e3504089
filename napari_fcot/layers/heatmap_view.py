"""Keeps the heatmap layer in step with the controller."""

from __future__ import annotations

from typing import Any

from napari.components import ViewerModel
from napari.layers import Image
from psygnal import Signal

from napari_fcot.layers.heatmap_layer import ScoreMapArray, make_heatmap_layer
from napari_fcot.tracking.controller import TrackingController
from napari_fcot.tracking.score_map_store import ScoreMapStore

__all__ = ["HeatmapView"]


class HeatmapView:
    """The score maps of the selected target, over one video layer.

    Args:
        viewer: where the layer is.
        controller: knows the video, the maps and the selected target.
    """

    toggled = Signal(bool)
    """The heatmap was shown or hidden, here or in the layer list."""

    def __init__(self, viewer: ViewerModel, controller: TrackingController) -> None:
        self._viewer = viewer
        self._controller = controller
        self._video: Image | None = None
        self._layer: Image | None = None

    @property
    def is_shown(self) -> bool:
        """Whether the overlay is on the screen."""
        return self._layer is not None and bool(self._layer.visible)

    def enter(self, video: Image) -> None:
        """Lie over a video layer from now on; nothing is shown yet."""
        self._video = video

    def leave(self) -> None:
        """Take the overlay away."""
        self._video = None
        self._remove()

    def show(self, is_shown: bool) -> None:
        """Show or hide the overlay; it is made the first time it is shown."""
        if is_shown and self._layer is None:
            self._make()
        if self._layer is not None:
            self._layer.visible = is_shown

    def refresh(self) -> None:
        """Show what came in for the frame on the screen."""
        if self._layer is None or not self._layer.visible:
            return
        if self._layer.data.is_outdated(self._controller.frame_index):
            self._layer.refresh(thumbnail=False, extent=False)

    def on_layers(self) -> None:
        """Notice when a person has removed the layer."""
        if self._layer is not None and self._layer not in self._viewer.layers:
            self._layer = None
            self.toggled.emit(False)

    def on_moved(self) -> None:
        """Lie over a video layer that was scaled or moved."""
        was_shown = self.is_shown
        self._remove()
        if was_shown:
            self.show(True)

    def _make(self) -> None:
        session = self._controller.session
        if self._video is None or session is None:
            return
        height, width = session.source.height, session.source.width
        array = ScoreMapArray(
            session.n_frames, height, width, find_maps=self._selected_maps
        )
        layer = make_heatmap_layer(self._video, array)
        layer.events.visible.connect(self._on_visible)
        active = self._viewer.layers.selection.active
        place = self._viewer.layers.index(self._video) + 1
        self._viewer.layers.insert(place, layer)
        self._viewer.layers.selection.active = active
        self._layer = layer
        self.toggled.emit(True)

    def _remove(self) -> None:
        layer, self._layer = self._layer, None
        if layer is not None and layer in self._viewer.layers:
            self._viewer.layers.remove(layer)

    def _selected_maps(self) -> ScoreMapStore | None:
        session, target_id = self._controller.session, self._controller.selected_id
        if session is None or target_id is None:
            return None
        return session.scores_of(target_id)

    def _on_visible(self, event: Any = None) -> None:
        self.toggled.emit(self.is_shown)
