"""Buttons that play and pause."""

from __future__ import annotations

import pytest

from napari_fcot.layers import SPEEDS
from napari_fcot.widgets.view_box import PlayBox


@pytest.fixture
def box(qtbot):
    box = PlayBox()
    qtbot.addWidget(box)
    return box


def test_buttons_say_which_way(box):
    wanted = []
    box.play_wanted.connect(wanted.append)
    box.backward.click()
    box.forward.click()
    assert wanted == [-1, 1]


def test_only_the_button_of_the_direction_at_work_pauses(box):
    words = box.forward.text()
    box.show_playing(True, direction=-1)
    assert (box.backward.text(), box.forward.text()) == ("Pause", words)
    assert box.backward.isChecked() and not box.forward.isChecked()
    box.show_playing(False, direction=-1)
    assert box.backward.text() != "Pause"
    assert not box.backward.isChecked()


def test_showing_it_asks_for_nothing(box):
    wanted = []
    box.play_wanted.connect(wanted.append)
    box.show_playing(True, direction=1)
    box.show_playing(False)
    assert wanted == []


def test_every_speed_of_the_player_can_be_chosen(box):
    chosen = []
    box.speed_changed.connect(chosen.append)
    assert box.speed.currentText() == "1× speed"
    for row in range(box.speed.count()):
        box.speed.setCurrentIndex(row)
    assert sorted({1.0, *chosen}) == sorted(SPEEDS)
