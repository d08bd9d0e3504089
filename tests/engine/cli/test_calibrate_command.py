from __future__ import annotations

import json

import numpy as np
import pytest

from fcot_engine.cli import main

HEADER = "sequence,frame,score,peak,second_ratio,size_change,verdict,iou,x,y,w,h"


@pytest.fixture
def records(tmp_path):
    """Two sequences in which a high peak mostly says that the box is right."""
    rng = np.random.default_rng(0)
    lines = [HEADER]
    for name in ("one", "two"):
        for frame in range(1, 200):
            peak = rng.random()
            iou = 0.8 if rng.random() < peak else 0.2
            lines.append(
                f"{name},{frame},{peak:.3f},{peak:.3f},0.1,0.01,found,{iou},0,0,9,9"
            )
    path = tmp_path / "frames.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


class TestCalibrate:
    def test_figures_table_and_settings(self, records, capsys):
        assert main(["calibrate", str(records)]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[0] == "Fitted on 1 sequences: one"
        assert lines[1].startswith("Held out 1 sequences, 199 frames")
        assert lines[3].split()[-3:] == ["Brier", "ECE", "AUROC"]
        assert [line.split()[0] for line in lines[8:18]] == [
            f"{tenth / 10:.1f}" for tenth in range(10)
        ]
        assert "--set calibration.is_fitted=true --set calibration.bias=" in lines[-1]

    def test_files(self, records, tmp_path, capsys):
        plot, out = tmp_path / "new" / "plot.svg", tmp_path / "new" / "fit.json"
        words = ["--plot", str(plot), "--out", str(out), "--json"]
        assert main(["calibrate", str(records), *words]) == 0
        assert json.loads(capsys.readouterr().out) == json.loads(out.read_text("utf-8"))
        assert "<svg " in plot.read_text("utf-8")

    def test_too_few_records_are_one_line(self, records, tmp_path, refused):
        refused("calibrate", tmp_path / "none.csv")
        lines = records.read_text("utf-8").splitlines()[:100]
        records.write_text("\n".join(lines), encoding="utf-8")
        assert "at least 2 sequences" in refused("calibrate", records)
