"""Questions a person may leave unanswered, and sentences that stop nothing."""

from __future__ import annotations

import pytest
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication, QFileDialog, QMessageBox, QWidget

from napari_fcot.widgets.dialogs import ask_moved_video, show_problem


@pytest.fixture
def parent(qtbot):
    parent = QWidget()
    qtbot.addWidget(parent)
    return parent


def press_when_asked(role):
    """Press the button of a role as soon as a question is there; return its words."""
    words = []

    def press():
        box = QApplication.activeModalWidget()
        if not isinstance(box, QMessageBox):
            QTimer.singleShot(10, press)
            return
        words.append(box.text())
        next(b for b in box.buttons() if box.buttonRole(b) == role).click()

    QTimer.singleShot(0, press)
    return words


def test_problem_is_shown_without_waiting_for_an_answer(parent):
    show_problem(parent, "The disk is full.")  # returns at once
    (box,) = parent.findChildren(QMessageBox)
    assert box.text() == "The disk is full."
    assert box.isVisible()
    box.close()


class TestMovedVideo:
    @pytest.fixture(autouse=True)
    def chosen(self, monkeypatch):
        asked = []

        def choose(parent, title, **options):
            asked.append(title)
            return "/films/here.mp4", ""

        monkeypatch.setattr(QFileDialog, "getOpenFileName", choose)
        return asked

    def test_the_sentence_is_read_before_a_file_is_asked_for(self, parent, chosen):
        words = press_when_asked(QMessageBox.ButtonRole.AcceptRole)
        path = ask_moved_video(parent, "film.mp4 is gone.")
        assert words == ["film.mp4 is gone."]
        assert path.name == "here.mp4"
        assert chosen == ["Open a video"]  # a short title, not the sentence

    def test_thinking_better_of_it_asks_nothing_more(self, parent, chosen):
        press_when_asked(QMessageBox.ButtonRole.RejectRole)
        assert ask_moved_video(parent, "film.mp4 is gone.") is None
        assert chosen == []
