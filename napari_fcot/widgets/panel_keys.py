"""The panel's keys: what each does, where it works, and a list of all of them."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtWidgets import QGridLayout, QLabel, QPushButton, QWidget

from fcot_engine.annotation import Direction, Editor, SpanKind
from fcot_engine.errors import ConfigError
from napari_fcot.keys import (
    KEYS,
    TIMELINE_KEYS,
    Handlers,
    KeyAction,
    KeyTable,
    bind_keys,
    find_key,
)
from napari_fcot.tracking import N_DIGITS

if TYPE_CHECKING:
    from napari_fcot.widgets.tracking_widget import TrackingWidget

_WHERE = (  # broken by hand: what folds it up would cut a wrapped text
    "Keys work in the whole window. Digits give\n"
    "classes while video or boxes are active.\n"
    "Click a key to change it."
)
_ACTION, _TIP = "fcot_action", "fcot_tip"


class KeySheet(QWidget):
    """A list of keys and what they do; a click on a key changes it.

    Args:
        keys: which key is whose.
        ask_key: asks for another key, beginning with the present one.
        show_problem: says why a key cannot be used.
    """

    def __init__(
        self,
        keys: KeyTable,
        *,
        ask_key: Callable[[QWidget, KeyAction, str], str | None],
        show_problem: Callable[[QWidget, str], None],
    ) -> None:
        super().__init__()
        self._keys, self._ask_key, self._show_problem = keys, ask_key, show_problem
        self.buttons: dict[str, QPushButton] = {}
        """By action id; they show the keys."""
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        grid.addWidget(QLabel(_WHERE), 0, 0, 1, 2)
        for group, actions in itertools.groupby(KEYS, key=lambda one: one.group):
            _add_heading(grid, group)
            for action in actions:
                _add_line(grid, self._make_button(action), action.words)
        _add_heading(grid, "In the timeline")
        for both, words in TIMELINE_KEYS:
            _add_line(grid, QLabel(", ".join(map(key_text, both))), words)
        keys.changed.connect(self._refresh)
        self._refresh()

    def _make_button(self, action: KeyAction) -> QPushButton:
        button = QPushButton()
        button.setToolTip(f"Change the key: {action.words}")
        button.clicked.connect(lambda: self._change(action))
        self.buttons[action.action_id] = button
        return button

    def _change(self, action: KeyAction) -> None:
        key = self._ask_key(self, action, self._keys.key_of(action.action_id))
        if key is None:
            return
        try:
            self._keys.change(action.action_id, key)
        except ConfigError as error:
            self._show_problem(self, str(error))

    def _refresh(self) -> None:
        for action_id, button in self.buttons.items():
            button.setText(key_text(self._keys.key_of(action_id)))


def _add_heading(grid: QGridLayout, text: str) -> None:
    grid.addWidget(QLabel(f"<b>{text}</b>"), grid.rowCount(), 0, 1, 2)


def _add_line(grid: QGridLayout, key: QWidget, text: str) -> None:
    row, words = grid.rowCount(), QLabel(text)
    words.setWordWrap(True)
    grid.addWidget(key, row, 0)
    grid.addWidget(words, row, 1)


def key_text(key: str) -> str:
    """Write a key as this system's menus do, such as with a Mac's signs."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)


def key_button(text: str, action_id: str, tip: str) -> QPushButton:
    """Return a button whose tooltip tells the key that does the same."""
    button = QPushButton(text)
    tell_key(button, action_id, tip)
    return button


def tell_key(widget: QWidget, action_id: str, tip: str) -> None:
    """Give a widget a tooltip with the key that does the same; see `show_keys`."""
    widget.setProperty(_ACTION, action_id)
    widget.setProperty(_TIP, tip)
    widget.setToolTip(f"{tip} ({key_text(find_key(action_id).key)})")


def show_keys(panel: QWidget, keys: KeyTable) -> None:
    """Have all tooltips in a panel tell the keys as they are now."""
    for widget in panel.findChildren(QWidget):
        action_id = widget.property(_ACTION)
        if action_id is not None:
            key = key_text(keys.key_of(str(action_id)))
            widget.setToolTip(f"{widget.property(_TIP)} ({key})")


class PanelKeys:
    """Binds the panel's keys where they work, and anew when a person changes them.

    Args:
        viewer: napari's; keys work there whatever layer is active.
        docks: widgets with the focus of which they work, too.
        keys: which key is whose.
        handlers: called without arguments, by action id.
    """

    def __init__(
        self, viewer: Any, docks: Sequence[QWidget], keys: KeyTable, handlers: Handlers
    ) -> None:
        self._viewer, self._keys, self._handlers = viewer, keys, handlers
        self._layers: weakref.WeakSet[Any] = weakref.WeakSet()
        self._unbind: list[Callable[[], None]] = []
        self._shortcuts = {
            action_id: [_shortcut(dock, handler) for dock in docks]
            for action_id, handler in handlers.items()
        }
        keys.changed.connect(self._bind)
        self._bind()

    def bind_to(self, layer: Any) -> None:
        """Have keys that napari uses for such a layer mean ours there, digits above."""
        self._layers.add(layer)
        self._unbind.append(bind_keys(layer, self._keys, self._handlers))

    def close(self) -> None:
        """Take all keys off."""
        self._keys.changed.disconnect(self._bind, missing_ok=True)
        self._take_off()
        self._layers.clear()

    def _bind(self) -> None:
        self._take_off()
        keys, handlers = self._keys, self._handlers
        for action_id, shortcuts in self._shortcuts.items():
            for shortcut in shortcuts:
                shortcut.setKey(QKeySequence(keys.key_of(action_id)))
        self._unbind.append(bind_keys(self._viewer, keys, handlers, overwrite=False))
        self._unbind += [bind_keys(layer, keys, handlers) for layer in self._layers]

    def _take_off(self) -> None:
        for unbind in self._unbind:
            unbind()
        self._unbind.clear()


def _shortcut(dock: QWidget, handler: Callable[[], object]) -> QShortcut:
    """Return a shortcut that works while a dock, or something in it, has the focus.

    Where somebody writes, letters are letters: a line of text keeps its keys, and its
    own undo, to itself.
    """
    shortcut = QShortcut(dock)
    shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
    shortcut.setAutoRepeat(False)
    shortcut.activated.connect(handler)
    return shortcut


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

    def give_class(number: int) -> None:
        name = panel.classes.name_of(number)
        if name is not None:
            panel.give_class(name)
        else:
            ctrl.state.say(f"There is no class {number}: write one beside Class")

    return {
        **{f"class_{n}": partial(give_class, n) for n in range(1, N_DIGITS + 1)},
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
        "step_forward": lambda: panel.step(1),
        "step_backward": lambda: panel.step(-1),
        "zoom_to_target": panel.zoom_to_target,
        "next_video": lambda: panel.go_to_video(1),
        "previous_video": lambda: panel.go_to_video(-1),
        "play_every_frame": link.play,
        "toggle_heatmap": panel.heatmap.toggle,
        "undo": ctrl.undo,
        "redo": ctrl.redo,
    }
