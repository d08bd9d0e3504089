"""One sentence in a box that does not stop anything."""

from __future__ import annotations

from qtpy.QtWidgets import QMessageBox, QWidget

from napari_fcot.widgets.dialogs import show_problem


def test_problem_is_shown_without_waiting_for_an_answer(qtbot):
    parent = QWidget()
    qtbot.addWidget(parent)
    show_problem(parent, "The disk is full.")  # returns at once
    (box,) = parent.findChildren(QMessageBox)
    assert box.text() == "The disk is full."
    assert box.isVisible()
    box.close()
