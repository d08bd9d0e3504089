"""Forms made of dataclasses, and those that the panel asks with."""

from __future__ import annotations

import enum
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated

import pytest
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication, QWidget

from fcot_engine.annotation import TargetInfo
from fcot_engine.errors import ConfigError, EditError
from fcot_engine.formats import FORMATS
from napari_fcot.widgets.dialogs import (
    ExportChoice,
    ImportChoice,
    ask_description,
    ask_export,
    ask_import,
    read_attributes,
    read_value,
    write_attributes,
)
from napari_fcot.widgets.forms import Form, FormDialog
from napari_fcot.widgets.target_model import TargetLineData, write_value

CUP = TargetLineData(
    target_id=1,
    name="cup",
    class_name="object",
    colour="#e69f00",
    attributes={"parked": True, "plate": "0012"},
)


class Size(enum.Enum):
    SMALL = 1
    LARGE = 2


@dataclass(frozen=True, kw_only=True)
class Meal:
    size: Annotated[
        Size, {"choices": [("a little", Size.SMALL), ("a lot", Size.LARGE)]}
    ]
    """How much there is."""
    is_hot: bool = True
    """Whether it steams."""
    folder: Annotated[Path | None, {"mode": "d", "label": "Kitchen"}] = None

    def __post_init__(self):
        if self.is_hot and self.size is Size.LARGE:
            raise ConfigError("A lot of it cannot be hot.")


@pytest.fixture
def parent(qtbot):
    parent = QWidget()
    qtbot.addWidget(parent)
    return parent


def answer(fill, *, is_accepted=True):
    """Fill in the next dialog and close it."""

    def act():
        dialog = QApplication.activeModalWidget()
        if not isinstance(dialog, FormDialog):
            QTimer.singleShot(10, act)
            return
        fill(dialog.form)
        if is_accepted and dialog.go.isEnabled():
            dialog.go.click()
        else:  # never wait for a person
            dialog.reject()

    QTimer.singleShot(0, act)


class TestForm:
    @pytest.fixture
    def form(self, qtbot):
        form = Form(Meal(size=Size.SMALL))
        qtbot.addWidget(form.native)
        return form

    def test_value_comes_back_as_it_was_put_in(self, form, tmp_path):
        assert form.value == Meal(size=Size.SMALL)
        wanted = Meal(size=Size.LARGE, is_hot=False, folder=tmp_path)
        form.value = wanted
        assert form.value == wanted

    def test_words_come_from_the_class(self, form):
        assert form.widgets.size.tooltip == "How much there is."
        assert form.widgets.size.choices == (Size.SMALL, Size.LARGE)
        assert form.widgets.folder.label == "Kitchen"
        assert form.widgets.is_hot.text == "Is hot"

    def test_each_change_is_told_as_a_whole(self, form):
        told = []
        form.changed.connect(told.append)
        form.widgets.is_hot.value = False
        form.change(size=Size.LARGE)
        assert told == [
            Meal(size=Size.SMALL, is_hot=False),
            Meal(size=Size.LARGE, is_hot=False),
        ]

    def test_what_the_class_refuses_is_not_told(self, form):
        told = []
        form.changed.connect(told.append)
        form.widgets.size.value = Size.LARGE
        assert told == []


class TestFormDialog:
    def test_problem_is_said_and_cannot_be_accepted(self, qtbot):
        dialog = FormDialog("Lunch", Meal(size=Size.SMALL))
        qtbot.addWidget(dialog)
        dialog.form.widgets.size.value = Size.LARGE
        assert dialog.value is None
        assert (dialog.problem.text(), dialog.go.isEnabled()) == (
            "A lot of it cannot be hot.",
            False,
        )
        dialog.form.widgets.is_hot.value = False
        assert (dialog.problem.text(), dialog.go.isEnabled()) == ("", True)


