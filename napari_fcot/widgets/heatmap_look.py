"""Which score map the heatmap shows, and how opaque it is."""

from __future__ import annotations

from psygnal import Signal
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QSlider, QWidget

from napari_fcot.tracking import MapKind

__all__ = ["HeatmapLook"]

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
