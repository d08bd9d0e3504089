from __future__ import annotations

import json
from typing import get_args

import pytest

from fcot_engine.cli import main
from fcot_engine.cli.eval_command import EFFORT_MODES
from fcot_engine.evaluation import (
    AnnotationReport,
    EffortMode,
    EvaluationReport,
    read_records,
)

N_FRAMES = 12
FAST = [
    "--set=search.patch_size=96",
    "--set=augmentation.box_patch_size=96",
    "--set=augmentation.box_samples=2",
    "--set=classification.first_iterations=1",
    "--set=regression.first_iterations=5",
]
"""For a tiny network."""


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
        box = pytest.approx(100 / N_FRAMES)
        assert mean["effort"] == {"0.5": box, "0.7": box}

    def test_effort_for_one_iou(self, root, fake_tracker, capsys):
        words = ["--effort", "--effort-mode", "restart", "--taus", "0.6", "--json"]
        assert main(["eval", str(root), *words]) == 0
        facts = json.loads(capsys.readouterr().out)
        assert list(facts["mean"]["effort"]) == ["0.6"]
        assert facts["effort_mode"] == "restart"

    def test_every_mode_of_the_engine_can_be_asked_for(self):
        assert get_args(EffortMode) == EFFORT_MODES

    def test_interpolation_needs_no_tracker(self, root, fake_tracker, capsys):
        fake_tracker.init = fake_tracker.track = pytest.fail
        assert main(["eval", str(root), "--effort", "--effort-mode", "linear"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[0].split() == ["sequence", "frames", "effort@0.5", "effort@0.7"]
        assert lines[-1].endswith("mode linear")

    @pytest.mark.parametrize(
        ("mode", "changes"),
        [
            ("teach", {}),
            ("classifier-only", {"regression.learn_corrections": False}),
        ],
    )
    def test_mode_changes_the_trackers_settings(
        self, root, fake_tracker, capsys, mode, changes
    ):
        main(["eval", str(root), "--effort", "--effort-mode", mode])
        assert fake_tracker.options["settings"] == changes

    def test_records_are_written(self, root, fake_tracker, tmp_path):
        path = tmp_path / "frames.csv"
        assert main(["eval", str(root), "--records", str(path)]) == 0
        records = read_records(path)
        assert len(records) == 2 * (N_FRAMES - 1)
        assert {record.verdict for record in records} == {"found"}

    def test_figures_are_written(self, root, fake_tracker, tmp_path):
        path = tmp_path / "new" / "figures.json"
        main(["eval", str(root), "--out", str(path)])
        report = EvaluationReport.from_json(path.read_text(encoding="utf-8"))
        assert [score.name for score in report.scores] == ["one", "two"]
        assert [p.name for p in path.parent.iterdir()] == ["figures.json"]

    def test_ctrl_c_shows_what_is_complete(self, root, fake_tracker, capsys):
        fake_tracker.interrupt_at = N_FRAMES + 3  # in the second one
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
            pytest.param("--sequences three", "no sequence three", id="name"),
            pytest.param("--ablation V", "no ablation table 'V'", id="table"),
            pytest.param("--max-frames 1", "At least 2 frames", id="frames"),
            pytest.param(
                "--ablation I --effort",
                "--ablation and --effort are measured one at a time",
                id="ablation_and_effort",
            ),
            pytest.param("--settings got", "no settings 'got'", id="settings"),
            pytest.param(
                "--ablation I --records x.csv",
                "--ablation and --records are measured one at a time",
                id="ablation_and_records",
            ),
            pytest.param(
                "--effort --effort-mode linear --records x.csv",
                "Nothing is tracked",
                id="records_of_nothing",
            ),
            pytest.param("--annotate --annotate-mode magic", "no annotator", id="mode"),
            pytest.param("--annotate --effort", "one at a time", id="effort"),
            pytest.param("--annotate --ablation I", "one at a time", id="ablation"),
            pytest.param("--annotate --records x.csv", "one at a time", id="records"),
            pytest.param("--annotate --max-frames 1", "At least 2", id="few_frames"),
        ],
    )
    def test_bad_input_is_one_line(self, root, fake_tracker, refused, words, message):
        assert message in refused("eval", root, *words.split())

    def test_figures_are_shown_that_cannot_be_written(self, root, fake_tracker, capsys):
        assert main(["eval", str(root), "--out", str(root / "one")]) == 1
        shown = capsys.readouterr()
        assert "mean" in shown.out and "cannot be written" in shown.err

    def test_missing_root_is_one_line(self, tmp_path, fake_tracker, refused):
        assert "is not a folder" in refused("eval", tmp_path / "nowhere")

    def test_unknown_setting_is_one_line(self, root, weights_file, refused):
        words = ["--weights", weights_file, "--set", "regression.blnd=1"]
        assert "did you mean regression.blend" in refused("eval", root, *words)


