from __future__ import annotations

import sys

import pytest

from fcot_engine.errors import TrainingError
from fcot_engine.training import read_log
from fcot_engine.training.run_log import RunLog


def test_rows_come_back_and_a_new_column_is_added_behind(tmp_path):
    log = RunLog(tmp_path)
    log.add({"step": 1, "samples": 8, "total": 0.5})
    log.add({"step": 2, "samples": 16, "total": 0.25, "extra": 7})
    log.add({"step": 3, "samples": 24, "total": 0.125, "extra": 8})
    assert read_log(log.path) == [
        {"step": 1, "samples": 8, "total": 0.5},
        {"step": 2, "samples": 16, "total": 0.25, "extra": 7},
        {"step": 3, "samples": 24, "total": 0.125, "extra": 8},
    ]
    assert log.path.read_text().splitlines()[0] == "step,samples,total,extra"


def test_rows_after_the_checkpoint_are_dropped(tmp_path):
    log = RunLog(tmp_path)
    for step in (1, 2, 3):
        log.add({"step": step})
    RunLog(tmp_path, after_step=2).add({"step": 3, "again": 1})
    rows = read_log(log.path)
    assert [row["step"] for row in rows] == [1, 2, 3]
    assert "again" in rows[-1]


def test_foreign_file_is_an_error(tmp_path):
    (tmp_path / "log.csv").write_text("step\nhello\n")
    with pytest.raises(TrainingError, match="cannot be read"):
        RunLog(tmp_path)


def test_curves_are_drawn_at_the_end(tmp_path):
    log = RunLog(tmp_path)
    log.add({"step": 1, "samples": 8, "total": float("nan")})
    log.add({"step": 2, "samples": 16, "total": 0.25, "extra": 7})
    log.close()
    assert (tmp_path / "log.png").stat().st_size > 1000


def test_without_matplotlib_there_are_no_curves(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    log = RunLog(tmp_path)
    log.add({"step": 1, "samples": 8, "total": 1.0})
    log.add({"step": 2, "samples": 16, "total": 0.25})
    log.close()
    assert not (tmp_path / "log.png").exists()


class TestTensorboard:
    def test_missing_package_is_named_with_the_way_out(self, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
        with pytest.raises(TrainingError, match=r"napari-fcot\[tensorboard\]"):
            RunLog(tmp_path, tensorboard=True)

    def test_figures_are_curves_over_samples(self, tmp_path):
        from tensorboard.backend.event_processing.event_accumulator import (
            EventAccumulator,
        )

        log = RunLog(tmp_path, tensorboard=True)
        log.add({"step": 1.0, "samples": 16.0, "total": 3.5})
        log.add({"step": 2.0, "samples": 32.0, "total": 2.5})
        log.close()
        events = EventAccumulator(str(tmp_path / "tensorboard"))
        events.Reload()
        assert events.Tags()["scalars"] == ["total"]
        found = [(e.step, e.value) for e in events.Scalars("total")]
        assert found == [(16, 3.5), (32, 2.5)]
