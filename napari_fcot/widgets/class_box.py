"""The list of classes: one row, with colours and the digits that give them."""

from __future__ import annotations

from collections.abc import Sequence

from psygnal import Signal
from qtpy.QtCore import QSignalBlocker
from qtpy.QtGui import QColor, QIcon, QPixmap
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QWidget

from napari_fcot.tracking import N_DIGITS, ClassEntry

_SWATCH_PX = 12
_TIP = (
    "Gives the selected targets a class. The keys 1 to 9 do the same, by the numbers "
    "of this list; write a name to add one"
)


class ClassBox(QWidget):
    """Shows the classes; a choice, or a new name, is for the selected targets.

    Args:
        parent: the widget it is in.
    """

    class_wanted = Signal(str)
    """A person chose a class, or wrote a new one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._classes: list[ClassEntry] = []
        self.list = QComboBox()
        self.list.setEditable(True)
        self.list.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.list.setToolTip(_TIP)
        self.list.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(QLabel("Class"))
        row.addWidget(self.list, stretch=1)
        self.list.activated.connect(self._on_activated)
        line = self.list.lineEdit()
        if line is not None:
            line.returnPressed.connect(self._on_written)
            line.setPlaceholderText("write a name, then Return")

    @property
    def classes(self) -> tuple[ClassEntry, ...]:
        """What the list shows, from the top."""
        return tuple(self._classes)

    def show_classes(self, classes: Sequence[ClassEntry], current: str) -> None:
        """List classes and show the one that the selected target has.

        Args:
            classes: in the order of the digits.
            current: the class of the selected target, or of the next new one.
        """
        line = self.list.lineEdit()
        if line is not None and line.hasFocus() and line.isModified():
            return  # somebody writes
        with QSignalBlocker(self.list):
            if list(classes) != self._classes:
                self._classes = list(classes)
                self.list.clear()
                for one in classes:
                    self.list.addItem(_swatch(one.colour), _text_of(one))
            names = [one.name for one in self._classes]
            place = names.index(current) if current in names else -1
            if self.list.currentIndex() != place or place < 0:
                self.list.setCurrentIndex(place)

    def name_of(self, number: int) -> str | None:
        """Return the class with a number, or None."""
        found = self._classes[number - 1 : number] if number > 0 else []
        return found[0].name if found else None

    def _on_activated(self, place: int) -> None:
        if 0 <= place < len(self._classes):
            self.class_wanted.emit(self._classes[place].name)

    def _on_written(self) -> None:
        line = self.list.lineEdit()
        text = "" if line is None else " ".join(line.text().replace(",", " ").split())
        if line is not None:
            line.setModified(False)
            line.clearFocus()
        known = {_text_of(one): one.name for one in self._classes}
        if text and text not in known:
            self.class_wanted.emit(text)


def _text_of(one: ClassEntry) -> str:
    digit = f"{one.number}  " if one.number <= N_DIGITS else ""
    return f"{digit}{one.name}"


def _swatch(colour: str) -> QIcon:
    picture = QPixmap(_SWATCH_PX, _SWATCH_PX)
    picture.fill(QColor(colour))
    return QIcon(picture)
