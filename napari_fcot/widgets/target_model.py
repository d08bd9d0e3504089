"""The lines of the table of targets, and how Qt asks for them."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from psygnal import Signal
from qtpy.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt

from fcot_engine.annotation import AnnotatedTarget, AttributeValue


@dataclass(frozen=True, kw_only=True)
class TargetLineData:
    """One target, as plain data."""

    target_id: int
    name: str
    class_name: str
    colour: str
    """`#rrggbb`."""
    n_drawn: int = 0
    """Boxes that a person drew."""
    n_boxes: int = 0
    """All boxes, those included."""
    is_visible: bool = True
    is_locked: bool = False
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)

    @classmethod
    def of_target(
        cls,
        target: AnnotatedTarget,
        *,
        is_visible: bool = True,
        is_locked: bool = False,
    ) -> TargetLineData:
        """Take what the table shows out of a target of a session."""
        info = target.info
        return cls(
            target_id=info.target_id,
            name=info.name,
            class_name=info.class_name,
            colour=info.colour,
            n_drawn=len(target.boxes.human_frames()),
            n_boxes=len(target.boxes),
            is_visible=is_visible,
            is_locked=is_locked,
            attributes=info.attributes,
        )

    @property
    def counts(self) -> str:
        """Drawn boxes and all boxes, such as `3 / 120`."""
        return f"{self.n_drawn} / {self.n_boxes}"

    @property
    def counts_in_words(self) -> str:
        """The same as a sentence, for a tooltip."""
        plural = "box" if self.n_drawn == 1 else "boxes"
        return f"{self.n_drawn} {plural} drawn by you, {self.n_boxes} in all"


LINE_ROLE = Qt.ItemDataRole.UserRole
"""Asks any cell for its `TargetLineData`."""

_NOTHING = QModelIndex()


class TargetColumn(enum.IntEnum):
    """What is in which column."""

    VISIBLE = 0
    LOCK = 1
    COLOUR = 2
    NAME = 3
    CLASS = 4
    BOXES = 5


_TITLES = {
    TargetColumn.NAME: "Name",
    TargetColumn.CLASS: "Class",
    TargetColumn.BOXES: "Boxes",
}
_TITLE_TIPS = {
    TargetColumn.VISIBLE: "Whether the target's boxes are shown",
    TargetColumn.LOCK: "Whether the target is kept from changes",
    TargetColumn.COLOUR: "The target's colour",
    TargetColumn.NAME: "What the target is called; double-click one to change it",
    TargetColumn.CLASS: "Its kind, for exports; double-click one to change it",
    TargetColumn.BOXES: "Boxes drawn by you / all boxes",
}


class TargetModel(QAbstractTableModel):
    """Lines of the table; tells what a person wrote, and changes nothing by itself."""

    described = Signal(int, dict)
    """Another name or class was written: target id, arguments of `describe_target`."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lines: list[TargetLineData] = []

    @property
    def lines(self) -> tuple[TargetLineData, ...]:
        """What is shown, from the top."""
        return tuple(self._lines)

    def row_of(self, target_id: int | None) -> int | None:
        """Return the row of a target, or None."""
        for row, line in enumerate(self._lines):
            if line.target_id == target_id:
                return row
        return None

    # --- what is shown -------------------------------------------------------

    def show_lines(self, lines: Sequence[TargetLineData]) -> bool:
        """Show these lines; rows that stay keep their selection and their editor.

        Returns:
            Whether anything changed.
        """
        if list(lines) == self._lines:
            return False
        self._remove_all_but({line.target_id for line in lines})
        before = list(self._lines)
        for row, line in enumerate(lines):
            self._place(row, line)
        self._tell_changed(before)
        return True

    def _remove_all_but(self, kept: set[int]) -> None:
        for row in reversed(range(len(self._lines))):
            if self._lines[row].target_id not in kept:
                self.beginRemoveRows(_NOTHING, row, row)
                del self._lines[row]
                self.endRemoveRows()

    def _place(self, row: int, line: TargetLineData) -> None:
        """Have a line in a row; all rows above are as they should be."""
        was = self.row_of(line.target_id)
        if was is None:
            self.beginInsertRows(_NOTHING, row, row)
            self._lines.insert(row, line)
            self.endInsertRows()
            return
        if was != row:  # further down
            self.beginMoveRows(_NOTHING, was, was, _NOTHING, row)
            self._lines.insert(row, self._lines.pop(was))
            self.endMoveRows()
        self._lines[row] = line

    def _tell_changed(self, before: list[TargetLineData]) -> None:
        """Tell once of all rows that say something else, rather than row by row."""
        old = {line.target_id: line for line in before}
        rows = [
            row
            for row, line in enumerate(self._lines)
            if old.get(line.target_id, line) != line
        ]
        if rows:
            last = self.columnCount() - 1
            self.dataChanged.emit(self.index(rows[0], 0), self.index(rows[-1], last))

    # --- what Qt asks for ----------------------------------------------------

    def rowCount(self, parent: QModelIndex = _NOTHING) -> int:  # noqa: N802
        """Return the number of targets."""
        return 0 if parent.isValid() else len(self._lines)

    def columnCount(self, parent: QModelIndex = _NOTHING) -> int:  # noqa: N802
        """Return the number of columns."""
        return 0 if parent.isValid() else len(TargetColumn)

    def data(
        self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        """Return what a cell shows, or None."""
        if not index.isValid():
            return None
        line, column = self._lines[index.row()], index.column()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return _text_of(line, column)
        if role == LINE_ROLE:
            return line
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tip_of(line, TargetColumn(column))
        if role == Qt.ItemDataRole.TextAlignmentRole and column == TargetColumn.BOXES:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def headerData(  # noqa: N802 - Qt's name
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        """Return the title of a column, or None."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        column = TargetColumn(section)
        if role == Qt.ItemDataRole.DisplayRole:
            return _TITLES.get(column, "")
        if role == Qt.ItemDataRole.ToolTipRole:
            return _TITLE_TIPS[column]
        return None

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        """Names and classes can be written over."""
        flags = super().flags(index)
        if index.column() in (TargetColumn.NAME, TargetColumn.CLASS):
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def setData(  # noqa: N802 - Qt's name
        self, index: QModelIndex, value: object, role: int = Qt.ItemDataRole.EditRole
    ) -> bool:
        """Tell that a person wrote something; nothing and the same are no change."""
        if not index.isValid() or role != Qt.ItemDataRole.EditRole:
            return False
        line, text = self._lines[index.row()], str(value).strip()
        if not text or text == _text_of(line, index.column()):
            return False
        if index.column() == TargetColumn.NAME:
            self.described.emit(line.target_id, {"name": text})
        elif index.column() == TargetColumn.CLASS:
            self.described.emit(line.target_id, {"class_name": text})
        else:
            return False
        return True


def write_value(value: AttributeValue) -> str:
    """Write an attribute's value as people write it.

    Example:
        >>> write_value(True), write_value(0.5), write_value("red")
        ('yes', '0.5', 'red')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(str(value).split())


def _text_of(line: TargetLineData, column: int) -> str | None:
    if column == TargetColumn.NAME:
        return line.name
    if column == TargetColumn.CLASS:
        return line.class_name
    return line.counts if column == TargetColumn.BOXES else None


def _tip_of(line: TargetLineData, column: TargetColumn) -> str:
    if column is TargetColumn.VISIBLE:
        return f"{'Hide' if line.is_visible else 'Show'} the boxes of {line.name}"
    if column is TargetColumn.LOCK:
        if line.is_locked:
            return f"{line.name} is kept from changes; click to allow them"
        return f"Keep {line.name} from changes"
    if column is TargetColumn.COLOUR:
        return f"Choose the colour of {line.name}"
    if column == TargetColumn.BOXES:
        return line.counts_in_words
    told = [f"{line.name} ({line.class_name}), target {line.target_id}"]
    told += [f"{key}: {write_value(value)}" for key, value in line.attributes.items()]
    return "\n".join(told)
