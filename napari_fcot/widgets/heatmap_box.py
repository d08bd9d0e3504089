"""How the heatmap looks, and the button that picks one of its peaks."""

from __future__ import annotations

from psygnal import Signal
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QFormLayout,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from napari_fcot.keys import find_key
from napari_fcot.layers.peak_picker import PICK_MODIFIER
from napari_fcot.tracking.compact_score_map import MapKind
from napari_fcot.widgets.key_help import key_text

__all__ = ["HeatmapBox"]

_KINDS = {
    "Both together": MapKind.FUSED,
    "Coarse: what kind of thing": MapKind.COARSE,
    "Fine: where exactly": MapKind.FINE,
}
_MODIFIER_KEYS = {"Control": "Ctrl"}
"""napari's names of modifiers, as Qt writes them in a key."""


class HeatmapBox(QWidget):
    """Which score map, how opaque, and picking a peak."""

    kind_changed = Signal(object)
    """A person wants another `MapKind`."""
    opacity_changed = Signal(float)
    """0 to 1."""
    pick_wanted = Signal(bool)
    """The next click is to pick a peak, or no longer."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.kind = QComboBox()
        self.kind.addItems(list(_KINDS))
        self.kind.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.kind.setToolTip("Which classifier's scores; both decide on the place")
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setValue(100)
        self.opacity.setToolTip("How much of the video the heatmap hides")
        self.pick = QPushButton("Pick a peak")
        self.pick.setCheckable(True)
        click = key_text(f"{_MODIFIER_KEYS[PICK_MODIFIER]}+A").removesuffix("A")
        self.pick.setToolTip(
            "The box is on the wrong one of several rings? Then click on the right "
            f"ring. Without this button: {click}click; the highest other ring: "
            f"{key_text(find_key('accept_peak').key)}"
        )
        form = QFormLayout()
        form.addRow("Shows", self.kind)
        form.addRow("Opacity", self.opacity)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(form)
        layout.addWidget(self.pick)
        self.kind.currentTextChanged.connect(
            lambda text: self.kind_changed.emit(_KINDS[text])
        )
        self.opacity.valueChanged.connect(
            lambda percent: self.opacity_changed.emit(percent / 100)
        )
        self.pick.toggled.connect(self.pick_wanted.emit)

    def show_opacity(self, opacity: float) -> None:
        """Move the slider, 0 to 1."""
        self.opacity.setValue(round(opacity * 100))

    def show_picking(self, is_picking: bool) -> None:
        """Press the button down while a click picks a peak."""
        self.pick.setChecked(is_picking)
