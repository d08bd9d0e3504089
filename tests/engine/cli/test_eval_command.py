from __future__ import annotations

import json

import pytest

from fcot_engine.cli import main
from fcot_engine.evaluation import EvaluationReport

N_FRAMES = 12


@pytest.fixture
def root(tmp_path, make_images):
    """Two sequences of the moving square."""
    folder = tmp_path / "root"
    for name in ("one", "two"):
        make_images(folder / name / "img")
        lines = [f"{8 + 4 * i},20,16,12" for i in range(N_FRAMES)]
        (folder / name / "groundtruth.txt").write_text("\n".join(lines), "utf-8")
    return folder


class TestEval:
    def test_table(self, root, fake_tracker, capsys):
        assert main(["eval", str(root)]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[0].split() == [
            "sequence",
            "frames",
            "AUC",
            "P20",
            "SR50",
            "frames/s",
        ]
        assert [line.split()[0] for line in lines[2:4]] == ["one", "two"]
        assert lines[-1].split()[:5] == ["mean", "24", "0.952", "1.000", "1.000"]

    def test_json(self, root, fake_tracker, capsys):
        assert main(["eval", str(root), "--sequences", "two", "--json"]) == 0
        facts = json.loads(capsys.readouterr().out)
        assert [row["name"] for row in facts["sequences"]] == ["two"]
        assert facts["mean"]["auc"] == pytest.approx(20 / 21)

    def test_effort(self, root, fake_tracker, capsys):
        assert main(["eval", str(root), "--effort", "--json"]) == 0
        mean = json.loads(capsys.readouterr().out)["mean"]
        assert mean["effort_50"] == mean["effort_70"] == pytest.approx(100 / N_FRAMES)

    def test_figures_are_written(self, root, fake_tracker, tmp_path):
        path = tmp_path / "new" / "figures.json"
        main(["eval", str(root), "--out", str(path)])
        report = EvaluationReport.from_json(path.read_text(encoding="utf-8"))
        assert [score.name for score in report.scores] == ["one", "two"]
        assert [p.name for p in path.parent.iterdir()] == ["figures.json"]

    def test_ctrl_c_shows_what_is_complete(self, root, fake_tracker, capsys):
        track = fake_tracker.track
        calls = []

        def track_until_the_second(frame):
            calls.append(1)
            if len(calls) == N_FRAMES + 3:
                raise KeyboardInterrupt
            return track(frame)

        fake_tracker.track = track_until_the_second
        assert main(["eval", str(root), "--json"]) == 130
        captured = capsys.readouterr()
        rows = json.loads(captured.out)["sequences"]
        assert [row["name"] for row in rows] == ["one"]
        assert "Interrupted after 1 sequences." in captured.err

    def test_ctrl_c_before_anything_is_complete(self, root, fake_tracker, capsys):
        fake_tracker.interrupt_at = 2
        assert main(["eval", str(root)]) == 130
        assert capsys.readouterr().out == ""

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            pytest.param(["--sequences", "three"], "no sequence three", id="name"),
            pytest.param(["--out", "{root}/one"], "cannot be written", id="out"),
        ],
    )
    def test_bad_input_is_one_line(self, root, fake_tracker, capsys, words, message):
        words = [word.format(root=root) for word in words]
        assert main(["eval", str(root), *words]) == 1
        last = capsys.readouterr().err.splitlines()[-1]
        assert last.startswith("fcot eval: ") and message in last

    def test_missing_root_is_one_line(self, tmp_path, fake_tracker, capsys):
        assert main(["eval", str(tmp_path / "nowhere")]) == 1
        assert "is not a folder" in capsys.readouterr().err
