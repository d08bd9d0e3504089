"""A small table of names and values."""

from __future__ import annotations

import pytest
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication, QDialogButtonBox, QWidget

from napari_fcot.widgets.attributes_dialog import AttributesDialog, ask_attributes


@pytest.fixture
def dialog(qtbot):
    dialog = AttributesDialog("cup", {"parked": True, "age": 3})
    qtbot.addWidget(dialog)
    return dialog


def write(dialog, row, key, text):
    dialog.table.item(row, 0).setText(key)
    dialog.table.item(row, 1).setText(text)


def is_ok_enabled(dialog):
    return dialog.buttons.button(QDialogButtonBox.StandardButton.Ok).isEnabled()


def test_nothing_written_changes_nothing(dialog):
    assert dialog.value == {"parked": True, "age": 3}


def test_added_and_removed_rows_count(dialog):
    dialog.add.click()
    write(dialog, 2, "colour", "red")
    dialog.table.setCurrentCell(0, 0)
    dialog.remove.click()
    assert dialog.value == {"age": 3, "colour": "red"}


def test_name_that_is_there_twice_is_told_and_cannot_be_accepted(dialog):
    write(dialog, 1, "parked", "3")
    assert dialog.value is None
    assert "two attributes called 'parked'" in dialog.problem.text()
    assert not is_ok_enabled(dialog)
    write(dialog, 1, "age", "3")
    assert dialog.problem.text() == "" and is_ok_enabled(dialog)


def test_target_without_attributes_has_a_row_to_write_in(qtbot):
    dialog = AttributesDialog("cup", {})
    qtbot.addWidget(dialog)
    write(dialog, 0, "age", "3")
    assert dialog.value == {"age": 3}


@pytest.mark.parametrize(
    ("button", "expected"),
    [
        pytest.param(QDialogButtonBox.StandardButton.Ok, {"age": 4}, id="ok"),
        pytest.param(QDialogButtonBox.StandardButton.Cancel, None, id="cancel"),
    ],
)
def test_answer_is_what_was_accepted(qtbot, button, expected):
    parent = QWidget()
    qtbot.addWidget(parent)

    def answer():
        dialog = QApplication.activeModalWidget()
        write(dialog, 0, "age", "4")
        dialog.buttons.button(button).click()

    QTimer.singleShot(0, answer)
    assert ask_attributes(parent, "cup", {"age": 3}) == expected
