from __future__ import annotations

import ctypes
import sys
from pathlib import Path

import pytest

from fcot_engine.training.memory_return import give_back_freed_memory


def resident_bytes():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc alone has it")
def test_freed_pieces_go_back_to_the_system():
    if not hasattr(ctypes.CDLL(None), "malloc_trim"):
        pytest.skip("this C library has no malloc_trim")
    pieces = [b"x" * 100_000 for _ in range(1000)]
    kept = pieces[::10]  # what stays between keeps the heap from shrinking by itself
    before = resident_bytes()
    del pieces
    give_back_freed_memory()
    assert resident_bytes() < before - 50_000_000
    assert len(kept) == 100


def test_other_systems_are_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    assert not give_back_freed_memory()
