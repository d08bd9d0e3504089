from __future__ import annotations

import ctypes
import sys

import pytest

from fcot_engine.tracker import keep_freed_memory


@pytest.fixture(autouse=True)
def asked_anew():
    keep_freed_memory.cache_clear()
    yield
    keep_freed_memory.cache_clear()


class TestKeepFreedMemory:
    def test_again_gives_the_same(self):
        assert keep_freed_memory() == keep_freed_memory()

    def test_other_systems_are_left_alone(self, monkeypatch):
        monkeypatch.setattr(sys, "platform", "darwin")
        monkeypatch.setattr(ctypes, "CDLL", lambda _: pytest.fail("was called"))
        assert keep_freed_memory() is False

    def test_c_library_without_the_setting(self, monkeypatch):
        monkeypatch.setattr(sys, "platform", "linux")
        monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
        assert keep_freed_memory() is False
