"""Values that people write, and names that must be there once."""

from __future__ import annotations

import pytest

from fcot_engine.annotation import TargetInfo
from fcot_engine.errors import EditError
from napari_fcot.widgets.attribute_text import read_attributes, read_value, write_value


@pytest.mark.parametrize("value", [True, False, 3, -1, 0.25, "red", "a: b"])
def test_what_is_written_reads_the_same(value):
    again = read_value(write_value(value))
    assert again == value and type(again) is type(value)


@pytest.mark.parametrize("text", ["nan", "inf", "-Infinity"])
def test_numbers_that_a_project_refuses_are_taken_as_texts(text):
    value = read_value(text)
    assert value == text
    TargetInfo(1, "a", attributes={"key": value})  # raises if it cannot be kept


class TestReadAttributes:
    def test_rows_without_words_are_left_out(self):
        rows = [("age", "3"), ("", ""), (" ", "\t"), ("ringed", "yes")]
        assert read_attributes(rows, {}) == {"age": 3, "ringed": True}

    def test_text_that_looks_like_a_number_stays_a_text(self):
        rows = [("plate", "0012"), ("answer", "yes")]
        before = {"plate": "0012", "answer": "yes"}
        assert read_attributes(rows, before) == before

    def test_changed_value_is_read_anew(self):
        assert read_attributes([("plate", "13")], {"plate": "0012"}) == {"plate": 13}

    def test_value_without_a_name_is_refused(self):
        with pytest.raises(EditError, match="'3' needs a name"):
            read_attributes([("", "3")], {})

    def test_name_that_is_there_twice_is_refused(self):
        with pytest.raises(EditError, match="two attributes called 'age'"):
            read_attributes([("age", "3"), ("age ", "4")], {})
