"""The panel's keys: what each does, where it works, and a list of all of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtWidgets import (
    QDialog,
    QGridLayout,
    QLabel,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from fcot_engine.annotation import Direction, SpanKind
from napari_fcot.keys import KEYS, TIMELINE_KEYS, Handlers, KeyAction, find_key

if TYPE_CHECKING:
    from napari_fcot.widgets.tracking_widget import TrackingWidget

__all__ = [
    "KeyHelp",
    "KeyHelpDialog",
    "KeySheet",
    "ShortcutScope",
    "key_text",
    "panel_handlers",
]

WHERE = (
    "Keys work while the box layer is the active one, or after a click into this panel "
    "or the timeline."
)


class KeySheet(QWidget):
    """A list of keys and what they do, under headings, and those of the timeline.

    Args:
        keys: groups together.
        parent: the widget it is in.
    """

    def __init__(
        self, keys: Sequence[KeyAction] = KEYS, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        where = QLabel(WHERE)
        where.setWordWrap(True)
        grid.addWidget(where, 0, 0, 1, 2)
        for group, actions in itertools.groupby(keys, key=lambda one: one.group):
            _add_heading(grid, group)
            for action in actions:
                _add_line(grid, key_text(action.key), action.words)
        _add_heading(grid, "In the timeline")
        for both, words in TIMELINE_KEYS:
            _add_line(grid, ", ".join(map(key_text, both)), words)


def _add_heading(grid: QGridLayout, text: str) -> None:
    grid.addWidget(QLabel(f"<b>{text}</b>"), grid.rowCount(), 0, 1, 2)


def _add_line(grid: QGridLayout, keys: str, text: str) -> None:
    row, words = grid.rowCount(), QLabel(text)
    words.setWordWrap(True)
    grid.addWidget(QLabel(keys), row, 0)
    grid.addWidget(words, row, 1)


class KeyHelp(QWidget):
    """A heading that folds the keys out and in.

    Args:
        keys: groups together.
        parent: the widget it is in.
    """

    def __init__(
        self, keys: Sequence[KeyAction] = KEYS, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.heading = QToolButton()
        self.heading.setText("Keys")
        self.heading.setCheckable(True)
        self.heading.setAutoRaise(True)
        self.heading.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.heading.setToolTip("All keys of the box tracker")
        self.sheet = KeySheet(keys)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.heading)
        layout.addWidget(self.sheet)
        self.heading.toggled.connect(self.unfold)
        self.unfold(False)

    @property
    def is_unfolded(self) -> bool:
        """Whether the keys are to be seen."""
        return self.heading.isChecked()

    def unfold(self, unfolded: bool = True) -> None:
        """Show the keys, or only their heading."""
        self.heading.setChecked(unfolded)
        arrow = Qt.ArrowType.DownArrow if unfolded else Qt.ArrowType.RightArrow
        self.heading.setArrowType(arrow)
        self.sheet.setVisible(unfolded)


class KeyHelpDialog(QDialog):
    """The keys in a window of their own, which stops nothing.

    Args:
        parent: the window to be in front of.
        keys: groups together.
    """

    def __init__(
        self, parent: QWidget | None = None, keys: Sequence[KeyAction] = KEYS
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys of the FCOT box tracker")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(False)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(KeySheet(keys))
        QVBoxLayout(self).addWidget(area)
        self.resize(340, 520)


def key_text(key: str) -> str:
    """Write a key as this system's menus do, such as with a Mac's signs."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)


class ShortcutScope:
    """Binds keys to a widget and what is in it.

    Where somebody writes, letters are letters: a line of text keeps its keys, and its
    own undo, to itself.

    Args:
        widget: a dock's; the keys go with it.
        handlers: called without arguments, by action id.

    Raises:
        ConfigError: an action is unknown; then no key is bound.
    """

    def __init__(self, widget: QWidget, handlers: Handlers) -> None:
        keys = {action_id: find_key(action_id).key for action_id in handlers}
        self._shortcuts: dict[str, QShortcut] = {}
        for action_id, handler in handlers.items():
            shortcut = QShortcut(QKeySequence(keys[action_id]), widget)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.setAutoRepeat(False)
            shortcut.activated.connect(handler)
            self._shortcuts[action_id] = shortcut

    def set_enabled(self, action_id: str, enabled: bool) -> None:
        """Switch one key on or off."""
        self._shortcuts[action_id].setEnabled(enabled)

    def close(self) -> None:
        """Take all keys off; may be called twice."""
        for shortcut in self._shortcuts.values():
            shortcut.setEnabled(False)
            shortcut.deleteLater()
        self._shortcuts = {}


def panel_handlers(panel: TrackingWidget) -> dict[str, Callable[[], object]]:
    """Return what to do for each action of `napari_fcot.keys`."""
    ctrl, link = panel.controller, panel.link

    def with_selected(do: Callable[[int], object]) -> Callable[[], object]:
        def act() -> object:
            target_id = ctrl.selected_id
            return None if target_id is None else do(target_id)

        return act

    def track(direction: Direction) -> None:
        if ctrl.can_stop:  # the key that starts a run ends it, too
            ctrl.stop()
        else:
            panel.start_tracking(direction)

    def mark(target_id: int, kind: SpanKind) -> None:
        first, last = panel.timeline.view.selected_range or (ctrl.frame_index,) * 2
        ctrl.mark_span(target_id, first, last, kind)

    def go_to_drawn(step: int) -> None:
        frame_index = ctrl.find_drawn_frame(step)
        if frame_index is not None:
            link.go_to(frame_index)

    return {
        "draw_box": link.start_drawing,
        "edit_box": link.start_editing,
        "new_target": panel.add_target,
        "delete_box": with_selected(
            lambda t: ctrl.remove_box(target_id=t, frame_index=ctrl.frame_index)
        ),
        "accept_peak": link.heatmap.accept_next,
        "mark_occluded": with_selected(lambda t: mark(t, SpanKind.OCCLUDED)),
        "mark_out_of_view": with_selected(lambda t: mark(t, SpanKind.OUT_OF_VIEW)),
        "end_target": with_selected(lambda t: ctrl.end_target(t, ctrl.frame_index)),
        "track_forward": lambda: track(Direction.FORWARD),
        "track_backward": lambda: track(Direction.BACKWARD),
        "track_both_ways": lambda: track(Direction.BOTH),
        "stop": ctrl.stop,
        "next_problem": panel.go_to_next_problem,
        "looks_good": panel.pass_over,
        "next_drawn_box": lambda: go_to_drawn(1),
        "previous_drawn_box": lambda: go_to_drawn(-1),
        "play_every_frame": link.play,
        "toggle_heatmap": panel.heatmap.toggle,
        "undo": ctrl.undo,
        "redo": ctrl.redo,
    }
