"""The score maps as layers, in step with the controller, and their peaks to pick.

Each kind of map is an Image layer of its own, made when it is first wanted. It holds
the map of the frame on the screen at the map's own resolution; for another frame its
pixels are written over and one `affine` is set, which is all that napari is told.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Layer
from napari.utils.colormaps import Colormap
from numpy.typing import NDArray
from psygnal import Signal

from fcot_engine.annotation import ScorePeak, box_around, find_peaks, nearest_peak
from fcot_engine.tracker import ScoreMap
from napari_fcot.layers.canvas import CanvasClicks, VideoSheet
from napari_fcot.layers.pixel_frame import (
    HALF_PIXEL,
    keep_out_of_ranges,
    pixel_to_world,
    plane_of,
)
from napari_fcot.layers.video_layer import OURS_KEY
from napari_fcot.tracking import MapKind, TrackingController

PICK_MODIFIER = "Control"
"""Held down with a click; Cmd on a Mac. Alt is napari's zoom, Shift its selection."""
PICK_KEY = "Ctrl"
"""The same as Qt writes it."""
REACH_PX = 24.0
"""How far from a peak a click may be on the screen."""
NO_MAP = "There is no score map for this frame: track over it, then pick a peak"
COLORS = Colormap(
    [[0, 0, 0], [0, 0.25, 0.9], [1, 0.8, 0], [1, 0.1, 0]],
    controls=[0.0, 0.25, 0.55, 1.0],
    name="FCOT score",
)
"""From black, which adds nothing to the video, over blue and yellow to red."""


class MapLayer:
    """One kind of score map as an Image layer.

    Args:
        kind: which of the maps; a part of the layer's name.
        video: the layer that it lies over.
        opacity: at first; what a person sets in napari's controls stays.
    """

    def __init__(self, kind: MapKind, video: Layer, *, opacity: float) -> None:
        self._video = video
        self._map: ScoreMap | None = None
        self._corner = (0, 0)
        self._pixels = np.zeros((1, 1), np.float32)
        self.layer = Image(
            self._pixels,
            name=f"FCOT heatmap ({kind.value})",
            colormap=COLORS,
            contrast_limits=(0.0, 1.0),
            blending="additive",
            interpolation2d="linear",
            opacity=opacity,
            rgb=False,
            multiscale=False,
            metadata={OURS_KEY: kind.value},
            affine=plane_of(pixel_to_world(video)),
            axis_labels=video.axis_labels[-2:],
            units=video.units[-2:],
        )

    def show(self, score_map: ScoreMap | None, frame_wh: tuple[int, int]) -> None:
        """Show a map in its place, or nothing.

        Args:
            score_map: of the frame on the screen.
            frame_wh: size of the frame; what lies outside of it is left out.
        """
        if score_map is self._map:
            return
        self._map = score_map
        scores, self._corner = _cut_to_frame(score_map, frame_wh)
        if scores.shape != self._pixels.shape:
            self._pixels = np.zeros_like(scores)
            self.layer.data = self._pixels
        self._pixels[:] = scores
        self.place()

    def place(self) -> None:
        """Lie over the pixels that the map scores, wherever the video is now."""
        to_world = plane_of(pixel_to_world(self._video))
        if self._map is not None:
            x, y = (place - HALF_PIXEL for place in self._map.to_image(*self._corner))
            size = self._map.cell_px
            to_world = to_world @ np.array([[size, 0, y], [0, size, x], [0, 0, 1.0]])
        self.layer.affine = to_world


def _cut_to_frame(
    score_map: ScoreMap | None, frame_wh: tuple[int, int]
) -> tuple[NDArray[np.float32], tuple[int, int]]:
    """Return the cells whose middle is in the frame, and row and column of the first.

    Without this, napari would fit its view to what lies beside the video. Where there
    is no such cell, it is one that scores 0.
    """
    if score_map is not None:
        x, y = score_map.to_image(0, 0)
        n_rows, n_columns = score_map.values.shape
        middles_y = y + score_map.cell_px * np.arange(n_rows)
        middles_x = x + score_map.cell_px * np.arange(n_columns)
        rows = np.flatnonzero((middles_y >= 0) & (middles_y < frame_wh[1]))
        columns = np.flatnonzero((middles_x >= 0) & (middles_x < frame_wh[0]))
        if rows.size and columns.size:
            cells = score_map.values[np.ix_(rows, columns)].astype(np.float32)
            return np.nan_to_num(cells, nan=0.0), (int(rows[0]), int(columns[0]))
    return np.zeros((1, 1), np.float32), (0, 0)


