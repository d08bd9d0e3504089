"""What a person does to targets, and what must survive a run."""

from __future__ import annotations

from dataclasses import replace

import pytest
from qtpy.QtCore import QEvent, QObject, QPersistentModelIndex, QPoint, Qt
from qtpy.QtGui import QContextMenuEvent
from qtpy.QtWidgets import (
    QApplication,
    QLineEdit,
    QMenu,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

from napari_fcot.widgets.target_model import (
    LINE_ROLE,
    TargetColumn,
    TargetLineData,
    TargetModel,
)
from napari_fcot.widgets.target_table import TargetTable

LEFT = Qt.MouseButton.LeftButton


def line(target_id, **changes):
    kept = {"name": f"t{target_id}", "class_name": "cup", "colour": "#e69f00"}
    return TargetLineData(target_id=target_id, **(kept | changes))


LINES = [line(1), line(2, class_name="bird"), line(3)]


class Answers:
    """What the person will say, and what they were asked."""

    def __init__(self):
        self.asked = []
        self.may_remove = True
        self.colour = "#0072b2"
        self.description = {"attributes": {"age": 3}}

    def removal(self, parent, lines):
        self.asked += [line.target_id for line in lines]
        return self.may_remove


class PaintWatch(QObject):
    """Notes each time something is painted."""

    def __init__(self, painted):
        super().__init__()
        self._painted = painted

    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint:
            self._painted.append(True)
        return False


@pytest.fixture
def answers():
    return Answers()


@pytest.fixture
def table(qtbot, answers):
    table = TargetTable(
        ask_removal=answers.removal,
        ask_colour=lambda parent, colour: answers.colour,
        ask_description=lambda parent, line: answers.description,
    )
    qtbot.addWidget(table)
    table.resize(320, 160)
    table.show()
    table.show_targets(LINES, 1)
    return table


@pytest.fixture
def told(table):
    """Everything the table has said."""
    told = []
    for name in (
        "target_picked",
        "described",
        "visibility_changed",
        "lock_changed",
        "class_wanted",
        "remove_wanted",
        "export_wanted",
    ):
        signal = getattr(table, name)
        signal.connect(lambda *args, name=name: told.append((name, *args)))
    return told


def place_of(table, row, column):
    return table.visualRect(table.model().index(row, column)).center()


def click(qtbot, table, row, column):
    qtbot.mouseClick(table.viewport(), LEFT, pos=place_of(table, row, column))


def begin_writing(qtbot, table, row, column):
    place = place_of(table, row, column)
    qtbot.mouseClick(table.viewport(), LEFT, pos=place)
    qtbot.mouseDClick(table.viewport(), LEFT, pos=place)
    (editor,) = table.viewport().findChildren(QLineEdit)
    return editor


def accept(qtbot, editor):
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    QApplication.processEvents()  # Qt hands the words on a little later


def write(qtbot, editor, text):
    editor.selectAll()
    qtbot.keyClicks(editor, text)


class TestPicking:
    def test_click_picks(self, qtbot, table, told):
        click(qtbot, table, 1, TargetColumn.NAME)
        assert told == [("target_picked", 2)]

    def test_arrow_key_picks_the_next(self, qtbot, table, told):
        qtbot.keyClick(table, Qt.Key.Key_Down)
        assert told == [("target_picked", 2)]

    def test_other_cell_of_the_same_target_is_no_news(self, qtbot, table, told):
        click(qtbot, table, 0, TargetColumn.CLASS)
        assert told == []

    @pytest.mark.parametrize("selected", [1, 3, None, 99])
    def test_showing_tells_nobody(self, table, told, selected):
        table.show_targets(LINES[1:], selected)
        table.show_targets(LINES, selected)
        assert told == []
        assert table.selected_id == (selected if selected != 99 else None)

    def test_selected_target_that_goes_leaves_the_one_that_is_named(self, table, told):
        table.show_targets(LINES[1:], 3)
        assert table.selected_id == 3
        assert told == []


class TestPictures:
    @pytest.mark.parametrize(
        ("column", "before", "expected"),
        [
            (TargetColumn.VISIBLE, {}, ("visibility_changed", 2, False)),
            (
                TargetColumn.VISIBLE,
                {"is_visible": False},
                ("visibility_changed", 2, True),
            ),
            (TargetColumn.LOCK, {}, ("lock_changed", 2, True)),
            (TargetColumn.LOCK, {"is_locked": True}, ("lock_changed", 2, False)),
            (TargetColumn.COLOUR, {}, ("described", 2, {"colour": "#0072b2"})),
        ],
        ids=["hide", "show", "lock", "unlock", "colour"],
    )
    def test_click_tells_the_opposite_and_picks_nothing(
        self, qtbot, table, told, column, before, expected
    ):
        table.show_targets([line(1), line(2, **before), line(3)], 1)
        click(qtbot, table, 1, column)
        assert told == [expected]
        assert table.selected_id == 1

    def test_second_fast_click_is_a_second_click(self, qtbot, table, told):
        place = place_of(table, 1, TargetColumn.VISIBLE)
        qtbot.mouseClick(table.viewport(), LEFT, pos=place)
        qtbot.mouseDClick(table.viewport(), LEFT, pos=place)
        qtbot.mouseRelease(table.viewport(), LEFT, pos=place)
        assert told == 2 * [("visibility_changed", 2, False)]

    def test_mouse_that_slips_off_does_nothing(self, qtbot, table, told):
        view, eye = table.viewport(), place_of(table, 1, TargetColumn.VISIBLE)
        qtbot.mousePress(view, LEFT, pos=eye)
        qtbot.mouseRelease(view, LEFT, pos=place_of(table, 2, TargetColumn.VISIBLE))
        assert told == []

    @pytest.mark.parametrize("answer", [None, "#e69f00"])
    def test_no_colour_and_the_same_are_no_change(
        self, qtbot, table, told, answers, answer
    ):
        answers.colour = answer
        click(qtbot, table, 1, TargetColumn.COLOUR)
        assert told == []


class TestWriting:
    def test_double_click_renames(self, qtbot, table, told):
        editor = begin_writing(qtbot, table, 0, TargetColumn.NAME)
        write(qtbot, editor, "Ann")
        accept(qtbot, editor)
        assert told == [("described", 1, {"name": "Ann"})]

    def test_escape_leaves_the_name(self, qtbot, table, told):
        editor = begin_writing(qtbot, table, 0, TargetColumn.NAME)
        write(qtbot, editor, "Ann")
        qtbot.keyClick(editor, Qt.Key.Key_Escape)
        assert told == []

    def test_known_classes_are_offered(self, qtbot, table):
        editor = begin_writing(qtbot, table, 0, TargetColumn.CLASS)
        model = editor.completer().model()
        offered = [model.index(row, 0).data() for row in range(model.rowCount())]
        assert offered == ["bird", "cup"]

    def test_class_is_told(self, qtbot, table, told):
        editor = begin_writing(qtbot, table, 0, TargetColumn.CLASS)
        write(qtbot, editor, "mug")
        accept(qtbot, editor)
        assert told == [("described", 1, {"class_name": "mug"})]

    @pytest.mark.parametrize(
        "lines",
        [
            pytest.param([replace(LINES[0], n_boxes=7), *LINES[1:]], id="more_boxes"),
            pytest.param([replace(LINES[0], name="x"), *LINES[1:]], id="renamed"),
            pytest.param([*LINES, line(4)], id="another_target"),
            pytest.param([LINES[0], LINES[2]], id="one_less"),
            pytest.param([LINES[2], LINES[0]], id="another_order"),
        ],
    )
    def test_writing_survives_what_comes_in(self, qtbot, table, told, lines):
        editor = begin_writing(qtbot, table, 0, TargetColumn.NAME)
        write(qtbot, editor, "An")
        for _ in range(3):
            table.show_targets(lines, 1)
        qtbot.keyClicks(editor, "n")
        accept(qtbot, editor)
        assert told == [("described", 1, {"name": "Ann"})]

    def test_delete_while_writing_takes_a_letter_only(
        self, qtbot, table, told, answers
    ):
        editor = begin_writing(qtbot, table, 0, TargetColumn.NAME)
        qtbot.keyClick(editor, Qt.Key.Key_Backspace)
        assert answers.asked == [] and told == []


class TestRemoving:
    @pytest.mark.parametrize("key", [Qt.Key.Key_Delete, Qt.Key.Key_Backspace])
    def test_delete_asks_first(self, qtbot, table, told, answers, key):
        qtbot.keyClick(table, key)
        assert answers.asked == [1]
        assert told == [("remove_wanted", [1])]

    def test_no_keeps_the_target(self, qtbot, table, told, answers):
        answers.may_remove = False
        qtbot.keyClick(table, Qt.Key.Key_Delete)
        assert told == []

    def test_locked_target_is_not_even_asked_about(self, qtbot, table, told, answers):
        table.show_targets([line(1, is_locked=True)], 1)
        qtbot.keyClick(table, Qt.Key.Key_Delete)
        assert answers.asked == [] and told == []
        assert "Click its padlock first" in QToolTip.text()
        QToolTip.hideText()
        qtbot.waitUntil(lambda: not QToolTip.isVisible())

    def test_without_a_selection_nothing_happens(self, qtbot, table, told, answers):
        table.show_targets(LINES, None)
        qtbot.keyClick(table, Qt.Key.Key_Delete)
        assert answers.asked == []

    def test_delete_stays_in_the_table(self, qtbot, answers):
        """Another shortcut of the window, such as napari's, must not take the key."""
        from qtpy.QtWidgets import QShortcut

        window, fired = QWidget(), []
        qtbot.addWidget(window)
        table = TargetTable(ask_removal=answers.removal)
        QVBoxLayout(window).addWidget(table)
        QShortcut(Qt.Key.Key_Delete, window, lambda: fired.append(True))
        window.show()
        window.activateWindow()
        table.show_targets(LINES, 1)
        table.setFocus()
        qtbot.waitUntil(table.hasFocus)
        qtbot.keyClick(table, Qt.Key.Key_Delete)
        assert (answers.asked, fired) == ([1], [])


class TestMenu:
    @staticmethod
    def choose(table, target_id, label):
        menu = table.make_menu(target_id)
        (action,) = [a for a in menu.actions() if a.text() == label]
        action.trigger()
        menu.deleteLater()

    @pytest.mark.parametrize(
        ("label", "expected"),
        [
            ("Colour…", ("described", 2, {"colour": "#0072b2"})),
            ("Describe…", ("described", 2, {"attributes": {"age": 3}})),
            ("Hide", ("visibility_changed", 2, False)),
            ("Keep from changes", ("lock_changed", 2, True)),
            ("Remove…", ("remove_wanted", [2])),
        ],
    )
    def test_choice_is_told(self, table, told, label, expected):
        self.choose(table, 2, label)
        assert told == [expected]

    @pytest.mark.parametrize(
        ("label", "expected"),
        [
            ("Rename", ("described", 2, {"name": "mug"})),
            ("Change class", ("described", 2, {"class_name": "mug"})),
        ],
    )
    def test_words_are_written_in_place(self, qtbot, table, told, label, expected):
        self.choose(table, 2, label)
        (editor,) = table.viewport().findChildren(QLineEdit)
        write(qtbot, editor, "mug")
        accept(qtbot, editor)
        assert told == [expected]

    @pytest.mark.parametrize("answer", [None, {}], ids=["cancelled", "the_same"])
    def test_no_other_words_are_no_change(self, table, told, answers, answer):
        answers.description = answer
        self.choose(table, 1, "Describe…")
        assert told == []

    def test_locked_target_cannot_be_removed(self, table):
        table.show_targets([line(1, is_locked=True)], 1)
        actions = {a.text(): a.isEnabled() for a in table.make_menu(1).actions()}
        assert actions["Remove…"] is False
        assert actions["Allow changes"] is True

    def test_right_click_picks_and_opens(self, qtbot, table, told, monkeypatch):
        opened = []
        monkeypatch.setattr(QMenu, "exec", lambda menu, place: opened.append(menu))
        place = place_of(table, 1, TargetColumn.NAME)
        event = QContextMenuEvent(
            QContextMenuEvent.Reason.Mouse, place, table.mapToGlobal(place)
        )
        table.contextMenuEvent(event)
        assert told == [("target_picked", 2)]
        assert len(opened) == 1

    def test_menu_key_is_about_the_marked_target(self, table, told, monkeypatch):
        opened = []
        monkeypatch.setattr(
            QMenu, "exec", lambda menu, place: opened.append(menu.actions())
        )
        event = QContextMenuEvent(
            QContextMenuEvent.Reason.Keyboard, place_of(table, 2, 0), QPoint()
        )
        table.contextMenuEvent(event)
        assert table.selected_id == 1 and told == []
        assert len(opened) == 1

    def test_right_click_on_nothing_opens_nothing(self, table, monkeypatch):
        opened = []
        monkeypatch.setattr(QMenu, "exec", lambda menu, place: opened.append(menu))
        place = QPoint(10, table.viewport().height() - 1)
        table.show_targets([], None)
        table.contextMenuEvent(
            QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, place)
        )
        assert opened == []