class TestExport:
    def test_every_format_can_be_chosen_and_is_explained(self):
        names = [field.name for field in fields(ExportChoice)]
        assert names == ["folder", *FORMATS, "images"]

    def test_answer_is_where_to_and_which(self, parent, tmp_path):
        answer(lambda form: form.change(folder=tmp_path, yolo=True, coco=False))
        choice = ask_export(parent, ExportChoice())
        assert (choice.folder, choice.formats) == (tmp_path, ("mot", "yolo"))

    def test_thinking_better_of_it_is_no_answer(self, parent, tmp_path):
        answer(lambda form: form.change(folder=tmp_path), is_accepted=False)
        assert ask_export(parent, ExportChoice()) is None

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            pytest.param({}, "Choose a folder", id="no_folder"),
            pytest.param(
                {"folder": Path("here"), "mot": False, "coco": False},
                "choose one format or more",
                id="no_format",
            ),
        ],
    )
    def test_what_is_missing_is_said(self, qtbot, changes, words):
        choice = replace(ExportChoice(), **changes)
        dialog = FormDialog("Export", choice, check=ExportChoice.check)
        qtbot.addWidget(dialog)
        assert words in dialog.problem.text()
        assert not dialog.go.isEnabled()


class TestImport:
    @pytest.mark.parametrize(
        ("said", "origin"), [("as the file says", None), ("0", 0), ("1", 1)]
    )
    def test_answer_is_a_file_and_how_it_counts(self, parent, tmp_path, said, origin):
        path = tmp_path / "gt.txt"
        path.write_text("")
        answer(lambda form: form.change(path=path, pixel_origin=said))
        choice = ask_import(parent, ImportChoice())
        assert (choice.path, choice.origin) == (path, origin)


class TestDescription:
    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            pytest.param({}, {}, id="nothing"),
            pytest.param({"name": " mug "}, {"name": "mug"}, id="name"),
            pytest.param({"class_name": "car"}, {"class_name": "car"}, id="class"),
            pytest.param(
                {"attributes": "age: 3"}, {"attributes": {"age": 3}}, id="attributes"
            ),
        ],
    )
    def test_only_what_is_different_is_told(self, parent, changes, expected):
        answer(lambda form: form.change(**changes))
        assert ask_description(parent, CUP) == expected

    def test_cancelled_is_nothing(self, parent):
        answer(lambda form: form.change(name="mug"), is_accepted=False)
        assert ask_description(parent, CUP) is None


class TestAttributes:
    @pytest.mark.parametrize("value", [True, False, 3, -1, 0.25, "red", "a: b"])
    def test_what_is_written_reads_the_same(self, value):
        again = read_value(write_value(value))
        assert again == value and type(again) is type(value)

    @pytest.mark.parametrize("text", ["nan", "inf", "-Infinity"])
    def test_numbers_that_a_project_refuses_are_taken_as_texts(self, text):
        value = read_value(text)
        assert value == text
        TargetInfo(1, "a", attributes={"key": value})  # raises if it cannot be kept

    def test_empty_lines_are_left_out(self):
        text = "age: 3\n\n  \nringed : yes"
        assert read_attributes(text, {}) == {"age": 3, "ringed": True}

    def test_line_that_is_still_the_same_keeps_its_type_and_name(self):
        before = {"plate": "0012", "answer": "yes", "a: b": "c\nd"}
        assert read_attributes(write_attributes(before), before) == before

    def test_changed_value_is_read_anew(self):
        assert read_attributes("plate: 13", {"plate": "0012"}) == {"plate": 13}

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            pytest.param(": 3", "a name, a colon and a value", id="no_name"),
            pytest.param("parked", "a name, a colon and a value", id="no_value"),
            pytest.param("age: 3\nage : 4", "two attributes called 'age'", id="twice"),
        ],
    )
    def test_what_cannot_be_read_is_said(self, text, words):
        with pytest.raises(EditError, match=words):
            read_attributes(text, {})
