"""Questions about one target."""

from __future__ import annotations

import pytest
from qtpy.QtCore import QTimer
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QApplication, QColorDialog, QMessageBox, QWidget

from fcot_engine.annotation import PALETTE
from napari_fcot.widgets.dialogs import ask_colour, ask_removal, describe_removal
from napari_fcot.widgets.target_model import TargetLineData

CUP = TargetLineData(
    target_id=1, name="cup", class_name="object", colour="#e69f00", n_boxes=0
)


@pytest.fixture
def parent(qtbot):
    parent = QWidget()
    qtbot.addWidget(parent)
    return parent


@pytest.mark.parametrize(("label", "expected"), [("Remove", True), ("Cancel", False)])
def test_removal_needs_a_yes(parent, label, expected):
    def answer():
        box = QApplication.activeModalWidget()
        labels = {button.text().replace("&", ""): button for button in box.buttons()}
        labels[label].click()

    QTimer.singleShot(0, answer)
    assert ask_removal(parent, CUP) is expected


def test_return_key_does_not_remove(parent):
    seen = []

    def answer():
        box = QApplication.activeModalWidget()
        seen.append(box.defaultButton().text().replace("&", ""))
        box.button(QMessageBox.StandardButton.Cancel).click()

    QTimer.singleShot(0, answer)
    ask_removal(parent, CUP)
    assert seen == ["Cancel"]


def test_target_without_boxes_is_described_without_them():
    assert describe_removal(CUP) == "Remove cup? Undo brings it back."


@pytest.mark.parametrize(
    ("is_accepted", "expected"),
    [pytest.param(True, "#123456", id="ok"), pytest.param(False, None, id="cancel")],
)
def test_colour_is_what_was_accepted(parent, is_accepted, expected):
    def answer():
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, QColorDialog)
        dialog.setCurrentColor(QColor("#123456"))
        dialog.accept() if is_accepted else dialog.reject()

    QTimer.singleShot(0, answer)
    assert ask_colour(parent, "#ffffff") == expected


def test_colours_that_colour_blind_people_tell_apart_are_offered(parent):
    QTimer.singleShot(0, lambda: QApplication.activeModalWidget().reject())
    ask_colour(parent, "#ffffff")
    offered = [QColorDialog.customColor(place).name() for place in range(len(PALETTE))]
    assert offered == list(PALETTE)