class TestDuringARun:
    def test_scrolled_place_stays(self, qtbot, table):
        lines = [line(number) for number in range(1, 21)]
        table.show_targets(lines, 1)
        bar = table.verticalScrollBar()
        qtbot.waitUntil(lambda: bar.maximum() > 0)
        bar.setValue(bar.maximum())
        for count in range(3):
            lines = [replace(one, n_boxes=count) for one in lines]
            table.show_targets(lines, 1)
        assert bar.value() == bar.maximum()

    def test_nothing_new_paints_nothing(self, qtbot, table):
        painted = []
        table.viewport().installEventFilter(paint_watch := PaintWatch(painted))

        def is_calm():  # what showing the table asked for may come late
            painted.clear()
            qtbot.wait(30)
            return not painted

        qtbot.waitUntil(is_calm, timeout=10_000)
        for _ in range(5):
            table.show_targets(list(LINES), 1)
        qtbot.wait(30)
        assert painted == []
        table.viewport().removeEventFilter(paint_watch)

    def test_height_has_room_for_few_or_many(self, table):
        few = table.sizeHint().height()
        table.show_targets([line(number) for number in range(1, 5)], 1)
        more = table.sizeHint().height()
        table.show_targets([line(number) for number in range(1, 40)], 1)
        most = table.sizeHint().height()
        assert few < more < most < 200

    def test_long_class_leaves_room_for_the_name(self, table):
        table.show_targets([line(1, class_name="a very long class " * 4)], 1)
        header = table.horizontalHeader()
        assert header.sectionSize(TargetColumn.CLASS) <= 100
        assert header.sectionSize(TargetColumn.NAME) >= 60

    def test_larger_letters_get_larger_cells(self, table):
        header, side = table.horizontalHeader(), table.verticalHeader()
        width = header.sectionSize(TargetColumn.BOXES)
        height = side.defaultSectionSize()
        table.setStyleSheet("QTableView { font-size: 30px; }")
        assert header.sectionSize(TargetColumn.BOXES) > 1.5 * width
        assert side.defaultSectionSize() > 1.3 * height


