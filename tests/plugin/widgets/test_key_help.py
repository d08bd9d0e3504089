"""Every key is to be found."""

from __future__ import annotations

import pytest
from qtpy.QtWidgets import QLabel

from napari_fcot.keys import KEYS, TIMELINE_KEYS, keys_of
from napari_fcot.widgets.panel_keys import KeyHelp, KeyHelpDialog, key_text


def texts(widget):
    return [label.text() for label in widget.findChildren(QLabel)]


@pytest.mark.parametrize("make", [KeyHelp, KeyHelpDialog])
def test_every_key_is_shown_with_its_words(qtbot, make):
    help_ = make()
    qtbot.addWidget(help_)
    shown = texts(help_)
    for action in KEYS:
        place = shown.index(key_text(action.key))
        assert shown[place + 1] == action.words


def test_only_keys_that_are_bound_are_shown(qtbot):
    help_ = KeyHelp(keys_of({"undo"}))
    qtbot.addWidget(help_)
    shown = texts(help_)
    assert "Undo" in shown and "Redo" not in shown


def test_keys_of_the_timeline_are_shown(qtbot):
    help_ = KeyHelp()
    qtbot.addWidget(help_)
    assert {words for _, words in TIMELINE_KEYS} <= set(texts(help_))


def test_panel_shows_only_the_heading_at_first(qtbot):
    help_ = KeyHelp()
    qtbot.addWidget(help_)
    help_.show()
    assert not help_.is_unfolded and not help_.sheet.isVisible()
    help_.heading.click()
    assert help_.is_unfolded and help_.sheet.isVisible()
    help_.heading.click()
    assert not help_.sheet.isVisible()


def test_unfolding_by_program_moves_the_heading_too(qtbot):
    help_ = KeyHelp()
    qtbot.addWidget(help_)
    help_.unfold()
    assert help_.heading.isChecked()


def test_dialog_stops_nothing(qtbot):
    dialog = KeyHelpDialog()
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.isVisible() and not dialog.isModal()
