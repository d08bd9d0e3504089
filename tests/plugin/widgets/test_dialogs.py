"""Questions a person may leave unanswered, and sentences that stop nothing."""

from __future__ import annotations

import pytest
from qtpy.QtCore import QTimer
from qtpy.QtGui import QColor
from qtpy.QtWidgets import (
    QApplication,
    QColorDialog,
    QFileDialog,
    QMessageBox,
    QWidget,
)

from napari_fcot.widgets.dialogs import (
    ask_colour,
    ask_moved_video,
    ask_removal,
    describe_removal,
    show_problem,
)
from napari_fcot.widgets.target_model import TargetLineData

CUP = TargetLineData(
    target_id=1, name="cup", class_name="object", colour="#e69f00", n_boxes=0
)


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

        def choose(parent, title, begin, **options):
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


class TestTargets:
    @pytest.mark.parametrize(
        ("role", "expected"),
        [
            (QMessageBox.ButtonRole.DestructiveRole, True),
            (QMessageBox.ButtonRole.RejectRole, False),
        ],
        ids=["yes", "no"],
    )
    def test_removal_needs_a_yes(self, parent, role, expected):
        press_when_asked(role)
        assert ask_removal(parent, [CUP]) is expected

    def test_target_without_boxes_is_described_without_them(self):
        assert describe_removal([CUP]) == "Remove cup? Undo brings it back."

    @pytest.mark.parametrize(
        ("is_accepted", "expected"),
        [
            pytest.param(True, "#123456", id="ok"),
            pytest.param(False, None, id="cancel"),
        ],
    )
    def test_colour_is_what_was_accepted(self, parent, is_accepted, expected):
        def answer():
            dialog = QApplication.activeModalWidget()
            assert isinstance(dialog, QColorDialog)
            dialog.setCurrentColor(QColor("#123456"))
            dialog.accept() if is_accepted else dialog.reject()

        QTimer.singleShot(0, answer)
        assert ask_colour(parent, "#ffffff") == expected
