"""Asks for the attributes of a target: names and values."""

from __future__ import annotations

from collections.abc import Mapping

from qtpy.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from fcot_engine.annotation import AttributeValue
from fcot_engine.errors import EditError
from napari_fcot.widgets.attribute_text import read_attributes, write_value

__all__ = ["AttributesDialog", "ask_attributes"]


class AttributesDialog(QDialog):
    """A small table; `value` is what it says, None while it cannot be used.

    Args:
        name: of the target.
        attributes: that it has.
        parent: the window to be in front of.
    """

    def __init__(
        self,
        name: str,
        attributes: Mapping[str, AttributeValue],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Attributes of {name}")
        self._before = dict(attributes)
        self.table = QTableWidget(0, 2)
        self.add = QPushButton("Add")
        self.remove = QPushButton("Remove")
        self.problem = QLabel()
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self._build()
        for key, value in attributes.items():
            self._add_row(key, write_value(value))
        if not attributes:
            self._add_row("", "")
        self._connect()
        self._refresh()

    def _build(self) -> None:
        self.table.setHorizontalHeaderLabels(["Name", "Value"])
        header, side = self.table.horizontalHeader(), self.table.verticalHeader()
        if header is not None and side is not None:
            header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
            side.hide()
        self.problem.setWordWrap(True)
        below = QHBoxLayout()
        below.addWidget(self.add)
        below.addWidget(self.remove)
        below.addStretch(1)
        layout = QVBoxLayout(self)
        layout.addWidget(
            QLabel("Anything else worth saying, such as parked: yes, or age: 3")
        )
        layout.addWidget(self.table)
        layout.addLayout(below)
        layout.addWidget(self.problem)
        layout.addWidget(self.buttons)
        self.resize(340, 260)

    def _connect(self) -> None:
        self.table.itemChanged.connect(self._refresh)
        self.add.clicked.connect(self._on_add)
        self.remove.clicked.connect(self._on_remove)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)

    @property
    def value(self) -> dict[str, AttributeValue] | None:
        """What the table says, or None if a name is missing or there twice."""
        try:
            return self._read()
        except EditError:
            return None

    def _read(self) -> dict[str, AttributeValue]:
        rows = [
            (self._text(row, 0), self._text(row, 1))
            for row in range(self.table.rowCount())
        ]
        return read_attributes(rows, self._before)

    def _text(self, row: int, column: int) -> str:
        item = self.table.item(row, column)
        return "" if item is None else item.text()

    def _add_row(self, key: str, text: str) -> None:
        row = self.table.rowCount()
        self.table.insertRow(row)
        self.table.setItem(row, 0, QTableWidgetItem(key))
        self.table.setItem(row, 1, QTableWidgetItem(text))

    def _on_add(self) -> None:
        self._add_row("", "")
        self.table.setCurrentCell(self.table.rowCount() - 1, 0)
        self.table.editItem(self.table.currentItem())

    def _on_remove(self) -> None:
        self.table.removeRow(self.table.currentRow())
        self._refresh()

    def _refresh(self) -> None:
        words = ""
        try:
            self._read()
        except EditError as error:
            words = str(error)
        self.problem.setText(words)
        ok = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        if ok is not None:
            ok.setEnabled(not words)


def ask_attributes(
    parent: QWidget, name: str, attributes: Mapping[str, AttributeValue]
) -> dict[str, AttributeValue] | None:
    """Ask for all attributes of a target; None if the person thought better of it."""
    dialog = AttributesDialog(name, attributes, parent)
    is_accepted = dialog.exec() == QDialog.DialogCode.Accepted
    value = dialog.value if is_accepted else None
    dialog.deleteLater()
    return value
