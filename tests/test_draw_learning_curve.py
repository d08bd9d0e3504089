"""The learning curve is drawn from the table, and the table is sound."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
HEADER = "name,samples,auc,p20,sr50\n"


@pytest.fixture
def script(monkeypatch):
    path = REPOSITORY / "scripts" / "draw_learning_curve.py"
    spec = importlib.util.spec_from_file_location("draw_learning_curve", path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "draw_learning_curve", module)
    spec.loader.exec_module(module)
    return module


class TestReadTable:
    def test_points_and_peers(self, script, tmp_path):
        path = tmp_path / "table.csv"
        path.write_text(f"{HEADER}lite,0,0.5,,\npeer,,0.6,0.7,0.8\n")
        point, peer = script.read_table(path)
        assert (point.samples, point.figures) == (0, {"auc": 0.5})
        assert peer.samples is None and peer.figures["sr50"] == 0.8

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            pytest.param("name,samples,auc\n", "must have the columns", id="columns"),
            pytest.param(f"{HEADER}lite,many,0.5,,\n", "Line 2", id="samples"),
            pytest.param(f"{HEADER}lite,1,61.5,,\n", "figures from 0 to 1", id="range"),
            pytest.param(f"{HEADER},1,0.5,,\n", "needs a name", id="name"),
        ],
    )
    def test_wrong_tables_are_refused(self, script, tmp_path, text, message):
        path = tmp_path / "table.csv"
        path.write_text(text)
        with pytest.raises(ValueError, match=message):
            script.read_table(path)

    def test_own_table_can_be_read(self, script):
        rows = script.read_table(REPOSITORY / "docs" / "learning_curve.csv")
        curves = {}
        for row in rows:
            if row.samples is not None:
                curves.setdefault(row.name, []).append(row.samples)
        assert {"lite", "base"} <= curves.keys()
        for samples in curves.values():
            assert samples == sorted(set(samples)) and len(samples) >= 2


class TestDrawCurve:
    def test_picture_has_every_row(self, script, tmp_path, monkeypatch):
        table, out = tmp_path / "table.csv", tmp_path / "new" / "curve.svg"
        table.write_text(
            f"{HEADER}ours,9,0.5,0.5,0.5\nours,0,0.2,0.2,0.2\npeer,,0.6,0.7,0.8\n"
        )
        words = ["draw_learning_curve.py", str(table), "--out", str(out)]
        monkeypatch.setattr(sys, "argv", words)
        script.main()
        text = out.read_text(encoding="utf-8")
        assert text.count("<!-- ours -->") == text.count("<!-- peer -->") == 3

    def test_forecasts_are_drawn_and_told(self, script, tmp_path, monkeypatch, capsys):
        table, out = tmp_path / "table.csv", tmp_path / "curve.svg"
        table.write_text(
            f"{HEADER}ours,1000,0.4,,\nours,10000,0.6,,\nother,500,0.3,,\n"
        )
        words = ["draw_learning_curve.py", str(table), "--out", str(out)]
        words += ["--next", "ours=20000", "--next", "other=1000"]
        monkeypatch.setattr(sys, "argv", words)
        script.main()
        first, second = capsys.readouterr().out.splitlines()
        assert first.startswith(
            "ours: From 10000 to 20000 samples the line gains +0.060"
        )
        assert second.startswith("other: cannot be told.")
        assert "expected (95 %)" in out.read_text(encoding="utf-8")
