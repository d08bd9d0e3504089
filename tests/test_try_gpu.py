"""The GPU script gives all its parts, whatever is missing and whatever fails."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "try_gpu.py"
MISSING = ["lazy_loader", "platformdirs", "rich", "av", "matplotlib", "napari"]

RUN_BARE = """
import runpy, sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in MISSING:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocker())
sys.argv = ["try_gpu.py", "--tiny", "--out", OUT]
runpy.run_path(SCRIPT, run_name="__main__")
"""


@pytest.fixture
def script(monkeypatch):
    spec = importlib.util.spec_from_file_location("try_gpu", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "try_gpu", module)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_tiny_run_gives_all_parts(tmp_path):
    out = tmp_path / "tiny.json"
    values = f"MISSING, OUT, SCRIPT = {MISSING!r}, {str(out)!r}, {str(SCRIPT)!r}\n"
    ran = subprocess.run(
        [sys.executable, "-c", values + RUN_BARE],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert ran.returncode == 0, ran.stderr
    parts = json.loads(out.read_text(encoding="utf-8"))
    states = {name: facts["state"] for name, facts in parts.items()}
    on_cuda_only = {"upload", "cuda_graph.lite", "cuda_graph.paper"}
    skipped = {name for name in states if states[name] == "skipped"}
    assert skipped == {*on_cuda_only, "compile.paper"}
    assert {parts[name]["reason"] for name in on_cuda_only} == {"no CUDA"}
    assert [name for name in states if states[name] == "failed"] == []
    kinds = ["parity", "speed_1", "speed_2", "half", "half_tracking", "compile"]
    models = [f"{kind}.{name}" for kind in kinds for name in ("lite", "paper")]
    assert set(states) == {"device", "deform_conv", *models, *on_cuda_only}
    assert parts["device"]["replaced"] == ["lazy_loader", "platformdirs"]
    assert "rich" in parts["device"]["missing"]
    for name in ("lite", "paper"):
        assert parts[f"parity.{name}"]["boxes"]["least_iou"] == 1
    difference = parts["compile.lite"]["difference"]
    assert all(facts["max"] < 1e-3 for facts in difference.values())
    for name, facts in parts["deform_conv"].items():
        if "x" in name:
            assert facts["max_difference"] < 1e-5 * facts["largest"]


class TestReport:
    def test_failure_of_a_part_loses_nothing_of_the_rest(self, script, tmp_path):
        report = script.Report(tmp_path / "gpu.json", limit_s=100)
        report.add("first", lambda: {"answer": 1})
        report.add("second", lambda: 1 / 0)
        report.add("third", lambda: {"answer": 3})
        parts = json.loads((tmp_path / "gpu.json").read_text(encoding="utf-8"))
        assert [facts["state"] for facts in parts.values()] == [
            "done",
            "failed",
            "done",
        ]
        assert "ZeroDivisionError" in parts["second"]["error"]

    def test_no_part_begins_after_the_limit(self, script, tmp_path):
        report = script.Report(tmp_path / "gpu.json", limit_s=-1)
        report.add("late", lambda: {"answer": 1})
        parts = json.loads((tmp_path / "gpu.json").read_text(encoding="utf-8"))
        assert parts["late"]["state"] == "skipped"
        assert report.count() == {"skipped": 1}
