"""Playing the video, and the look of the heatmap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from psygnal import Signal
from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import QComboBox, QPushButton, QSpinBox, QVBoxLayout, QWidget

from napari_fcot.layers import SPEEDS
from napari_fcot.tracking import MapKind
from napari_fcot.widgets._rows import row_of
from napari_fcot.widgets.panel_keys import key_button, tell_key

_BACKWARD, _FORWARD, _PAUSE = "◀ Play", "Play ▶", "Pause"
_SPEEDS = {f"{speed:g}× speed": speed for speed in SPEEDS}
_KINDS = [(kind.value.capitalize(), kind) for kind in MapKind]


@dataclass(frozen=True, kw_only=True)
class HeatmapLook:
    """Which score map the heatmap shows; napari's controls have its colours."""

    kind: Annotated[MapKind, {"label": "Score map", "choices": _KINDS}] = MapKind.FUSED
    """Fused: both classifiers together, which decides on the position. Coarse: what
    kind of thing it is. Fine: where exactly it is."""


class PlayBox(QWidget):
    """Play backward, forward, pause, and how fast."""

    play_wanted = Signal(int)
    """A person wants it played, or paused: 1 forward, -1 backward."""
    step_wanted = Signal(int)
    """A person wants to go some frames on, 1, or back, -1."""
    speed_changed = Signal(float)
    """Over the speed of the video."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.backward = _button(_BACKWARD, "Every frame, backward")
        self.forward = _button(_FORWARD, "")
        tell_key(
            self.forward,
            "play_every_frame",
            "Every frame, none left out, as fast as this computer can draw them",
        )
        self.back = key_button("◀◀", "step_backward", "That many frames back")
        self.on = key_button("▶▶", "step_forward", "That many frames on")
        self.step = QSpinBox()
        self.step.setRange(1, 9999)
        self.step.setSuffix(" frames")
        self.step.setToolTip("How far a step goes")
        self.speed = QComboBox()
        self.speed.addItems(list(_SPEEDS))
        self.speed.setCurrentText("1× speed")
        self.speed.setToolTip("Over the speed of the video")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row_of(self.backward, self.forward, self.speed))
        layout.addLayout(row_of(self.back, self.step, self.on))
        self.back.clicked.connect(lambda: self.step_wanted.emit(-1))
        self.on.clicked.connect(lambda: self.step_wanted.emit(1))
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
