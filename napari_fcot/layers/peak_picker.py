"""Peaks of the score map as rings; a click on one says where the target really is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from psygnal import Signal
from qtpy.QtCore import QPointF, Qt
from qtpy.QtGui import QColor, QPainter, QPen

from napari_fcot.layers.canvas_clicks import CanvasClicks
from napari_fcot.layers.canvas_place import CanvasPlace
from napari_fcot.tracking import MapPeak, nearest_peak

__all__ = ["NO_MAP", "PICK_KEY", "PICK_MODIFIER", "PeakPicker", "PeakRings"]

PICK_MODIFIER = "Control"
"""Held down with a click; Cmd on a Mac. Alt is napari's zoom, Shift its selection."""
PICK_KEY = "Ctrl"
"""The same as Qt writes it."""
RING_PX = 9.0
"""Radius of the ring of the first peak on the screen; lower ones are smaller."""
_MIN_RING_PX = 5.0
_LINE = QColor(255, 255, 255)
_SHADOW = QColor(0, 0, 0, 170)
NO_MAP = "There is no score map for this frame: track over it, then pick a peak"
REACH_PX = 24.0
"""How far from a peak a click may be on the screen."""


class PeakRings:
    """Paints rings on a `CanvasOverlay`; the first peak, the chosen one, is dashed."""

    changed = Signal()

    def __init__(self) -> None:
        self._peaks: tuple[MapPeak, ...] = ()

    @property
    def peaks(self) -> tuple[MapPeak, ...]:
        """What is shown, the highest first."""
        return self._peaks

    def show(self, peaks: Sequence[MapPeak]) -> None:
        """Show these peaks and no others."""
        peaks = tuple(peaks)
        if peaks != self._peaks:
            self._peaks = peaks
            self.changed.emit()

    def paint(self, painter: QPainter, place: CanvasPlace) -> None:
        """Paint a ring around each peak, of the same size at any zoom."""
        for number, peak in enumerate(self._peaks):
            x, y = place.to_canvas((peak.x, peak.y)).tolist()
            radius = max(RING_PX * peak.ratio, _MIN_RING_PX)
            for colour, width in ((_SHADOW, 4.0), (_LINE, 2.0)):
                pen = QPen(colour, width)
                if number == 0:
                    pen.setStyle(Qt.PenStyle.DotLine)
                painter.setPen(pen)
                painter.drawEllipse(QPointF(x, y), radius, radius)
            painter.setPen(QPen(_LINE, 1.0))
            painter.drawPoint(QPointF(x, y))


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
