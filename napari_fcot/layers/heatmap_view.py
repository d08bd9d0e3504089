"""Keeps the painted score map in step with the controller, and picks its peaks."""

from __future__ import annotations

from psygnal import Signal

from fcot_engine.annotation import ScorePeak, box_around, find_peaks, nearest_peak
from fcot_engine.tracker import ScoreMap
from napari_fcot.layers.canvas import CanvasClicks, VideoSheet
from napari_fcot.tracking import MapKind, TrackingController

PICK_MODIFIER = "Control"
"""Held down with a click; Cmd on a Mac. Alt is napari's zoom, Shift its selection."""
PICK_KEY = "Ctrl"
"""The same as Qt writes it."""
REACH_PX = 24.0
"""How far from a peak a click may be on the screen."""
NO_MAP = "There is no score map for this frame: track over it, then pick a peak"


class HeatmapView:
    """The score map of the selected target, and its peaks to choose from.

    A click near a peak, with a key held down or after `pick`, says that the target is
    there. The rings around the peaks are there with the map, and while one is picked.

    Args:
        controller: knows the video, the maps and the selected target.
        sheet: is painted on.
        clicks: of the canvas.
    """

    toggled = Signal(bool)
    """The map was shown or hidden."""
    picking_changed = Signal(bool)
    """Whether the next click picks a peak."""

    def __init__(
        self, controller: TrackingController, sheet: VideoSheet, clicks: CanvasClicks
    ) -> None:
        self._controller = controller
        self._sheet = sheet
        self._clicks = clicks
        self._is_shown = False
        self._is_picking = False
        self._kind = MapKind.FUSED
        self._peaks: tuple[ScoreMap | None, tuple[ScorePeak, ...]] = (None, ())
        clicks.clicked.connect(self._on_clicked)

    def close(self) -> None:
        """Let go of the mouse."""
        self._clicks.clicked.disconnect(self._on_clicked)

    # --- what is shown -------------------------------------------------------

    @property
    def is_shown(self) -> bool:
        """Whether the map is wanted on the screen."""
        return self._is_shown

    def show(self, is_shown: bool) -> None:
        """Show or hide the map."""
        if is_shown != self._is_shown:
            self._is_shown = is_shown
            self.refresh()
            self.toggled.emit(is_shown)

    @property
    def kind(self) -> MapKind:
        """Which of the maps."""
        return self._kind

    def show_kind(self, kind: MapKind) -> None:
        """Choose which of the maps is shown, and whose peaks are."""
        self._kind = kind
        self.refresh()

    @property
    def opacity(self) -> float:
        """How much of the video is hidden, 0 to 1."""
        return self._sheet.heatmap.opacity

    def set_opacity(self, opacity: float) -> None:
        """Hide more or less of the video, 0 to 1."""
        self._sheet.heatmap.set_opacity(opacity)

    def refresh(self) -> None:
        """Show what is known of the frame on the screen."""
        session = self._controller.state.session
        if session is not None and self._is_shown:
            frame_wh = float(session.source.width), float(session.source.height)
            self._sheet.heatmap.show(self._score_map, frame_wh=frame_wh)
        else:
            self._sheet.heatmap.show(None)
        has_rings = session is not None and (self._is_shown or self._is_picking)
        self._sheet.rings.show(self.peaks if has_rings else ())

    @property
    def _score_map(self) -> ScoreMap | None:
        state = self._controller.state
        session, target_id = state.session, state.selected_id
        if session is None or target_id is None or target_id in session.hidden_ids:
            return None
        return session.score_maps.get(target_id, state.frame_index, self._kind)

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
