"""Keys that work while a widget, or something in it, has the focus."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtWidgets import QWidget

from napari_fcot.keys import Handlers, find_key

__all__ = ["ShortcutScope"]


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
