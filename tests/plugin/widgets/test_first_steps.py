"""What is done is ticked, and what is next is explained."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt

from napari_fcot.preferences import PreferencesStore
from napari_fcot.widgets.first_steps import STEPS, FirstSteps
from napari_fcot.widgets.panel_keys import key_text


@pytest.fixture
def preferences():
    return PreferencesStore.in_memory()


@pytest.fixture
def steps(qtbot, preferences):
    steps = FirstSteps(preferences)
    qtbot.addWidget(steps)
    return steps


def go_on(steps, n_done):
    names = ("has_video", "has_box", "has_run", "has_correction")
    steps.show_progress(**{name: place < n_done for place, name in enumerate(names)})


def test_no_window_pops_up_before_there_is_a_panel(steps):
    assert not steps.isVisible()


def marks(steps):
    words = steps.steps.text().replace("<b>", "").replace("</b>", "")
    return [part.replace("&nbsp;", " ") for part in words.split("&nbsp; ")]


@pytest.mark.parametrize("n_done", range(len(STEPS)))
def test_done_ones_are_ticked_and_the_next_one_is_explained(steps, n_done):
    go_on(steps, n_done)
    signs = ["✓"] * n_done + ["▸"] + ["○"] * (len(STEPS) - n_done - 1)
    assert marks(steps) == [
        f"{sign} {step.title}" for sign, step in zip(signs, STEPS, strict=True)
    ]
    assert steps.current is STEPS[n_done]
    assert steps.hint.text() == STEPS[n_done].hint


def test_after_the_last_step_it_says_where_to_go_on(steps):
    go_on(steps, len(STEPS))
    assert steps.current is None
    assert [mark[0] for mark in marks(steps)] == ["✓"] * len(STEPS)
    assert "The tab Check" in steps.hint.text()


@pytest.mark.parametrize("n_done", range(len(STEPS) + 1))
def test_signs_for_spaces_are_never_seen(steps, n_done):
    go_on(steps, n_done)
    assert steps.steps.textFormat() == Qt.TextFormat.RichText


def test_step_that_was_undone_is_next_again(steps):
    steps.show_progress(
        has_video=True, has_box=False, has_run=True, has_correction=False
    )
    assert steps.current.title == "Draw"
    assert [mark[0] for mark in marks(steps)] == ["✓", "▸", "✓", "○"]


def test_keys_of_the_table_are_named(steps):
    go_on(steps, 1)
    assert f"({key_text('W')})" in steps.hint.text()
    go_on(steps, 2)
    assert f"({key_text('Shift+T')})" in steps.hint.text()


def test_little_room_is_taken(qtbot, preferences):
    steps = FirstSteps(preferences)
    qtbot.addWidget(steps)
    for n_done in range(len(STEPS) + 1):
        go_on(steps, n_done)
        assert steps.minimumSizeHint().width() <= 310
        assert steps.heightForWidth(310) <= 85


def test_deleted_panel_does_not_stop_others_from_hearing(qtbot, preferences):
    steps, told = FirstSteps(preferences), []
    preferences.changed.connect(told.append)
    with qtbot.waitSignal(steps.destroyed):
        steps.deleteLater()
    preferences.change(show_first_steps=False)
    assert len(told) == 1


class TestNoMore:
    def test_is_kept(self, steps, preferences):
        steps.show()
        steps.no_more.click()
        assert not steps.isVisible()
        assert not preferences.load().show_first_steps

    def test_next_panel_does_not_show_it(self, qtbot, preferences):
        preferences.change(show_first_steps=False)
        steps = FirstSteps(preferences)
        qtbot.addWidget(steps)
        go_on(steps, 2)
        assert steps.isHidden()

    def test_preferences_bring_it_back(self, steps, preferences):
        steps.no_more.click()
        preferences.change(show_first_steps=True)
        assert not steps.isHidden()
