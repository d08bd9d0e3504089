from __future__ import annotations

import argparse

import pytest

from fcot_engine.cli.options import parse_box, parse_formats, parse_names


class TestParseBox:
    def test_numbers_with_fractions_and_blanks(self):
        assert parse_box("1, 2.5,-3,4e1") == (1.0, 2.5, -3.0, 40.0)

    @pytest.mark.parametrize("text", ["", "1,2,3", "1,2,3,4,5", "1;2;3;4", "x,1,2,3"])
    def test_anything_else_is_refused(self, text):
        with pytest.raises(argparse.ArgumentTypeError, match="X,Y,W,H"):
            parse_box(text)


class TestParseFormats:
    def test_case_and_blanks_do_not_matter(self):
        assert parse_formats("MOT, coco") == ("mot", "coco")

    def test_unknown_format_is_named(self):
        with pytest.raises(argparse.ArgumentTypeError, match="unknown format yolo"):
            parse_formats("mot,yolo")


class TestParseNames:
    def test_nothing_is_refused(self):
        with pytest.raises(argparse.ArgumentTypeError, match="expected names"):
            parse_names(" , ")
