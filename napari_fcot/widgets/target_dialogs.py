"""Questions about one target; functions, so that a test can answer for a person."""

from __future__ import annotations

from qtpy.QtGui import QColor
from qtpy.QtWidgets import QColorDialog, QMessageBox, QWidget

from fcot_engine.annotation import PALETTE
from napari_fcot.widgets.target_line import TargetLineData

__all__ = ["ask_colour", "ask_removal", "describe_removal"]


def ask_colour(parent: QWidget, colour: str) -> str | None:
    """Ask for a colour, `#rrggbb`; None if the person thought better of it."""
    for place, known in enumerate(PALETTE):
        QColorDialog.setCustomColor(place, QColor(known))
    chosen = QColorDialog.getColor(QColor(colour), parent, "Colour of the target")
    return chosen.name() if chosen.isValid() else None


def ask_removal(parent: QWidget, line: TargetLineData) -> bool:
    """Ask whether a target may go, with all its boxes."""
    box = QMessageBox(
        QMessageBox.Icon.Question,
        "Remove a target",
        describe_removal(line),
        QMessageBox.StandardButton.Cancel,
        parent,
    )
    remove = box.addButton("Remove", QMessageBox.ButtonRole.DestructiveRole)
    box.setDefaultButton(QMessageBox.StandardButton.Cancel)
    box.exec()
    is_wanted = box.clickedButton() is remove
    box.deleteLater()
    return is_wanted


def describe_removal(line: TargetLineData) -> str:
    """Say what goes with a target.

    Example:
        >>> describe_removal(
        ...     TargetLineData(target_id=1, name="Ann", class_name="bird",
        ...                    colour="#e69f00", n_drawn=2, n_boxes=40)
        ... )
        'Remove Ann with its 40 boxes, 2 of them drawn by you? Undo brings it back.'
    """
    boxes = ""
    if line.n_boxes:
        plural = "box" if line.n_boxes == 1 else "boxes"
        boxes = (
            f" with its {line.n_boxes} {plural}, {line.n_drawn} of them drawn by you"
        )
    return f"Remove {line.name}{boxes}? Undo brings it back."
