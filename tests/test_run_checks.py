"""The runner of all checks counts rightly and hides no crash."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "run_checks.py"

MIXED = """
import pytest

def test_passes(): pass
def test_fails(): assert False
@pytest.mark.skip(reason="shown")
def test_skipped(): pass
@pytest.fixture
def broken(): raise ValueError
def test_errs(broken): pass
"""
CRASH = "import os\ndef test_passes(): pass\ndef test_crash(): os.abort()\n"
PASS = "def test_passes(): pass\n"


@pytest.fixture
def checks(tmp_path, monkeypatch):
    """The script as a module that works on an empty folder."""
    spec = importlib.util.spec_from_file_location("run_checks", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "run_checks", module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "REPOSITORY", tmp_path)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return module


def window_test(checks, name: str, text: str) -> None:
    folder = checks.REPOSITORY / checks.WINDOW_TESTS
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


class TestRunWindows:
    def test_counts_each_outcome(self, checks):
        window_test(checks, "test_mixed.py", MIXED)
        assert checks.run_windows() == Counter(passed=1, failed=1, skipped=1, errors=1)

    def test_crash_is_an_error_and_hides_no_other_file(self, checks):
        window_test(checks, "test_a_crash.py", CRASH)
        window_test(checks, "test_b_pass.py", PASS)
        assert checks.run_windows() == Counter(passed=1, errors=1)

    def test_no_files_are_an_error(self, checks):
        assert checks.run_windows()["errors"] == 1

    def test_file_without_tests_is_an_error(self, checks):
        window_test(checks, "test_empty.py", "")
        assert checks.run_windows()["errors"] == 1

    def test_endless_test_is_stopped(self, checks, monkeypatch):
        monkeypatch.setattr(checks, "TIME_LIMIT_S", 0.5)
        window_test(checks, "test_slow.py", "import time\ntime.sleep(60)\n")
        assert checks.run_windows()["errors"] == 1


class TestMain:
    def test_all_steps_run_after_a_failure(self, checks, monkeypatch, capsys):
        steps = {
            "bad": lambda: Counter(errors=1),
            "good": lambda: Counter(passed=3, skipped=1),
        }
        monkeypatch.setattr(checks, "STEPS", steps)
        assert checks.main([]) == 1
        *_, bad, good, summary = capsys.readouterr().out.splitlines()
        assert bad.split() == ["bad", "FAILED"]
        assert good.split() == ["good", "ok"]
        assert summary.startswith("==== 3 passed, 1 skipped, 1 errors in ")

    def test_success_is_status_0(self, checks, monkeypatch):
        monkeypatch.setattr(checks, "STEPS", {"good": lambda: Counter(passed=1)})
        assert checks.main([]) == 0

    def test_unknown_step_is_named(self, checks, capsys):
        assert checks.main(["lynt"]) == 2
        assert "unknown step 'lynt'" in capsys.readouterr().out
