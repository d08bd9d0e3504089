from __future__ import annotations

import argparse

import pytest
import torch

from fcot_engine.cli.options import (
    add_tracker_options,
    chosen_settings,
    find_preset_name,
    make_tracker,
    parse_box,
    parse_change,
    parse_formats,
    parse_fractions,
    parse_names,
)
from fcot_engine.errors import ConfigError
from fcot_engine.tracker import choose_preset, presets


class TestParseBox:
    def test_numbers_with_fractions_and_blanks(self):
        assert parse_box("1, 2.5,-3,4e1") == (1.0, 2.5, -3.0, 40.0)

    @pytest.mark.parametrize("text", ["", "1,2,3", "1,2,3,4,5", "1;2;3;4", "x,1,2,3"])
    def test_anything_else_is_refused(self, text):
        with pytest.raises(argparse.ArgumentTypeError, match="X,Y,W,H"):
            parse_box(text)


class TestParseChange:
    def test_name_and_value(self):
        assert parse_change(" a.b = 0.6 ") == ("a.b", "0.6")

    @pytest.mark.parametrize("text", ["", "a.b", "a.b=", "=1"])
    def test_anything_else_is_refused(self, text):
        with pytest.raises(argparse.ArgumentTypeError, match=r"SECTION\.FIELD=VALUE"):
            parse_change(text)


class TestTrackerOptions:
    def parse(self, *words):
        parser = argparse.ArgumentParser()
        add_tracker_options(parser)
        return parser.parse_args(words)

    def test_nothing_is_changed_by_default(self):
        assert chosen_settings(self.parse()) == {}

    def test_later_change_counts(self):
        args = self.parse("--set", "a.b=1", "--set", "a.c=2", "--set", "a.b=3")
        assert chosen_settings(args) == {"a.b": "3", "a.c": "2"}

    def test_set_goes_before_the_settings_of_a_benchmark(self):
        args = self.parse("--set", "regression.blend=0.7", "--settings", "vot")
        chosen = chosen_settings(args)
        assert chosen["regression.blend"] == "0.7"
        assert chosen["search.area_scale"] == 4.0

    def test_unknown_benchmark_is_named(self):
        with pytest.raises(ConfigError, match="no settings 'got10k'"):
            chosen_settings(self.parse("--settings", "got10k"))

    def test_tracker_gets_the_changes(self, fake_tracker):
        args = self.parse("--set", "a.b=1", "--set", "a.c=2")
        make_tracker(args, {"a.c": 5})
        assert fake_tracker.options["settings"] == {"a.b": "1", "a.c": 5}


class TestParseFormats:
    def test_case_and_blanks_do_not_matter(self):
        assert parse_formats("MOT, coco") == ("mot", "coco")

    def test_unknown_format_is_named(self):
        with pytest.raises(argparse.ArgumentTypeError, match="unknown format abacus"):
            parse_formats("mot,abacus")

    def test_names_of_one_command_are_known_and_offered_there(self):
        assert parse_formats("JSON, mot", more=("json",)) == ("json", "mot")
        with pytest.raises(argparse.ArgumentTypeError, match="got10k, json"):
            parse_formats("abacus", more=("json",))


class TestParseNames:
    def test_nothing_is_refused(self):
        with pytest.raises(argparse.ArgumentTypeError, match="expected names"):
            parse_names(" , ")


class TestParseFractions:
    def test_numbers_with_blanks(self):
        assert parse_fractions("0.5, 0.7,1") == (0.5, 0.7, 1.0)

    @pytest.mark.parametrize("text", ["", "0", "1.1", "-0.5", "0.5,", "half", "nan"])
    def test_anything_else_is_refused(self, text):
        with pytest.raises(argparse.ArgumentTypeError, match="up to 1"):
            parse_fractions(text)


class TestFindPresetName:
    def read(self, *words):
        parser = argparse.ArgumentParser()
        add_tracker_options(parser)
        return find_preset_name(parser.parse_args([str(word) for word in words]))

    def test_nothing_chosen_is_what_suits_the_device(self, monkeypatch):
        found = self.read("--device", "cpu")
        assert found == choose_preset(torch.device("cpu")).preset == "base"
        monkeypatch.setattr(presets, "LEAST_FRAMES_PER_S", {"cpu": 1e6})
        assert self.read("--device", "cpu") == "lite"

    def test_chosen_weights_name_their_preset(self, weights_file):
        assert self.read("--weights", weights_file) == "lite"

    def test_a_name_is_kept(self):
        assert self.read("--preset", "paper") == "paper"
