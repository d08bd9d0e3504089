"""How far a run is, and the button that stops it; in sight whatever tab is open."""

from __future__ import annotations

from psygnal import Signal
from qtpy.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QWidget

from napari_fcot.keys import find_key
from napari_fcot.tracking import Activity, TrackingController
from napari_fcot.widgets.key_help import key_text

__all__ = ["ProgressRow"]

_BAR_HEIGHT_PX = 12


class ProgressRow(QWidget):
    """A bar and a button.

    Args:
        parent: the widget it is in.
    """

    stop_wanted = Signal()
    """A person wants it to stop."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(_BAR_HEIGHT_PX)
        self.stop = QPushButton("Stop")
        self.stop.setToolTip(
            "Stop at once; everything tracked so far is kept"
            f" ({key_text(find_key('stop').key)})"
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.bar, stretch=1)
        row.addWidget(self.stop)
        self.stop.clicked.connect(lambda: self.stop_wanted.emit())

    def show_state(self, controller: TrackingController) -> None:
        """Show how far a run is; the bar moves to and fro where nobody knows."""
        self.stop.setEnabled(controller.can_stop)
        progress = controller.progress
        is_waiting = controller.activity in (Activity.EXPORTING, Activity.CHECKING) or (
            controller.can_stop and bool(controller.stage)
        )
        if is_waiting:
            self.bar.setRange(0, 0)
        elif progress is None:
            self.bar.setRange(0, 1)
            self.bar.setValue(0)
        else:
            self.bar.setRange(0, progress.total)
            self.bar.setValue(progress.done)
