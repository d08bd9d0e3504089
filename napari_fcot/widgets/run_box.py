"""Buttons that carry boxes through the video, and how far they go."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Annotated

from psygnal import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from fcot_engine.annotation import Direction, Overwrite, Until
from napari_fcot.tracking import TrackingController
from napari_fcot.widgets._rows import row_of
from napari_fcot.widgets.forms import Form
from napari_fcot.widgets.panel_keys import key_button


class Reach(enum.Enum):
    """How far a run goes that ends at a frame."""

    FRAMES = "frames"
    """That many frames on."""
    FRAME = "frame"
    """To that frame."""
    RANGE = "range"
    """Within the frames that are selected on the timeline."""


_UNTIL = [
    ("to the end of the video", Until.END),
    ("that many frames on", Reach.FRAMES),
    ("to that frame", Reach.FRAME),
    ("within the selected frames", Reach.RANGE),
    ("to the next box of yours", Until.NEXT_HUMAN),
    ("until it is lost", Until.LOST),
]
_OVERWRITE = [("tracked boxes", Overwrite.MACHINE), ("nothing", Overwrite.NOTHING)]


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """How boxes are carried."""

    until: Annotated[Until | Reach, {"label": "Track", "choices": _UNTIL}] = Until.END
    """How far a run goes; boxes that you drew always stay."""
    number: Annotated[int, {"label": "Number", "min": 0, "max": 10_000_000}] = 100
    """How many frames on, or to which frame."""
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


@dataclass(frozen=True)
class RunPlan:
    """Where a run begins and how far it goes."""

    start: int
    until: Until | int


def plan_run(
    settings: RunSettings,
    direction: Direction,
    *,
    frame_index: int,
    n_frames: int,
    selected: tuple[int, int] | None,
) -> RunPlan | str:
    """Say where a run begins and ends, or in a sentence why it cannot.

    Args:
        settings: what the form says.
        direction: which way.
        frame_index: the frame on the screen.
        n_frames: length of the video.
        selected: first and last of the frames selected on the timeline, if any are.

    Example:
        >>> near = RunSettings(until=Reach.FRAMES, number=20)
        >>> where = {"frame_index": 10, "n_frames": 25, "selected": None}
        >>> plan_run(near, Direction.FORWARD, **where)
        RunPlan(start=10, until=24)
    """
    reach = settings.until
    if isinstance(reach, Until):
        return RunPlan(frame_index, reach)
    if direction is Direction.BOTH:
        return "Both ways goes to the ends: choose one direction to stop at a frame"
    is_forward = direction is Direction.FORWARD
    if reach is Reach.RANGE:
        if selected is None:
            return "Select frames first: drag along the top of the timeline"
        first, last = selected
        start = frame_index if first <= frame_index <= last else first
        if not is_forward and start == first:
            start = last
        return RunPlan(start, last if is_forward else first)
    step = settings.number if is_forward else -settings.number
    last = frame_index + step if reach is Reach.FRAMES else settings.number
    last = min(max(last, 0), n_frames - 1)
    if last == frame_index or (last > frame_index) is not is_forward:
        where = "on" if is_forward else "back"
        return f"Frame {last} does not lie {where} from frame {frame_index}"
    return RunPlan(frame_index, last)


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
        self.form.changed.connect(self._on_form)
        self._on_form(self.form.value)
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

    def _on_form(self, settings: RunSettings) -> None:
        """Show the number only where it counts."""
        number = self.form.widgets["number"]
        is_wanted = settings.until in (Reach.FRAMES, Reach.FRAME)
        if number.visible is not is_wanted or number.native.isHidden() is is_wanted:
            number.visible = is_wanted

    def show_state(self, controller: TrackingController) -> None:
        """Enable what can be done now."""
        session, frame = controller.state.session, controller.state.frame_index
        last = 0 if session is None else session.n_frames - 1
        self.backward.setEnabled(controller.runs.can_track and frame > 0)
        is_open = isinstance(self.form.value.until, Until)
        self.both.setEnabled(controller.runs.can_track and is_open)
        self.forward.setEnabled(controller.runs.can_track and frame < last)
