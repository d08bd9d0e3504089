from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

DRIVER = Path(__file__).with_name("crash_driver.py")


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that fork")
def test_no_finished_edit_is_lost_when_the_process_is_killed(tmp_path):
    """60 kills at random moments of edits, runs and undo; the driver takes more."""
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(DRIVER), str(tmp_path), "60"],
        env={**os.environ, **one_thread},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["steps"] > 300
    assert seen["as it was"] + seen["one step on"] > 10
    assert seen["in a run"] > 3
