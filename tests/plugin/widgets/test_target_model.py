"""Rows that change as little as they must."""

from __future__ import annotations

from dataclasses import replace

import pytest
from qtpy.QtCore import QPersistentModelIndex, Qt

from napari_fcot.widgets.target_model import (
    LINE_ROLE,
    TargetColumn,
    TargetLineData,
    TargetModel,
)


def line(target_id, **changes):
    kept = {"name": f"t{target_id}", "class_name": "object", "colour": "#e69f00"}
    return TargetLineData(target_id=target_id, **(kept | changes))


def ids(model):
    return [
        model.index(row, 0).data(LINE_ROLE).target_id for row in range(model.rowCount())
    ]


@pytest.fixture
def model(qapp):
    model = TargetModel()
    model.show_lines([line(1), line(2), line(3)])
    return model


class TestShowLines:
    @pytest.mark.parametrize(
        "wanted",
        [
            pytest.param([1, 2, 3], id="same"),
            pytest.param([1, 2, 3, 4], id="one_more_below"),
            pytest.param([0, 1, 2, 3], id="one_more_above"),
            pytest.param([1, 3], id="one_less"),
            pytest.param([3, 1, 2], id="another_order"),
            pytest.param([3, 7, 1], id="all_at_once"),
            pytest.param([], id="none"),
        ],
    )
    def test_rows_are_those_asked_for(self, model, wanted):
        model.show_lines([line(target_id) for target_id in wanted])
        assert ids(model) == wanted

    @pytest.mark.parametrize("wanted", [[2], [3, 2], [9, 2, 1]])
    def test_row_that_stays_is_the_same_row(self, model, wanted):
        kept = QPersistentModelIndex(model.index(1, TargetColumn.NAME))
        model.show_lines([line(target_id) for target_id in wanted])
        assert kept.isValid() and kept.row() == wanted.index(2)

    def test_nothing_new_tells_nobody(self, model, qtbot):
        with qtbot.assertNotEmitted(model.dataChanged):
            assert not model.show_lines([line(1), line(2), line(3)])

    def test_only_the_row_that_changed_is_told_of(self, model, qtbot):
        with qtbot.waitSignal(model.dataChanged) as told:
            assert model.show_lines([line(1), line(2, n_boxes=9), line(3)])
        first, last = told.args[:2]
        assert (first.row(), last.row()) == (1, 1)


class TestSetData:
    @pytest.mark.parametrize(
        ("column", "expected"),
        [
            pytest.param(TargetColumn.NAME, [("renamed", 2, "bird")], id="name"),
            pytest.param(TargetColumn.CLASS, [("class", 2, "bird")], id="class"),
            pytest.param(TargetColumn.BOXES, [], id="counts_stay"),
        ],
    )
    def test_what_was_written_is_told(self, model, column, expected):
        told = []
        model.renamed.connect(lambda *args: told.append(("renamed", *args)))
        model.class_changed.connect(lambda *args: told.append(("class", *args)))
        model.setData(model.index(1, column), " bird ", Qt.ItemDataRole.EditRole)
        assert told == expected

    @pytest.mark.parametrize("text", ["", "   ", "t2", " t2 "])
    def test_nothing_and_the_same_are_no_change(self, model, text):
        told = []
        model.renamed.connect(lambda *args: told.append(args))
        assert not model.setData(model.index(1, TargetColumn.NAME), text)
        assert told == []

    def test_model_changes_nothing_by_itself(self, model):
        model.setData(model.index(1, TargetColumn.NAME), "bird")
        assert model.index(1, TargetColumn.NAME).data() == "t2"


class TestWords:
    def test_counts(self, model):
        model.show_lines([line(1, n_drawn=2, n_boxes=40)])
        index = model.index(0, TargetColumn.BOXES)
        assert index.data() == "2 / 40"
        tip = index.data(Qt.ItemDataRole.ToolTipRole)
        assert tip == "2 boxes drawn by you, 40 in all"

    def test_attributes_are_in_the_tooltip(self, model):
        model.show_lines([replace(line(1), attributes={"parked": True})])
        index = model.index(0, TargetColumn.NAME)
        assert "parked: yes" in index.data(Qt.ItemDataRole.ToolTipRole)

    def test_every_column_is_explained(self, model):
        for column in TargetColumn:
            assert model.headerData(
                column, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole
            )
