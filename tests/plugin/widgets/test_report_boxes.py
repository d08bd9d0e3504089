"""What a correction has changed, and an estimate that says how sure it is."""

from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.annotation import HeldOut, SelfCheck, TargetReport
from napari_fcot.widgets.report_boxes import (
    ChangeReportBar,
    SelfCheckBox,
    describe_check,
    describe_reports,
)

NONE = np.zeros(0, np.int64)


def report(target_id=1, first=212, last=260, shift=14.2):
    moved = np.arange(first, last + 1)
    return TargetReport(
        target_id,
        moved=moved,
        shift_px=np.full(len(moved), shift),
        iou=np.full(len(moved), 0.5),
        added=NONE,
        removed=NONE,
    )


@pytest.fixture
def bar(qtbot):
    bar = ChangeReportBar()
    qtbot.addWidget(bar)
    return bar


@pytest.fixture
def told(bar):
    told = []
    bar.kept.connect(lambda: told.append("kept"))
    bar.rejected.connect(lambda: told.append("rejected"))
    return told


def test_changes_are_told_with_the_name(bar):
    bar.show_reports([report()], {1: "cup"})
    assert bar.isVisible()
    begin = "cup: frames 212 to 260 changed by 14.2 px on average"
    assert bar.words.text().startswith(begin)


def test_bar_is_not_there_without_changes(bar):
    assert not bar.isVisible()
    bar.show_reports([report()], {})
    bar.show_reports([], {})
    assert not bar.isVisible()


@pytest.mark.parametrize(
    ("button", "expected"), [("keep", ["kept"]), ("take_back", ["rejected"])]
)
def test_answer_is_told_once_and_hides_the_bar(bar, told, button, expected):
    bar.show_reports([report()], {1: "cup"})
    getattr(bar, button).click()
    assert told == expected
    assert not bar.isVisible() and bar.words.text() == ""


def test_bar_may_be_filled_again_by_the_answer(bar):
    bar.rejected.connect(lambda: bar.show_reports([report(2)], {2: "Ann"}))
    bar.show_reports([report()], {1: "cup"})
    bar.take_back.click()
    assert bar.isVisible() and bar.words.text().startswith("Ann")


@pytest.mark.parametrize(
    ("n_reports", "last"),
    [
        pytest.param(3, "target 3: frames", id="room_for_all"),
        pytest.param(4, "and 1 more target", id="one_too_many"),
        pytest.param(6, "and 3 more targets", id="many"),
    ],
)
def test_many_targets_take_few_lines(n_reports, last):
    reports = [report(number) for number in range(1, n_reports + 1)]
    assert describe_reports(reports, {}).splitlines()[-1].startswith(last)


def test_tooltip_names_all(bar):
    bar.show_reports([report(number) for number in range(1, 7)], {})
    assert len(bar.words.toolTip().splitlines()) == 6


def test_name_is_never_taken_for_formatting(bar):
    bar.show_reports([report()], {1: "<b>cup</b>"})
    assert bar.words.text().startswith("<b>cup</b>")
    assert bar.words.textFormat().name == "PlainText"


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
def asked(box):
    asked = []
    box.check_wanted.connect(lambda: asked.append("check"))
    box.stop_wanted.connect(lambda: asked.append("stop"))
    return asked


def test_only_the_button_is_there_at_first(box, asked):
    assert not box.bar.isVisible() and not box.words.isVisible()
    box.button.click()
    assert asked == ["check"]


def test_running_check_can_be_stopped(box, asked):
    box.show_running(2, 7)
    assert box.is_running and box.bar.isVisible()
    assert (box.bar.value(), box.bar.maximum()) == (2, 7)
    assert box.words.text() == "Checked 2 of 7 of your boxes…"
    box.button.click()
    assert asked == ["stop"]


def test_bar_is_empty_while_nobody_knows_how_many(box):
    box.show_running()
    assert (box.bar.minimum(), box.bar.maximum()) == (0, 1)
    assert box.words.text() == "Checked 0 of your boxes…"


def test_running_check_can_be_stopped_when_no_other_could_start(box):
    box.show_running()
    box.set_enabled(False)
    assert box.button.isEnabled()
    box.clear()
    box.set_enabled(False)
    assert not box.button.isEnabled()


def test_result_ends_the_run(box, asked):
    box.show_running()
    box.show_result(check_of(0.9, 0.8, 0.7, 0.2))
    assert not box.is_running and not box.bar.isVisible()
    assert box.words.text().startswith("About 75% of the frames are good.")
    assert "at least 50%" in box.words.toolTip()
    box.button.click()
    assert asked == ["check"]


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
