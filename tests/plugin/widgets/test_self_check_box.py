"""An estimate that says how sure it is."""

from __future__ import annotations

import pytest

from fcot_engine.annotation import HeldOut, SelfCheck
from napari_fcot.widgets.report_boxes import SelfCheckBox, describe_check


def check_of(*ious):
    held = (HeldOut(1, 10 * place, iou, 10) for place, iou in enumerate(ious))
    return SelfCheck(tuple(held))


@pytest.fixture
def box(qtbot):
    box = SelfCheckBox()
    qtbot.addWidget(box)
    box.show()
    return box


@pytest.fixture
def told(box):
    told = []
    box.check_wanted.connect(lambda: told.append("check"))
    box.stop_wanted.connect(lambda: told.append("stop"))
    return told


def test_only_the_button_is_there_at_first(box, told):
    assert not box.bar.isVisible() and not box.words.isVisible()
    box.button.click()
    assert told == ["check"]


def test_running_check_can_be_stopped(box, told):
    box.show_running(2, 7)
    assert box.is_running and box.bar.isVisible()
    assert (box.bar.value(), box.bar.maximum()) == (2, 7)
    assert box.words.text() == "Checked 2 of 7 of your boxes…"
    box.button.click()
    assert told == ["stop"]


def test_bar_moves_while_nobody_knows_how_many(box):
    box.show_running()
    assert (box.bar.minimum(), box.bar.maximum()) == (0, 0)
    assert box.words.text() == "Checked 0 of your boxes…"


def test_running_check_can_be_stopped_when_no_other_could_start(box):
    box.show_running()
    box.set_enabled(False)
    assert box.button.isEnabled()
    box.clear()
    box.set_enabled(False)
    assert not box.button.isEnabled()


def test_result_ends_the_run(box, told):
    box.show_running()
    box.show_result(check_of(0.9, 0.8, 0.7, 0.2))
    assert not box.is_running and not box.bar.isVisible()
    assert box.words.text().startswith("About 75% of the frames are good.")
    assert "at least 50%" in box.words.toolTip()
    box.button.click()
    assert told == ["check"]


def test_cleared_box_shows_no_old_result(box):
    box.show_result(check_of(0.9))
    box.clear()
    assert not box.words.isVisible() and box.words.text() == ""


class TestDescribeCheck:
    def test_interval_is_that_of_the_engine(self):
        check = check_of(*[0.9] * 8, 0.1, 0.2)
        assert f"{check.interval[0]:.0%}" == "49%"  # Wilson's, of 8 in 10
        assert describe_check(check).endswith("from 49% to 94%.")

    def test_single_box(self):
        assert "With one of your boxes to judge by" in describe_check(check_of(0.9))

    def test_nothing_checked_says_what_to_do(self):
        assert describe_check(SelfCheck(())).startswith("Draw boxes in two or more")
