from __future__ import annotations

import importlib.util
import json
import sys

import pytest
import torch

from fcot_engine.cli import main
from fcot_engine.cli.info_command import can_open_window, read_version
from fcot_engine.errors import WeightsError


class TestInfo:
    def test_json(self, capsys):
        assert main(["info", "--json"]) == 0
        facts = json.loads(capsys.readouterr().out)
        assert torch.__version__.startswith(facts["versions"]["torch"])
        assert "lite" in facts["presets"] and facts["device"]

    def test_lines(self, capsys):
        assert main(["info"]) == 0
        shown = capsys.readouterr().out
        assert "torch" in shown and "preset lite" in shown

    def test_missing_weights_are_told_not_raised(self, monkeypatch, capsys):
        def fail(preset):
            raise WeightsError("The weights of preset 'lite' are not installed.")

        monkeypatch.setattr("fcot_engine.tracker.default_weights", fail)
        assert main(["info"]) == 0
        assert "not installed" in capsys.readouterr().out

    def test_what_a_weights_file_says_is_shown(self, monkeypatch, weights_file, capsys):
        monkeypatch.setattr(
            "fcot_engine.tracker.default_weights", lambda _: weights_file
        )
        assert main(["info", "--json"]) == 0
        told = json.loads(capsys.readouterr().out)["presets"]["lite"]
        assert told["weights"] == "untrained.safetensors"
        assert told["format"] and told["megabytes"] > 0.1


class TestReadVersion:
    def test_of_what_is_there(self):
        assert read_version("numpy").startswith("2.")

    def test_of_what_is_not_there(self):
        assert read_version("no-such-distribution") is None


class TestCanOpenWindow:
    @pytest.fixture(autouse=True)
    def linux_with_napari(self, monkeypatch):
        self.missing = set()
        monkeypatch.setattr(sys, "platform", "linux")
        monkeypatch.setattr(
            importlib.util,
            "find_spec",
            lambda name: None if name in self.missing else object(),
        )

    @pytest.mark.parametrize(
        ("environ", "expected"),
        [
            pytest.param({"DISPLAY": ":0"}, True, id="x11"),
            pytest.param({"WAYLAND_DISPLAY": "wayland-0"}, True, id="wayland"),
            pytest.param({}, False, id="no_screen"),
            pytest.param({"DISPLAY": ""}, False, id="empty_name"),
        ],
    )
    def test_screen_on_linux(self, environ, expected):
        assert can_open_window(environ) is expected

    def test_macos_has_a_screen(self, monkeypatch):
        monkeypatch.setattr(sys, "platform", "darwin")
        assert can_open_window({})

    def test_without_napari_there_is_no_window(self):
        self.missing = {"napari"}
        assert not can_open_window({"DISPLAY": ":0"})
