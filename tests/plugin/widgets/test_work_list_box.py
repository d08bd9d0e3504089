"""Going from problem to problem."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt

from fcot_engine.annotation import FEATURES, WorkStop
from napari_fcot.widgets.work_list_box import (
    WorkListBox,
    describe_reasons,
    describe_stop,
    name_reasons,
)

NAMES = {1: "cup", 2: "Ann"}


def stop(frame_index, *, target_id=1, saving=0.5, reasons=("jump", "low_score")):
    return WorkStop(target_id, frame_index, saving, risk=0.6, reasons=reasons)


STOPS = [stop(7, saving=0.9), stop(30, target_id=2), stop(12)]


@pytest.fixture
def box(qtbot):
    box = WorkListBox()
    qtbot.addWidget(box)
    box.resize(320, 240)
    box.show()
    box.show_stops(STOPS, NAMES)
    return box


@pytest.fixture
def told(box):
    told = []
    box.stop_wanted.connect(lambda stop: told.append(("go", stop.frame_index)))
    box.passed_over.connect(lambda stop: told.append(("good", stop.frame_index)))
    return told


def rows(box):
    table = box.table
    return [
        [table.item(row, column).text() for column in range(table.columnCount())]
        for row in range(table.rowCount())
    ]


def marked(box):
    return [index.row() for index in box.table.selectionModel().selectedRows()]


class TestShowing:
    def test_stops_are_listed_in_their_order(self, box):
        assert rows(box) == [
            ["7", "cup", "jumps, unsure", "0.90"],
            ["30", "Ann", "jumps, unsure", "0.50"],
            ["12", "cup", "jumps, unsure", "0.50"],
        ]

    def test_only_the_first_few_are_listed(self, box):
        box.show_stops([stop(frame) for frame in range(20)], NAMES)
        assert [row[0] for row in rows(box)] == ["0", "1", "2", "3", "4"]

    def test_empty_list_says_so(self, box):
        box.show_stops([], NAMES)
        assert not box.table.isVisible()
        assert box.words.text() == "Nothing stands out for now."
        assert not box.next.isEnabled() and not box.looks_good.isEnabled()

    def test_nothing_is_marked_or_good_at_first(self, box):
        assert marked(box) == []
        assert not box.looks_good.isEnabled()

    def test_new_name_is_shown(self, box):
        box.show_stops(STOPS, {1: "mug", 2: "Ann"})
        assert rows(box)[0][1] == "mug"

    def test_same_list_again_makes_no_new_rows(self, box):
        item = box.table.item(0, 0)
        box.show_stops(list(STOPS), dict(NAMES))
        assert box.table.item(0, 0) is item

    def test_showing_tells_nobody(self, box, told):
        box.show_stops(STOPS[1:], NAMES)
        assert told == []

    def test_long_name_leaves_room_for_the_reasons(self, box):
        long = "a rather long name of a target"
        box.show_stops(STOPS, {1: long, 2: "Ann"})
        assert rows(box)[0][1].endswith("…")
        assert long in box.table.item(0, 1).toolTip()
        assert box.table.columnWidth(2) >= 80


class TestNext:
    def test_first_is_the_most_worthwhile(self, box, told):
        box.next.click()
        assert told == [("go", 7)]
        assert marked(box) == [0]
        assert box.words.text().startswith("cup, frame 7: The box jumps")

    def test_goes_on_and_round(self, box, told):
        for _ in range(4):
            box.next.click()
        assert told == [("go", 7), ("go", 30), ("go", 12), ("go", 7)]

    def test_place_in_the_list_is_kept_when_it_changes(self, box, told):
        box.next.click()
        box.show_stops([stop(50), stop(7, saving=0.2), stop(60)], NAMES)
        assert box.current.frame_index == 7 and marked(box) == [1]
        box.next.click()
        assert told[-1] == ("go", 60)

    def test_mended_stop_is_left(self, box, told):
        box.next.click()
        box.show_stops(STOPS[1:], NAMES)
        assert box.current is None and marked(box) == []
        box.next.click()
        assert told[-1] == ("go", 30)

    def test_stop_beyond_the_rows_can_be_gone_to(self, box, told):
        box.show_stops([stop(frame) for frame in range(7)], NAMES)
        for _ in range(6):
            box.next.click()
        assert told[-1] == ("go", 5)
        assert marked(box) == [] and "frame 5" in box.words.text()

    def test_empty_list_goes_nowhere(self, box, told):
        box.show_stops([], NAMES)
        box.go_to_next()
        assert told == []

    def test_click_on_a_row_goes_there_each_time(self, qtbot, box, told):
        place = box.table.visualItemRect(box.table.item(1, 1)).center()
        for _ in range(2):
            qtbot.mouseClick(box.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
        assert told == [("go", 30), ("go", 30)]
        assert marked(box) == [1]


class TestLooksGood:
    def test_passes_over_and_goes_on(self, box, told):
        box.next.click()
        box.looks_good.click()
        assert told == [("go", 7), ("good", 7), ("go", 30)]

    def test_goes_on_in_the_list_that_passing_over_brings(self, box, told):
        box.passed_over.connect(lambda _: box.show_stops([stop(99)], NAMES))
        box.next.click()
        box.looks_good.click()
        assert told[-2:] == [("good", 7), ("go", 99)]

    def test_after_the_last_one_nothing_is_current(self, box, told):
        box.show_stops([stop(7)], NAMES)
        box.next.click()
        box.looks_good.click()
        assert told == [("go", 7), ("good", 7)]
        assert box.current is None and not box.looks_good.isEnabled()

    def test_without_a_current_stop_nothing_happens(self, box, told):
        box.pass_over_current()
        assert told == []


def test_fits_into_a_narrow_dock(box):
    assert box.minimumSizeHint().width() <= 300
    box.show_stops([stop(frame) for frame in range(20)], NAMES)
    assert box.sizeHint().height() < 260


REASONS = (*FEATURES, "gap")


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_has_words_of_its_own(reason):
    plain = reason.replace("_", " ")
    assert name_reasons((reason,)) not in (plain, "spot check")
    assert describe_reasons((reason,)).lower() != f"{plain}."


def test_no_two_reasons_say_the_same():
    for describe in (name_reasons, describe_reasons):
        assert len({describe((reason,)) for reason in REASONS}) == len(REASONS)


def test_feature_that_somebody_added_is_named():
    assert name_reasons(("night_shot",)) == "night shot"
    assert describe_reasons(("night_shot",)) == "Night shot."


def test_frame_without_reasons_is_a_spot_check():
    assert name_reasons(()) == "spot check"
    assert describe_reasons(()).endswith(".")


@pytest.mark.parametrize(
    ("names", "begin"),
    [
        pytest.param({2: "cup"}, "cup, frame 7: The box jumps", id="known"),
        pytest.param({}, "target 2, frame 7: The box jumps", id="unknown"),
    ],
)
def test_stop_is_named(names, begin):
    stop = WorkStop(2, 7, expected_saving=0.4, risk=0.5, reasons=("jump",))
    assert describe_stop(stop, names).startswith(begin)