class TestAblation:
    def test_table_in_the_papers_shape(self, root, fake_tracker, capsys):
        words = ["--ablation", "II", "--preset", "lite"]
        assert main(["eval", str(root), *words]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[0].startswith("Table II.")
        assert lines[1].split()[:2] == ["Init-Filter", "Init-Rect"]
        assert lines[1].split()[-3:] == ["AUC", "P20", "SR50"]
        assert lines[6].split() == ["x", "x", "x", "0.952", "1.000", "1.000"]
        assert "preset: lite, weights: shipped" in lines[-2]

    def test_each_complete_run_is_on_disk(self, root, fake_tracker, capsys, tmp_path):
        path = tmp_path / "table.json"
        fake_tracker.interrupt_at = 2 * (N_FRAMES - 1) + 4  # in the second run
        words = ["--ablation", "II", "--out", str(path), "--json"]
        assert main(["eval", str(root), *words]) == 130
        captured = capsys.readouterr()
        assert "Interrupted after 1 runs." in captured.err
        assert json.loads(captured.out) == json.loads(path.read_text("utf-8"))
        rows = json.loads(captured.out)["tables"][0]["rows"]
        assert [row["mean"] is not None for row in rows] == [True, False, False, False]

    def test_changed_settings_are_under_the_rows(self, root, fake_tracker, capsys):
        seen = []
        init = fake_tracker.init

        def remember(*args, **options):
            seen.append(fake_tracker.options["settings"])
            return init(*args, **options)

        fake_tracker.init = remember
        words = ["--sequences", "one", "--set", "regression.size_gain=1"]
        main(["eval", str(root), "--ablation", "IV", *words])
        assert len(seen) == 11
        assert {options["regression.size_gain"] for options in seen} == {"1"}
        assert seen[3]["regression.blend"] == pytest.approx(0.3)
        assert "settings: regression.size_gain=1" in capsys.readouterr().out

    @pytest.mark.slow
    def test_tiny_network_runs_every_row_of_two_tables(
        self, root, weights_file, capsys
    ):
        words = [*FAST, "--set=regression.update_interval=2"]
        words += ["--weights", str(weights_file), "--device", "cpu"]
        words += ["--sequences", "one", "--max-frames", "3", "--json"]
        runs = {}
        for table in ("I", "III"):
            assert main(["eval", str(root), "--ablation", table, *words]) == 0
            (facts,) = json.loads(capsys.readouterr().out)["tables"]
            runs[table] = [row["mean"] for row in facts["rows"]]
        assert [len(rows) for rows in runs.values()] == [5, 11]
        assert all(0 <= row["auc"] <= 1 for rows in runs.values() for row in rows)


class TestAnnotate:
    def test_table_of_all_modes(self, root, fake_tracker, capsys):
        assert main(["eval", str(root), "--annotate"]) == 0
        lines = [line.split() for line in capsys.readouterr().out.splitlines()]
        assert lines[0][:6] == ["sequence", "frames", "mode", "A", "B", "C"]
        means = {line[2]: line[3:6] for line in lines if line[0] == "mean"}
        one, two = ["8.33"] * 3, ["16.67"] * 3  # boxes in 12 frames
        assert means == {
            "worklist": one,
            "in-order": one,
            "restart": one,
            "linear": two,
        }

    def test_figures_are_written(self, root, fake_tracker, tmp_path, capsys):
        path = tmp_path / "boxes.json"
        words = ["--annotate", "--annotate-mode", "worklist,linear", "--json"]
        words += ["--max-frames", "6", "--out", str(path)]
        assert main(["eval", str(root), *words]) == 0
        report = AnnotationReport.from_json(path.read_text("utf-8"))
        assert report.modes == ["worklist", "linear"]
        assert {sequence.n_frames for sequence in report.sequences} == {6}
        assert report.facts["frames each"] == 6
        assert json.loads(capsys.readouterr().out) == json.loads(report.to_json())

    def test_interpolation_needs_no_tracker(self, root, fake_tracker):
        fake_tracker.init = fake_tracker.track = pytest.fail
        words = ["--annotate", "--annotate-mode", "linear"]
        assert main(["eval", str(root), *words]) == 0

    def test_ctrl_c_keeps_what_is_complete(self, root, fake_tracker, tmp_path, capsys):
        path = tmp_path / "boxes.json"
        fake_tracker.interrupt_at = N_FRAMES + 3  # in the second one
        words = ["--annotate", "--annotate-mode", "in-order", "--out", str(path)]
        assert main(["eval", str(root), *words]) == 130
        assert "Interrupted after 1 sequences." in capsys.readouterr().err
        report = AnnotationReport.from_json(path.read_text("utf-8"))
        assert [sequence.name for sequence in report.sequences] == ["one"]

    def test_ctrl_c_before_anything_is_complete(self, root, fake_tracker, capsys):
        fake_tracker.interrupt_at = 2
        assert main(["eval", str(root), "--annotate"]) == 130
        assert capsys.readouterr().out == ""

    def test_tiny_network_works_with_a_session(self, root, weights_file, capsys):
        words = [*FAST, "--weights", str(weights_file), "--device", "cpu", "--json"]
        words += ["--sequences", "one", "--max-frames", "6", "--annotate"]
        assert main(["eval", str(root), *words]) == 0
        (sequence,) = json.loads(capsys.readouterr().out)["sequences"]
        counts = {o["mode"]: o["n_boxes"] for o in sequence["outcomes"]}
        assert list(counts) == ["worklist", "in-order", "restart", "linear"]
        assert all(1 <= count <= 2 for count in counts.values())
