"""Keeps the painted score map in step with the controller, and picks its peaks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from psygnal import Signal

from fcot_engine.annotation import box_around
from fcot_engine.geometry import BoxXywh
from napari_fcot.layers.canvas import CanvasClicks, VideoSheet
from napari_fcot.tracking import (
    CompactScoreMap,
    MapKind,
    MapPeak,
    TrackingController,
    find_map_peaks,
    nearest_peak,
)

__all__ = [
    "NO_MAP",
    "PICK_KEY",
    "PICK_MODIFIER",
    "HeatmapView",
    "PeakPicker",
]


class HeatmapView:
    """The score map of the selected target, and its peaks to choose from.

    The rings around the peaks are there with the map, and while one is to be picked.

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
        self._is_shown = False
        self._kind = MapKind.FUSED
        self._peaks: tuple[CompactScoreMap | None, tuple[MapPeak, ...]] = (None, ())
        self._picker = PeakPicker(
            clicks, find_peaks=lambda: self.peaks, find_scale=lambda: sheet.scale
        )
        self._picker.picked.connect(self._on_picked)
        self._picker.missed.connect(controller.say)
        self._picker.armed_changed.connect(self._on_armed)

    def close(self) -> None:
        """Let go of the mouse."""
        self._picker.close()

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
        session = self._controller.session
        is_wanted = session is not None and self._is_shown
        if session is not None:
            frame_wh = float(session.source.width), float(session.source.height)
            shown = self._score_map if is_wanted else None
            self._sheet.heatmap.show(shown, frame_wh=frame_wh)
        else:
            self._sheet.heatmap.show(None)
        has_rings = is_wanted or self._picker.is_armed
        self._sheet.rings.show(self.peaks if has_rings else ())

    @property
    def _score_map(self) -> CompactScoreMap | None:
        session, target_id = self._controller.session, self._controller.selected_id
        if session is None or target_id is None:
            return None
        if target_id in session.hidden_ids:
            return None
        return session.scores_of(target_id).get(
            self._controller.frame_index, self._kind
        )

    # --- peaks ---------------------------------------------------------------

    @property
    def peaks(self) -> tuple[MapPeak, ...]:
        """Peaks of the selected target in the frame on the screen, the highest first.

        The one that its box is on comes before all others.
        """
        score_map = self._score_map
        if score_map is None:
            return ()
        if score_map is not self._peaks[0]:
            self._peaks = score_map, find_map_peaks(score_map)
        peaks = self._peaks[1]
        here = self._peak_of_box(peaks)
        if here is None:
            return peaks
        return here, *(peak for peak in peaks if peak is not here)

    @property
    def is_picking(self) -> bool:
        """Whether the next click picks a peak."""
        return self._picker.is_armed

    def pick(self, is_picking: bool = True) -> None:
        """Let the next click pick a peak, or no longer."""
        self._picker.arm(is_picking)

    def accept_next(self) -> None:
        """Move the box to the highest peak that it is not on."""
        peaks = self.peaks
        others = peaks[1:] if self._peak_of_box(peaks) is not None else peaks
        if others:
            self._move_to(others[0])
        elif peaks:
            self._controller.say("The score map of this frame has no other peak")
        else:
            self._controller.say(NO_MAP)

    def _peak_of_box(self, peaks: tuple[MapPeak, ...]) -> MapPeak | None:
        box = self._controller.current_box
        if box is None:
            return None
        x, y, w, h = box.box_xywh
        reach_px = max(w, h) / 2
        return nearest_peak(peaks, (x + w / 2, y + h / 2), reach_px=reach_px)

    def _on_picked(self, x: float, y: float, peak: MapPeak) -> None:
        self._move_to(peak)

    def _move_to(self, peak: MapPeak) -> None:
        ctrl = self._controller
        target_id, box = ctrl.selected_id, ctrl.current_box
        if target_id is None or box is None:
            ctrl.say("There is no box in this frame to move to another peak: draw one")
            return
        moved: BoxXywh = box_around((peak.x, peak.y), box.box_xywh[2:])
        ctrl.pick_peak(moved, target_id=target_id, frame_index=ctrl.frame_index)

    def _on_armed(self, is_armed: bool) -> None:
        self.refresh()
        self.picking_changed.emit(is_armed)


PICK_MODIFIER = "Control"
"""Held down with a click; Cmd on a Mac. Alt is napari's zoom, Shift its selection."""
PICK_KEY = "Ctrl"
"""The same as Qt writes it."""
NO_MAP = "There is no score map for this frame: track over it, then pick a peak"
REACH_PX = 24.0
"""How far from a peak a click may be on the screen."""


class PeakPicker:
    """Turns clicks near a peak into the wish to have the target there.

    Args:
        clicks: of the canvas.
        find_peaks: returns the peaks of the selected target in the frame on the
            screen, the highest first.
        find_scale: returns how many screen pixels an image pixel covers.
    """

    picked = Signal(float, float, object)
    """x and y of the peak in image pixels, and the `MapPeak` itself."""
    missed = Signal(str)
    """A click that meant a peak, but there is none: what to do, in words."""
    armed_changed = Signal(bool)

    def __init__(
        self,
        clicks: CanvasClicks,
        *,
        find_peaks: Callable[[], Sequence[MapPeak]],
        find_scale: Callable[[], float],
    ) -> None:
        self._clicks = clicks
        self._find_peaks = find_peaks
        self._find_scale = find_scale
        self._is_armed = False
        clicks.clicked.connect(self._on_clicked)

    @property
    def is_armed(self) -> bool:
        """Whether the next click picks a peak without a key held down."""
        return self._is_armed

    def arm(self, armed: bool = True) -> None:
        """Let the next click pick a peak, or no longer."""
        if armed != self._is_armed:
            self._is_armed = armed
            self.armed_changed.emit(armed)

    def close(self) -> None:
        """Let go of the mouse."""
        self._clicks.clicked.disconnect(self._on_clicked)

    def _on_clicked(self, x: float, y: float, modifiers: frozenset[str]) -> None:
        if not self._is_armed and modifiers != {PICK_MODIFIER}:
            return
        peaks = self._find_peaks()
        if not peaks:
            self.missed.emit(NO_MAP)
            return
        reach = REACH_PX / max(self._find_scale(), 1e-6)
        peak = nearest_peak(peaks, (x, y), reach_px=reach)
        if peak is None:
            self.missed.emit("There is no peak near this place: click on a ring")
            return
        self.arm(False)
        self.picked.emit(peak.x, peak.y, peak)