# --- the lines below the table, as Qt asks for them ---


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
            pytest.param(TargetColumn.NAME, [(2, {"name": "bird"})], id="name"),
            pytest.param(TargetColumn.CLASS, [(2, {"class_name": "bird"})], id="class"),
            pytest.param(TargetColumn.BOXES, [], id="counts_stay"),
        ],
    )
    def test_what_was_written_is_told(self, model, column, expected):
        told = []
        model.described.connect(lambda *args: told.append(args))
        model.setData(model.index(1, column), " bird ", Qt.ItemDataRole.EditRole)
        assert told == expected

    @pytest.mark.parametrize("text", ["", "   ", "t2", " t2 "])
    def test_nothing_and_the_same_are_no_change(self, model, text):
        told = []
        model.described.connect(lambda *args: told.append(args))
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


class TestSeveral:
    @pytest.fixture
    def two(self, table, told, qtbot):
        click(qtbot, table, 0, TargetColumn.NAME)
        place = place_of(table, 2, TargetColumn.NAME)
        control = Qt.KeyboardModifier.ControlModifier
        qtbot.mouseClick(table.viewport(), LEFT, control, place)
        told.clear()
        return table

    def test_all_that_are_marked_are_told(self, two):
        assert two.selected_ids == [1, 3]

    def test_mark_stays_when_the_table_is_shown_anew(self, two):
        two.show_targets([replace(one, n_boxes=5) for one in LINES], two.selected_id)
        assert two.selected_ids == [1, 3]

    def test_click_on_an_eye_hides_all(self, qtbot, two, told):
        click(qtbot, two, 0, TargetColumn.VISIBLE)
        assert told == [("visibility_changed", n, False) for n in (1, 3)]

    def test_click_on_a_lock_of_another_one_is_for_that_alone(self, qtbot, two, told):
        click(qtbot, two, 1, TargetColumn.LOCK)
        assert told == [("lock_changed", 2, True)]

    def test_delete_asks_once_for_all(self, qtbot, two, told, answers):
        qtbot.keyClick(two, Qt.Key.Key_Delete)
        assert answers.asked == [1, 3]
        assert told == [("remove_wanted", [1, 3])]

    def test_written_class_is_for_all(self, qtbot, two, told):
        index = two.model().index(0, TargetColumn.CLASS)
        two.model().setData(index, "bird")
        assert told == [("class_wanted", [1, 3], "bird")]

    def test_menu_is_for_all(self, two, told):
        two.show_targets([replace(one, n_boxes=5) for one in LINES], two.selected_id)
        actions = {one.text(): one for one in two.make_menu(1).actions()}
        assert "Rename" not in actions
        actions["Export…"].trigger()
        assert told == [("export_wanted", [1, 3])]
