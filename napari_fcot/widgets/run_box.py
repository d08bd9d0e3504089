"""Buttons that carry boxes through the video, and how far they go."""

from __future__ import annotations

from psygnal import Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from fcot_engine.annotation import Direction, Until
from napari_fcot.keys import find_key
from napari_fcot.tracking import TrackingController
from napari_fcot.widgets.panel_keys import key_text
from napari_fcot.widgets.rows import row_of

__all__ = ["RunBox"]

_UNTIL = {
    "to the end of the video": Until.END,
    "to the next box of yours": Until.NEXT_HUMAN,
    "until it is lost": Until.LOST,
}


class RunBox(QWidget):
    """Track backward, both ways or forward."""

    run_wanted = Signal(object)
    """A person wants boxes carried: `Direction`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.backward = _button(
            "◀ Back", "track_backward", "Follow the object to earlier frames"
        )
        self.both = _button(
            "◀ Both ▶", "track_both_ways", "Follow the object to both sides"
        )
        self.forward = _button(
            "Track ▶", "track_forward", "Follow the object from this frame on"
        )
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
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row_of(self.backward, self.both, self.forward))
        for widget in (self.until, self.all_targets, self.learn, self.follow):
            layout.addWidget(widget)
        ways = {
            self.backward: Direction.BACKWARD,
            self.both: Direction.BOTH,
            self.forward: Direction.FORWARD,
        }
        for button, way in ways.items():
            button.clicked.connect(lambda _, way=way: self.run_wanted.emit(way))

    @property
    def reach(self) -> Until:
        """How far a run is to go."""
        return _UNTIL[self.until.currentText()]

    def show_state(self, controller: TrackingController) -> None:
        """Enable what can be done now."""
        session, frame = controller.session, controller.frame_index
        last = 0 if session is None else session.n_frames - 1
        self.backward.setEnabled(controller.can_track and frame > 0)
        self.both.setEnabled(controller.can_track)
        self.forward.setEnabled(controller.can_track and frame < last)


def _button(text: str, action_id: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(f"{tip} ({key_text(find_key(action_id).key)})")
    return button