class HeatmapView:
    """The score maps of the selected target, and its peaks to choose from.

    A click near a peak, with a key held down or after `pick`, says that the target is
    there. The rings around the peaks are there with the map, and while one is picked.

    Args:
        viewer: where the layers are.
        controller: knows the video, the maps and the selected target.
        sheet: the rings are painted on it.
        clicks: of the canvas.
    """

    toggled = Signal(bool)
    """The map was shown or hidden, also by napari's own means."""
    picking_changed = Signal(bool)
    """Whether the next click picks a peak."""

    def __init__(
        self,
        viewer: ViewerModel,
        controller: TrackingController,
        sheet: VideoSheet,
        clicks: CanvasClicks,
    ) -> None:
        self._viewer = viewer
        self._controller = controller
        self._sheet = sheet
        self._clicks = clicks
        self._video: Layer | None = None
        self._layers: dict[MapKind, MapLayer] = {}
        self._is_shown = False
        self._is_picking = False
        self._kind = MapKind.FUSED
        self._opacity = 1.0
        self._peaks: tuple[ScoreMap | None, tuple[ScorePeak, ...]] = (None, ())
        clicks.clicked.connect(self._on_clicked)
        viewer.layers.events.removed.connect(self._on_removed)

    def close(self) -> None:
        """Let go of the mouse, and take the layers away."""
        self._clicks.clicked.disconnect(self._on_clicked)
        self._viewer.layers.events.removed.disconnect(self._on_removed)
        self.set_video(None)

    def set_video(self, video: Layer | None) -> None:
        """Lie over another video, or over none."""
        self._video = None
        layers, self._layers = self._layers, {}
        for one in layers.values():
            if one.layer in self._viewer.layers:
                self._viewer.layers.remove(one.layer)
        self._video = video
        self.refresh()

    def place_over_video(self) -> None:
        """Follow the video, which was scaled or moved."""
        for one in self._layers.values():
            one.place()

    # --- what is shown -------------------------------------------------------

    @property
    def is_shown(self) -> bool:
        """Whether the map is wanted on the screen."""
        return self._is_shown

    def show(self, is_shown: bool) -> None:
        """Show or hide the map."""
        if is_shown != self._is_shown:
            self._is_shown = is_shown
            if not is_shown and self._kind in self._layers:
                self._layers[self._kind].layer.visible = False
            self.refresh()
            self.toggled.emit(is_shown)

    @property
    def kind(self) -> MapKind:
        """Which of the maps."""
        return self._kind

    def show_kind(self, kind: MapKind) -> None:
        """Choose which of the maps is shown, and whose peaks are.

        Others that were shown before stay in the list of layers, where they can be
        shown beside it.
        """
        old, self._kind = self._kind, kind
        if kind is not old and self._is_shown and old in self._layers:
            self._layers[old].layer.visible = False
        self.refresh()

    def set_opacity(self, opacity: float) -> None:
        """Hide more or less of the video, 0 to 1, with maps that are first shown."""
        self._opacity = opacity

    @property
    def is_missing(self) -> bool:
        """Whether a map is wanted, but there is none for the frame on the screen."""
        return self._is_shown and self._find_map(self._kind) is None

    def refresh(self) -> None:
        """Show what is known of the frame on the screen."""
        session = self._controller.state.session
        is_2d = self._viewer.dims.ndisplay == 2
        if session is not None and self._video is not None and is_2d:
            if self._is_shown:
                self._put_layer(self._kind)
            frame_wh = session.source.width, session.source.height
            for kind, one in self._layers.items():
                if one.layer.visible:
                    one.show(self._find_map(kind), frame_wh)
        has_rings = session is not None and (self._is_shown or self._is_picking)
        self._sheet.rings.show(self.peaks if has_rings else ())

    def _put_layer(self, kind: MapKind) -> None:
        """Show the layer of a kind, below the boxes."""
        if kind in self._layers:
            if not self._layers[kind].layer.visible:
                self._layers[kind].layer.visible = True
            return
        assert self._video is not None
        one = MapLayer(kind, self._video, opacity=self._opacity)
        one.layer.events.visible.connect(self._on_visible)
        self._layers[kind] = one
        active = self._viewer.layers.selection.active
        place = self._viewer.layers.index(self._video) + 1
        self._viewer.layers.insert(place, one.layer)
        keep_out_of_ranges(one.layer, self._viewer)
        self._viewer.layers.selection.active = active

    def _on_visible(self, event: Any) -> None:
        """Follow napari's eye in the list of layers."""
        if self._video is None:
            return
        current = self._layers.get(self._kind)
        if current is not None and event.source is current.layer:
            self.show(bool(current.layer.visible))
        self.refresh()

    def _on_removed(self, event: Any) -> None:
        """Take a layer that was removed as one that is not wanted."""
        kinds = [k for k, one in self._layers.items() if one.layer is event.value]
        for kind in kinds:
            del self._layers[kind]
            if kind is self._kind and self._video is not None:
                self.show(False)

    @property
    def _score_map(self) -> ScoreMap | None:
        return self._find_map(self._kind)

    def _find_map(self, kind: MapKind) -> ScoreMap | None:
        state = self._controller.state
        session, target_id = state.session, state.selected_id
        if session is None or target_id is None or target_id in session.hidden_ids:
            return None
        return session.score_maps.get(target_id, state.frame_index, kind)

    # --- peaks ---------------------------------------------------------------

    @property
    def peaks(self) -> tuple[ScorePeak, ...]:
        """Peaks of the selected target in the frame on the screen, the highest first.

        The one that its box is on comes before all others.
        """
        score_map = self._score_map
        if score_map is None:
            return ()
        if score_map is not self._peaks[0]:
            self._peaks = score_map, find_peaks(score_map)
        peaks = self._peaks[1]
        here = self._peak_of_box(peaks)
        if here is None:
            return peaks
        return here, *(peak for peak in peaks if peak is not here)

    @property
    def is_picking(self) -> bool:
        """Whether the next click picks a peak without a key held down."""
        return self._is_picking

    def pick(self, is_picking: bool = True) -> None:
        """Let the next click pick a peak, or no longer."""
        if is_picking != self._is_picking:
            self._is_picking = is_picking
            self.refresh()
            self.picking_changed.emit(is_picking)

    def accept_next(self) -> None:
        """Move the box to the highest peak that it is not on."""
        peaks = self.peaks
        others = peaks[1:] if self._peak_of_box(peaks) is not None else peaks
        if others:
            self._move_to(others[0])
        elif peaks:
            self._controller.state.say("The score map of this frame has no other peak")
        else:
            self._controller.state.say(NO_MAP)

    def _on_clicked(self, x: float, y: float, modifiers: frozenset[str]) -> None:
        if not self._is_picking and modifiers != {PICK_MODIFIER}:
            return
        peaks = self.peaks
        reach_px = REACH_PX / max(self._sheet.scale, 1e-6)
        peak = nearest_peak(peaks, (x, y), reach_px=reach_px)
        if not peaks:
            self._controller.state.say(NO_MAP)
        elif peak is None:
            self._controller.state.say("There is no peak near here: click on a ring")
        else:
            self.pick(False)
            self._move_to(peak)

    def _peak_of_box(self, peaks: tuple[ScorePeak, ...]) -> ScorePeak | None:
        box = self._controller.state.current_box
        if box is None:
            return None
        x, y, w, h = box.box_xywh
        reach_px = max(w, h) / 2
        return nearest_peak(peaks, (x + w / 2, y + h / 2), reach_px=reach_px)

    def _move_to(self, peak: ScorePeak) -> None:
        state = self._controller.state
        target_id, box = state.selected_id, state.current_box
        if target_id is None or box is None:
            state.say("There is no box in this frame to move to another peak: draw one")
            return
        moved = box_around((peak.x, peak.y), box.box_xywh[2:])
        self._controller.edits.pick_peak(
            moved, target_id=target_id, frame_index=state.frame_index
        )
