"""The panel's keys: what each does, where it works, and a list of all of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtWidgets import QGridLayout, QLabel, QPushButton, QWidget

from fcot_engine.annotation import Direction, Editor, SpanKind
from napari_fcot.keys import KEYS, TIMELINE_KEYS, Handlers, find_key

if TYPE_CHECKING:
    from napari_fcot.widgets.tracking_widget import TrackingWidget

_WHERE = (
    "Keys work while the box layer is the active one, or after a click into this panel "
    "or the timeline."
)


class KeySheet(QWidget):
    """A list of keys and what they do, under headings, and those of the timeline."""

    def __init__(self) -> None:
        super().__init__()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        where = QLabel(_WHERE)
        where.setWordWrap(True)
        grid.addWidget(where, 0, 0, 1, 2)
        for group, actions in itertools.groupby(KEYS, key=lambda one: one.group):
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


def key_text(key: str) -> str:
    """Write a key as this system's menus do, such as with a Mac's signs."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)


def key_button(text: str, action_id: str, tip: str) -> QPushButton:
    """Return a button whose tooltip tells the key that does the same."""
    button = QPushButton(text)
    button.setToolTip(f"{tip} ({key_text(find_key(action_id).key)})")
    return button


def bind_to_widget(widget: QWidget, handlers: Handlers) -> None:
    """Bind keys that work while a widget, or something in it, has the focus.

    Where somebody writes, letters are letters: a line of text keeps its keys, and its
    own undo, to itself.

    Args:
        widget: a dock's; the keys go with it.
        handlers: called without arguments, by action id.

    Raises:
        ConfigError: an action is unknown; then no key is bound.
    """
    keys = [find_key(action_id).key for action_id in handlers]
    for key, handler in zip(keys, handlers.values(), strict=True):
        shortcut = QShortcut(QKeySequence(key), widget)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.setAutoRepeat(False)
        shortcut.activated.connect(handler)


def panel_handlers(panel: TrackingWidget) -> dict[str, Callable[[], object]]:
    """Return what to do for each action of `napari_fcot.keys`."""
    ctrl, link = panel.controller, panel.link

    def with_selected(do: Callable[[int], object]) -> Callable[[], object]:
        def act() -> object:
            target_id = ctrl.state.selected_id
            return None if target_id is None else do(target_id)

        return act

    def track(direction: Direction) -> None:
        if ctrl.runs.can_stop:  # the key that starts a run ends it, too
            ctrl.runs.stop()
        else:
            panel.start_tracking(direction)

    def mark(target_id: int, kind: SpanKind) -> None:
        first, last = (
            panel.timeline.view.selected_range or (ctrl.state.frame_index,) * 2
        )
        ctrl.edits.do(Editor.mark_span, target_id, first, last, kind)

    def go_to_drawn(step: int) -> None:
        target = ctrl.state.selected
        if target is None:
            return
        boxes = target.boxes
        beside = boxes.human_after if step > 0 else boxes.human_before
        frame_index = beside(ctrl.state.frame_index)
        if frame_index is not None:
            link.go_to(frame_index)

    def copy_to_next() -> None:
        following = ctrl.state.frame_index + 1
        if ctrl.state.session is None or following >= ctrl.state.session.n_frames:
            ctrl.state.say("This is the last frame")
        elif ctrl.edits.copy_box() and ctrl.edits.paste_box(following):
            link.go_to(following)

    def go_to_largest_change() -> None:
        place = ctrl.runs.largest_change()
        if place is None:
            ctrl.state.say("No correction has changed other frames just now")
        else:
            ctrl.state.select(place[0])
            link.go_to(place[1])

    return {
        "draw_box": link.start_drawing,
        "edit_box": link.start_editing,
        "new_target": panel.add_target,
        "draw_many": lambda: link.start_drawing(repeats=True),
        "copy_box": ctrl.edits.copy_box,
        "paste_box": lambda: ctrl.edits.paste_box(ctrl.state.frame_index),
        "copy_to_next": copy_to_next,
        "delete_box": with_selected(
            lambda t: ctrl.edits.delete_box(t, ctrl.state.frame_index)
        ),
        "accept_peak": link.heatmap.accept_next,
        "mark_occluded": with_selected(lambda t: mark(t, SpanKind.OCCLUDED)),
        "mark_out_of_view": with_selected(lambda t: mark(t, SpanKind.OUT_OF_VIEW)),
        "end_target": with_selected(
            lambda t: ctrl.edits.do(Editor.end_target, t, ctrl.state.frame_index)
        ),
        "track_forward": lambda: track(Direction.FORWARD),
        "track_backward": lambda: track(Direction.BACKWARD),
        "track_both_ways": lambda: track(Direction.BOTH),
        "stop": ctrl.runs.stop,
        "next_problem": panel.go_to_next_problem,
        "looks_good": panel.pass_over,
        "largest_change": go_to_largest_change,
        "next_drawn_box": lambda: go_to_drawn(1),
        "previous_drawn_box": lambda: go_to_drawn(-1),
        "play_every_frame": link.play,
        "toggle_heatmap": panel.heatmap.toggle,
        "undo": ctrl.undo,
        "redo": ctrl.redo,
    }
