"""What is done is ticked, and what is next is explained."""

from __future__ import annotations

import pytest

from napari_fcot.preferences import PreferencesStore
from napari_fcot.widgets.first_steps import STEPS, FirstSteps


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


@pytest.mark.parametrize("n_done", range(len(STEPS)))
def test_done_ones_are_ticked_and_the_next_one_is_explained(steps, n_done):
    go_on(steps, n_done)
    marks = [line.text().removeprefix("<b>")[0] for line in steps.lines]
    assert marks == ["✓"] * n_done + ["▸"] + ["○"] * (len(STEPS) - n_done - 1)
    explained = [
        step.hint in line.text() for step, line in zip(STEPS, steps.lines, strict=True)
    ]
    assert explained == [place == n_done for place in range(len(STEPS))]
    assert steps.current is STEPS[n_done]
    assert steps.done_text.isHidden()


def test_after_the_last_step_it_says_where_to_go_on(steps):
    go_on(steps, len(STEPS))
    assert steps.current is None
    assert not steps.done_text.isHidden()
    assert "Where to look next" in steps.done_text.text()


def test_step_that_was_undone_is_next_again(steps):
    steps.show_progress(
        has_video=True, has_box=False, has_run=True, has_correction=False
    )
    assert steps.current.title == "Draw a box"
    assert steps.lines[2].text().startswith("✓")


def test_keys_of_the_table_are_named(steps):
    go_on(steps, 1)
    assert "(W)" in steps.lines[1].text()
    go_on(steps, 2)
    assert "(Shift+T)" in steps.lines[2].text()


def test_deleted_panel_does_not_stop_others_from_hearing(qtbot, preferences):
    steps, told = FirstSteps(preferences), []
    preferences.changed.connect(told.append)
    with qtbot.waitSignal(steps.destroyed):
        steps.deleteLater()
    preferences.change(show_first_steps=False)
    assert len(told) == 1


class TestNoMore:
    def test_is_kept_and_told(self, steps, preferences):
        told = []
        steps.closed.connect(lambda: told.append(True))
        steps.show()
        steps.no_more.click()
        assert not steps.isVisible() and told == [True]
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
