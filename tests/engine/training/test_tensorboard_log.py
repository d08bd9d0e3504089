from __future__ import annotations

import sys

import pytest

from fcot_engine.errors import TrainingError
from fcot_engine.training.tensorboard_log import TensorboardLog


def test_missing_package_is_named_with_the_way_out(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(TrainingError, match=r"napari-fcot\[tensorboard\]"):
        TensorboardLog(tmp_path)


def test_figures_are_curves_over_samples(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    log = TensorboardLog(tmp_path)
    log.add({"step": 1.0, "samples": 16.0, "total": 3.5})
    log.add({"step": 2.0, "samples": 32.0, "total": 2.5})
    log.close()
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    assert events.Tags()["scalars"] == ["total"]
    assert [(e.step, e.value) for e in events.Scalars("total")] == [
        (16, 3.5),
        (32, 2.5),
    ]
