"""Formats to export, and the way in for boxes from elsewhere."""

from __future__ import annotations

from psygnal import Signal
from qtpy.QtWidgets import QCheckBox, QGridLayout, QPushButton, QWidget

from fcot_engine.formats import FORMATS

__all__ = ["ExportBox"]

_CHOSEN = ("mot", "coco")
_COLUMNS = 3


class ExportBox(QWidget):
    """Check boxes for the formats, and buttons."""

    export_wanted = Signal()
    """A person wants files."""
    import_wanted = Signal()
    """A person has boxes from elsewhere."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.boxes = {name: QCheckBox(_WORDS.get(name, name)) for name in FORMATS}
        for name in _CHOSEN:
            self.boxes[name].setChecked(True)
        self.export = QPushButton("Export…")
        self.export.setToolTip("Write all boxes into a folder")
        self.load = QPushButton("Import…")
        self.load.setToolTip("Start from boxes in a MOT, COCO or CVAT file")
        grid = QGridLayout(self)
        for place, box in enumerate(self.boxes.values()):
            grid.addWidget(box, place // _COLUMNS, place % _COLUMNS)
        row = -(-len(self.boxes) // _COLUMNS)
        grid.addWidget(self.load, row, 0)
        grid.addWidget(self.export, row, 1, 1, _COLUMNS - 1)
        self.export.clicked.connect(lambda: self.export_wanted.emit())
        self.load.clicked.connect(lambda: self.import_wanted.emit())

    @property
    def formats(self) -> tuple[str, ...]:
        """The formats that are checked."""
        return tuple(name for name, box in self.boxes.items() if box.isChecked())


_WORDS = {
    "mot": "MOT",
    "coco": "COCO",
    "cvat": "CVAT",
    "yolo": "YOLO",
    "lasot": "LaSOT",
    "got10k": "GOT-10k",
}
