"""How cells of the table of targets are drawn and written in."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from qtpy.QtCore import QModelIndex, QObject, Qt
from qtpy.QtGui import QColor, QPainter, QPalette
from qtpy.QtWidgets import (
    QCompleter,
    QLineEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from napari_fcot.widgets.target_line import TargetLineData
from napari_fcot.widgets.target_marks import paint_eye, paint_lock, paint_swatch
from napari_fcot.widgets.target_model import LINE_ROLE, TargetColumn

__all__ = ["TargetDelegate"]

_FILLED = "fcot_filled"


class TargetDelegate(QStyledItemDelegate):
    """Draws the small pictures, and completes classes that are known.

    Args:
        find_classes: says which classes to offer, when somebody begins to write.
        parent: the table.
    """

    def __init__(
        self, find_classes: Callable[[], Iterable[str]], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._find_classes = find_classes

    def initStyleOption(  # noqa: N802 - Qt's name
        self, option: QStyleOptionViewItem | None, index: QModelIndex
    ) -> None:
        """Mark whole rows, not the one cell that has the focus."""
        super().initStyleOption(option, index)
        if option is not None:
            option.state &= ~QStyle.StateFlag.State_HasFocus

    def paint(
        self,
        painter: QPainter | None,
        option: QStyleOptionViewItem,
        index: QModelIndex,
    ) -> None:
        """Draw a cell: its ground and its words as usual, then its picture."""
        super().paint(painter, option, index)
        line = index.data(LINE_ROLE)
        if painter is None or not isinstance(line, TargetLineData):
            return
        ink = option.palette.color(QPalette.ColorRole.Text)
        if index.column() == TargetColumn.VISIBLE:
            paint_eye(painter, option.rect, ink, is_open=line.is_visible)
        elif index.column() == TargetColumn.LOCK:
            paint_lock(painter, option.rect, ink, is_locked=line.is_locked)
        elif index.column() == TargetColumn.COLOUR:
            paint_swatch(painter, option.rect, QColor(line.colour), ink)

    def createEditor(  # noqa: N802 - Qt's name
        self,
        parent: QWidget | None,
        option: QStyleOptionViewItem,
        index: QModelIndex,
    ) -> QWidget | None:
        """Return the line to write in."""
        editor = QLineEdit(parent)
        editor.setFrame(False)
        if index.column() == TargetColumn.CLASS:
            completer = QCompleter(sorted(set(self._find_classes())), editor)
            completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
            completer.setFilterMode(Qt.MatchFlag.MatchContains)
            editor.setCompleter(completer)
        return editor

    def setEditorData(  # noqa: N802 - Qt's name
        self, editor: QWidget | None, index: QModelIndex
    ) -> None:
        """Put the present words into the line, once.

        Qt asks again whenever the cell changes, such as while tracking; what a person
        has written by then must stay.
        """
        if editor is not None and not editor.property(_FILLED):
            editor.setProperty(_FILLED, True)
            super().setEditorData(editor, index)
