"""Keys that work in a dock and nowhere else, and a list of them."""

from __future__ import annotations

import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QWidget,
)

from fcot_engine.errors import ConfigError
from napari_fcot.keys import KEYS, TIMELINE_KEYS, KeyTable
from napari_fcot.widgets.panel_keys import KeySheet, PanelKeys, key_text


class Window(QWidget):
    """A dock with something in it, beside something else."""

    def __init__(self):
        super().__init__()
        self.dock = QWidget()
        self.button, self.line = QPushButton("a button"), QLineEdit()
        self.choice = QComboBox()
        self.choice.addItems(["all", "none"])
        self.elsewhere = QPushButton("elsewhere")
        inside = QHBoxLayout(self.dock)
        for widget in (self.button, self.line, self.choice):
            inside.addWidget(widget)
        beside = QHBoxLayout(self)
        beside.addWidget(self.dock)
        beside.addWidget(self.elsewhere)


@pytest.fixture
def window(qtbot):
    window = Window()
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    qtbot.waitExposed(window)
    return window


@pytest.fixture
def pressed():
    return []


@pytest.fixture
def scope(window, pressed):
    handlers = {
        one.action_id: lambda one=one: pressed.append(one.action_id) for one in KEYS
    }
    return PanelKeys(ViewerModel(), (window.dock,), KeyTable(), handlers)


def focus(qtbot, widget):
    widget.setFocus()
    qtbot.waitUntil(widget.hasFocus)  # the window may not be active yet


def press(qtbot, widget, key):
    focus(qtbot, widget)
    combined = QKeySequence(key)[0]
    qtbot.keyClick(widget, combined.key(), combined.keyboardModifiers())


@pytest.mark.parametrize("action", KEYS, ids=lambda action: action.action_id)
def test_key_reaches_its_handler(qtbot, window, scope, pressed, action):
    press(qtbot, window.button, action.key)
    assert pressed == [action.action_id]


def test_keys_do_not_work_elsewhere(qtbot, window, scope, pressed):
    for action in KEYS:
        press(qtbot, window.elsewhere, action.key)
    assert pressed == []


def test_keys_come_before_the_letters_of_a_list(qtbot, window, scope, pressed):
    press(qtbot, window.choice, "N")
    assert pressed == ["new_target"]
    assert window.choice.currentText() == "all"


def test_who_writes_gets_letters(qtbot, window, scope, pressed):
    for key in ("N", "Shift+T", ".", ","):
        press(qtbot, window.line, key)
    assert pressed == []
    assert len(window.line.text()) == 4


def test_who_writes_takes_back_their_own_letters(qtbot, window, scope, pressed):
    focus(qtbot, window.line)
    qtbot.keyClicks(window.line, "ab")
    qtbot.keyClick(window.line, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert window.line.text() == ""
    assert pressed == []


def test_changed_key_works_in_place_of_the_usual_one(qtbot, window, pressed):
    keys = KeyTable()
    PanelKeys(
        ViewerModel(), (window.dock,), keys, {"undo": lambda: pressed.append("undo")}
    )
    keys.change("undo", "Shift+Y")
    press(qtbot, window.button, "Ctrl+Z")
    press(qtbot, window.button, "Shift+Y")
    assert pressed == ["undo"]


def test_unknown_action_is_named(window):
    with pytest.raises(ConfigError, match="no action 'fly'"):
        PanelKeys(ViewerModel(), (window.dock,), KeyTable(), {"fly": print})


@pytest.fixture
def told():
    return []


@pytest.fixture
def make_sheet(qtbot, told):
    def make(answer):
        sheet = KeySheet(
            KeyTable(),
            ask_key=lambda parent, action, key: answer,
            show_problem=lambda parent, sentence: told.append(sentence),
        )
        qtbot.addWidget(sheet)
        return sheet

    return make


def test_every_key_is_shown_with_its_words(make_sheet):
    sheet = make_sheet(None)
    shown = {label.text() for label in sheet.findChildren(QLabel)}
    for action in KEYS:
        assert sheet.buttons[action.action_id].text() == key_text(action.key)
        assert action.words in shown
    assert {words for _, words in TIMELINE_KEYS} <= shown


def test_click_on_a_key_changes_it(make_sheet, told):
    sheet = make_sheet("Shift+D")
    sheet.buttons["draw_box"].click()
    assert sheet.buttons["draw_box"].text() == key_text("Shift+D")
    assert told == []


def test_key_that_is_taken_is_said_so(make_sheet, told):
    sheet = make_sheet("N")
    sheet.buttons["draw_box"].click()
    assert sheet.buttons["draw_box"].text() == key_text("W")
    assert told == ["N is taken: Follow a new target."]
