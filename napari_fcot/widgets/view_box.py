"""Playing the video, and the look of the heatmap."""

from __future__ import annotations

from psygnal import Signal
from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from napari_fcot.keys import find_key
from napari_fcot.layers import SPEEDS
from napari_fcot.tracking import MapKind
from napari_fcot.widgets.panel_keys import key_text
from napari_fcot.widgets.rows import row_of

__all__ = ["HeatmapLook", "PlayBox"]

_BACKWARD, _FORWARD, _PAUSE = "◀ Play", "Play ▶", "Pause"
_SPEEDS = {f"{speed:g}× speed": speed for speed in SPEEDS}


class PlayBox(QWidget):
    """Play backward, forward, pause, and how fast."""

    play_wanted = Signal(int)
    """A person wants it played, or paused: 1 forward, -1 backward."""
    speed_changed = Signal(float)
    """Over the speed of the video."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.backward = _button(_BACKWARD, "Every frame, backward")
        self.forward = _button(
            _FORWARD,
            "Every frame, none left out, as fast as this computer can draw them "
            f"({key_text(find_key('play_every_frame').key)})",
        )
        self.speed = QComboBox()
        self.speed.addItems(list(_SPEEDS))
        self.speed.setCurrentText("1× speed")
        self.speed.setToolTip("Over the speed of the video")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row_of(self.backward, self.forward, self.speed))
        self.backward.clicked.connect(lambda: self.play_wanted.emit(-1))
        self.forward.clicked.connect(lambda: self.play_wanted.emit(1))
        self.speed.currentTextChanged.connect(
            lambda text: self.speed_changed.emit(_SPEEDS[text])
        )

    def show_playing(self, is_playing: bool, *, direction: int = 1) -> None:
        """Say on the button of the direction at work that it pauses."""
        for button, way, words in (
            (self.backward, -1, _BACKWARD),
            (self.forward, 1, _FORWARD),
        ):
            is_at_work = is_playing and way == direction
            button.setText(_PAUSE if is_at_work else words)
            with QSignalBlocker(button):
                button.setChecked(is_at_work)


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setCheckable(True)
    button.setToolTip(tip)
    return button


_KINDS = {"Fused": MapKind.FUSED, "Coarse": MapKind.COARSE, "Fine": MapKind.FINE}


class HeatmapLook(QWidget):
    """A list of the kinds of score maps, and a slider."""

    kind_changed = Signal(object)
    """A person wants another `MapKind`."""
    opacity_changed = Signal(float)
    """0 to 1."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.kind = QComboBox()
        self.kind.addItems(list(_KINDS))
        self.kind.setToolTip(
            "Fused: both classifiers together, which decides on the place\n"
            "Coarse: what kind of thing it is\nFine: where exactly it is"
        )
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setValue(100)
        self.opacity.setToolTip("How much of the video the heatmap hides")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.kind)
        layout.addWidget(self.opacity, stretch=1)
        self.kind.currentTextChanged.connect(
            lambda text: self.kind_changed.emit(_KINDS[text])
        )
        self.opacity.valueChanged.connect(
            lambda percent: self.opacity_changed.emit(percent / 100)
        )

    def show_opacity(self, opacity: float) -> None:
        """Move the slider, 0 to 1."""
        self.opacity.setValue(round(opacity * 100))
