"""A hint for the first time: the four steps, and which one is next."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFrame, QGridLayout, QLabel, QToolButton, QWidget

from napari_fcot.keys import find_key
from napari_fcot.preferences import Preferences, PreferencesStore
from napari_fcot.widgets.panel_keys import key_text


@dataclass(frozen=True)
class Step:
    """One step of four."""

    title: str
    hint: str
    """How, in a sentence."""


STEPS = (
    Step("Open", "Choose a video layer, or open a video file."),
    Step(
        "Draw",
        f"Press Draw ({key_text(find_key('draw_box').key)}) and drag over an object.",
    ),
    Step(
        "Track",
        f"Press Track ({key_text(find_key('track_forward').key)}): the box follows.",
    ),
    Step("Correct", "Where the box is off, drag it into place: that teaches."),
)
_DONE = "That is all. The tab Check shows where to look."


class FirstSteps(QFrame):
    """Walks through the four steps, until the person has seen enough of it.

    Args:
        preferences: says whether it is wanted, and keeps that it no longer is.
        parent: the widget it is in.
    """

    def __init__(
        self, preferences: PreferencesStore, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._preferences = preferences
        self._are_done: tuple[bool, ...] | None = None
        self.steps = QLabel()
        self.steps.setTextFormat(Qt.TextFormat.RichText)
        self.hint = QLabel()
        for label in (self.steps, self.hint):
            label.setWordWrap(True)
        self.no_more = QToolButton()
        self.no_more.setText("✕")
        self.no_more.setAccessibleName("Don't show again")
        self.no_more.setAutoRaise(True)
        self.no_more.setToolTip(
            "Don't show again; napari's preferences can bring it back"
        )
        layout = QGridLayout(self)
        layout.setContentsMargins(6, 2, 2, 4)
        layout.setVerticalSpacing(0)
        layout.setColumnStretch(0, 1)
        layout.addWidget(self.steps, 0, 0)
        layout.addWidget(self.no_more, 0, 1)
        layout.addWidget(self.hint, 1, 0, 1, 2)
        self.no_more.clicked.connect(self._on_no_more)
        preferences.changed.connect(self._on_preferences)
        self.show_progress(
            has_video=False, has_box=False, has_run=False, has_correction=False
        )
        if not preferences.load().show_first_steps:
            self.hide()  # showing is for the panel: without one, it would be a window

    @property
    def current(self) -> Step | None:
        """The step that comes next, or None after the last one."""
        for step, is_done in zip(STEPS, self._are_done or (), strict=False):
            if not is_done:
                return step
        return None

    def show_progress(
        self, *, has_video: bool, has_box: bool, has_run: bool, has_correction: bool
    ) -> None:
        """Tick what is done, and point out what is next; cheap if that is known.

        Args:
            has_video: a video is chosen.
            has_box: a person has drawn a box.
            has_run: a box was carried to other frames.
            has_correction: a person has drawn over a tracked box.
        """
        are_done = (has_video, has_box, has_run, has_correction)
        if are_done == self._are_done:
            return
        self._are_done = are_done
        current = self.current
        marked = (
            _mark(step, is_done=is_done, is_next=step is current)
            for step, is_done in zip(STEPS, are_done, strict=True)
        )
        self.steps.setText("&nbsp; ".join(marked))
        self.hint.setText(_DONE if current is None else current.hint)
        self.updateGeometry()  # it may take one line more, or less

    def _on_no_more(self) -> None:
        self._preferences.change(show_first_steps=False)

    def _on_preferences(self, preferences: Preferences) -> None:
        with contextlib.suppress(RuntimeError):  # Qt has deleted the panel
            self.setVisible(preferences.show_first_steps)


def _mark(step: Step, *, is_done: bool, is_next: bool) -> str:
    if is_done:
        return f"✓&nbsp;{step.title}"
    return f"<b>▸&nbsp;{step.title}</b>" if is_next else f"○&nbsp;{step.title}"
