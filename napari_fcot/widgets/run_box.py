"""Buttons that carry boxes through the video, and how far they go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from psygnal import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from fcot_engine.annotation import Direction, Overwrite, Until
from napari_fcot.tracking import TrackingController
from napari_fcot.widgets._rows import row_of
from napari_fcot.widgets.forms import Form
from napari_fcot.widgets.panel_keys import key_button

_UNTIL = [
    ("to the end of the video", Until.END),
    ("to the next box of yours", Until.NEXT_HUMAN),
    ("until it is lost", Until.LOST),
]
_OVERWRITE = [("tracked boxes", Overwrite.MACHINE), ("nothing", Overwrite.NOTHING)]


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """How boxes are carried."""

    until: Annotated[Until, {"label": "Track", "choices": _UNTIL}] = Until.END
    """How far a run goes; boxes that you drew always stay."""
    overwrite: Annotated[Overwrite, {"label": "Replace", "choices": _OVERWRITE}] = (
        Overwrite.MACHINE
    )
    """What a run may replace; never a box that you drew."""
    all_targets: Annotated[bool, {"label": "All targets of this frame"}] = False
    """Otherwise the selected one; locked ones are left."""
    learn: Annotated[bool, {"label": "Learn from each correction at once"}] = True
    """A box drawn on a tracked target teaches the tracker, and is carried to your
    boxes on both sides."""
    follow: Annotated[bool, {"label": "Show each frame while tracking"}] = True
    """Go along with the run; without it, the frame on the screen stays."""


class RunBox(QWidget):
    """Track backward, both ways or forward.

    Args:
        parent: the widget it is in.
    """

    run_wanted = Signal(object)
    """A person wants boxes carried: `Direction`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.backward = key_button(
            "◀ Back", "track_backward", "Follow the object to earlier frames"
        )
        self.both = key_button(
            "◀ Both ▶", "track_both_ways", "Follow the object to both sides"
        )
        self.forward = key_button(
            "Track ▶", "track_forward", "Follow the object from this frame on"
        )
        self.form = Form(RunSettings())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row_of(self.backward, self.both, self.forward))
        layout.addWidget(self.form.native)
        ways = {
            self.backward: Direction.BACKWARD,
            self.both: Direction.BOTH,
            self.forward: Direction.FORWARD,
        }
        for button, way in ways.items():
            button.clicked.connect(lambda _, way=way: self.run_wanted.emit(way))

    def show_state(self, controller: TrackingController) -> None:
        """Enable what can be done now."""
        session, frame = controller.state.session, controller.state.frame_index
        last = 0 if session is None else session.n_frames - 1
        self.backward.setEnabled(controller.runs.can_track and frame > 0)
        self.both.setEnabled(controller.runs.can_track)
        self.forward.setEnabled(controller.runs.can_track and frame < last)
