"""Buttons that carry boxes through the video, and how far a run is."""

from __future__ import annotations

from psygnal import Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from fcot_engine.annotation import Direction, Until
from napari_fcot.tracking.controller import Activity, TrackingController
from napari_fcot.widgets.rows import row_of

__all__ = ["RunBox"]

_UNTIL = {
    "to the end of the video": Until.END,
    "to the next box of yours": Until.NEXT_HUMAN,
    "until it is lost": Until.LOST,
}


class RunBox(QWidget):
    """Track backward, both ways, forward, and stop."""

    run_wanted = Signal(object)
    """A person wants boxes carried: `Direction`."""
    stop_wanted = Signal()
    """A person wants it to stop."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.backward = _button("◀ Back", "Follow the object to earlier frames")
        self.both = _button("◀ Both ▶", "Follow the object to both sides")
        self.forward = _button("Track ▶", "Follow the object from this frame on")
        self.stop = _button("Stop", "Stop at once; everything tracked so far is kept")
        self.until = QComboBox()
        self.until.addItems(list(_UNTIL))
        self.until.setToolTip("How far a run goes; boxes that you drew always stay")
        self.all_targets = QCheckBox("All targets of this frame")
        self.all_targets.setToolTip("Otherwise the selected one; locked ones are left")
        self.learn = QCheckBox("Learn from each correction at once")
        self.learn.setChecked(True)
        self.learn.setToolTip(
            "A box drawn on a tracked target teaches the tracker, and is carried to "
            "your boxes on both sides"
        )
        self.follow = QCheckBox("Show each frame while tracking")
        self.follow.setChecked(True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.text = QLabel()
        self.text.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row_of(self.backward, self.both, self.forward))
        layout.addLayout(row_of(self.until, self.stop))
        for widget in (self.bar, self.text, self.all_targets, self.learn, self.follow):
            layout.addWidget(widget)
        ways = {
            self.backward: Direction.BACKWARD,
            self.both: Direction.BOTH,
            self.forward: Direction.FORWARD,
        }
        for button, way in ways.items():
            button.clicked.connect(lambda _, way=way: self.run_wanted.emit(way))
        self.stop.clicked.connect(lambda: self.stop_wanted.emit())

    @property
    def reach(self) -> Until:
        """How far a run is to go."""
        return _UNTIL[self.until.currentText()]

    def show_state(self, controller: TrackingController) -> None:
        """Enable what can be done now, and show how far a run is."""
        session, frame = controller.session, controller.frame_index
        last = 0 if session is None else session.n_frames - 1
        self.backward.setEnabled(controller.can_track and frame > 0)
        self.both.setEnabled(controller.can_track)
        self.forward.setEnabled(controller.can_track and frame < last)
        self.stop.setEnabled(controller.can_stop)
        progress = controller.progress
        is_waiting = controller.activity in (Activity.EXPORTING, Activity.CHECKING) or (
            controller.can_stop and bool(controller.stage)
        )
        if is_waiting:  # nobody knows how long: the bar moves to and fro
            self.bar.setRange(0, 0)
        else:
            self.bar.setRange(0, 1 if progress is None else progress.total)
            self.bar.setValue(0 if progress is None else progress.done)
        self.text.setText(
            ""
            if progress is None
            else progress.describe(is_running=controller.can_stop)
        )


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    return button
