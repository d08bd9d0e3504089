"""Keep or take back."""

from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.annotation import TargetReport
from napari_fcot.widgets.report_boxes import ChangeReportBar, describe_reports

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


def test_clearing_tells_nobody(bar, told):
    bar.show_reports([report()], {1: "cup"})
    bar.clear()
    assert told == [] and not bar.isVisible()


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
