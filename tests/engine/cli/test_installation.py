from __future__ import annotations

import importlib.util
import sys

import pytest

from fcot_engine.cli.installation import can_open_window, read_version


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
