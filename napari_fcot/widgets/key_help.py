"""Shows all keys: folded away in the panel, or in a window of its own."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import (
    QDialog,
    QGridLayout,
    QLabel,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_fcot.keys import KEYS, TIMELINE_KEYS, KeyAction

__all__ = ["KeyHelp", "KeyHelpDialog", "KeySheet", "key_text"]

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
