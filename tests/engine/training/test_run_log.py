from __future__ import annotations

import pytest

from fcot_engine.errors import TrainingError
from fcot_engine.training.run_log import RunLog, read_log


def test_rows_come_back(tmp_path):
    log = RunLog(tmp_path / "log.csv", after_step=0)
    log.add({"step": 1, "total": 0.5})
    log.add({"step": 2, "total": 0.25})
    assert read_log(tmp_path / "log.csv") == [
        {"step": 1, "total": 0.5},
        {"step": 2, "total": 0.25},
    ]


def test_new_column_is_added_behind(tmp_path):
    log = RunLog(tmp_path / "log.csv", after_step=0)
    log.add({"step": 1})
    log.add({"step": 2, "extra": 7})
    assert read_log(tmp_path / "log.csv") == [{"step": 1}, {"step": 2, "extra": 7}]
    assert (tmp_path / "log.csv").read_text().splitlines()[0] == "step,extra"


def test_rows_after_the_checkpoint_are_dropped(tmp_path):
    log = RunLog(tmp_path / "log.csv", after_step=0)
    for step in (1, 2, 3):
        log.add({"step": step})
    RunLog(tmp_path / "log.csv", after_step=2).add({"step": 3, "again": 1})
    rows = read_log(tmp_path / "log.csv")
    assert [row["step"] for row in rows] == [1, 2, 3]
    assert "again" in rows[-1]


def test_foreign_file_is_an_error(tmp_path):
    (tmp_path / "log.csv").write_text("step\nhello\n")
    with pytest.raises(TrainingError, match="cannot be read"):
        RunLog(tmp_path / "log.csv", after_step=0)
