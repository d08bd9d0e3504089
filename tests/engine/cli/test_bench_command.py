from __future__ import annotations

import json
import sys
from types import SimpleNamespace

import pytest
import torch

from fcot_engine.cli import main

BOX = "--box=8,20,16,12"
FIGURES = {"steps", "frames_per_s", "mean_ms", "median_ms", "p95_ms", "p99_ms"}


class FakeCsrt:
    """OpenCV's interface; loses the target at once."""

    def init(self, frame, box):
        assert frame.flags.c_contiguous and all(isinstance(v, int) for v in box)

    def update(self, frame):
        return False, (0, 0, 0, 0)


@pytest.fixture
def fake_opencv(monkeypatch):
    """OpenCV with CSRT and nothing else."""
    state = {"threads": 7}
    cv2 = SimpleNamespace(
        __version__="9.0",
        error=RuntimeError,
        TrackerCSRT_create=FakeCsrt,
        getNumThreads=lambda: state["threads"],
        setNumThreads=lambda count: state.update(threads=count),
    )
    monkeypatch.setitem(sys.modules, "cv2", cv2)
    return cv2


@pytest.fixture
def bench(images, fake_tracker, capsys):
    """Measure the moving square, quickly, and return what is printed."""

    def run(*words):
        quick = ["--preset=lite", "--device=cpu", "--frames=6", "--repeats=2"]
        assert main(["bench", str(images), BOX, *quick, *words]) == 0
        return capsys.readouterr().out

    return run


class TestBench:
    def test_json_has_all_figures(self, bench):
        facts = json.loads(bench("--json"))
        assert {"cpu", "threads", "torch", "version", "commit"} <= set(facts["machine"])
        assert set(facts["video"]["decode"]) == FIGURES
        (run,) = facts["runs"]
        assert (run["preset"], run["device"], run["targets"]) == ("lite", "cpu", 1)
        assert run["device_name"] == "CPU (fake)"
        for part, steps in (("track", 12), ("first_box", 2), ("correction", 2)):
            assert set(run[part]) == FIGURES and run[part]["steps"] == steps
        assert list(run["stages"]) == [
            "decode",
            "upload",
            "cut",
            "network",
            "filters",
            "box",
            "learning",
            "other",
        ]
        assert run["memory_bytes"]["tracker"] == 2**20
        assert run["ratio"] == {} and "long" not in run
        assert facts["presets"] == {"lite": run}

    def test_targets_and_score_maps_are_measured_each(self, bench):
        runs = json.loads(bench("--json", "--targets=1,3", "--score-maps"))["runs"]
        assert [(run["targets"], run["score_maps"]) for run in runs] == [
            (1, False),
            (3, False),
            (1, True),
            (3, True),
        ]

    def test_tables(self, bench):
        lines = bench("--targets=1,4").splitlines()
        assert any(line.startswith("lite x4 cpu, first box") for line in lines)
        assert any("network" in line and "learning" in line for line in lines)

    def test_progress_goes_to_stderr(self, images, fake_tracker, capsys):
        words = ["--preset=lite", "--frames=2", "--repeats=1", "--json"]
        assert main(["bench", str(images), BOX, *words]) == 0
        assert "24/24" in capsys.readouterr().err

    def test_interruption_keeps_what_is_complete(self, images, fake_tracker, capsys):
        fake_tracker.interrupt_at = 50
        words = ["--preset=lite,lite", "--frames=6", "--repeats=2", "--json"]
        assert main(["bench", str(images), BOX, *words]) == 130
        shown = capsys.readouterr()
        assert len(json.loads(shown.out)["runs"]) == 1
        assert "Interrupted" in shown.err

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            pytest.param([BOX], "--box belongs to a video", id="box_alone"),
            pytest.param(["clip.mp4"], "add --box", id="video_alone"),
            pytest.param(["--plot=a.svg"], "--long", id="plot_of_nothing"),
            pytest.param(["--long=19"], "at least 20", id="short"),
            pytest.param(["--preset=huge"], "no preset 'huge'", id="preset"),
            pytest.param(["--device=moon"], "device must be", id="device"),
        ],
    )
    def test_wrong_options(self, words, told, refused):
        assert told in refused("bench", *words)


class TestLong:
    def test_a_line_for_each_twentieth(self, bench):
        (run,) = json.loads(bench("--long=40", "--json"))["runs"]
        assert [block["last_frame"] for block in run["long"]] == [*range(2, 41, 2)]
        assert run["long"][0]["tracker"] == 2**20

    def test_plot(self, bench, tmp_path):
        path = tmp_path / "new" / "long.svg"
        bench("--long=20", f"--plot={path}")
        assert path.read_text().startswith("<?xml")


class TestAgainst:
    def test_ratio(self, bench, fake_opencv):
        facts = json.loads(bench("--against=csrt", "--targets=2", "--json"))
        (run,) = facts["runs"]
        assert run["ratio"]["csrt"] > 0
        low, high = run["ratio_quartiles"]["csrt"]
        assert 0 < low <= high
        assert run["peers"]["csrt"]["steps"] == run["track"]["steps"]
        assert facts["machine"]["opencv"] == "9.0"

    def test_without_opencv(self, refused, monkeypatch):
        monkeypatch.setitem(sys.modules, "cv2", None)
        line = refused("bench", "--against=csrt")
        assert "pip install opencv-contrib-python-headless" in line

    def test_opencv_without_the_tracker(self, refused, fake_opencv):
        del fake_opencv.TrackerCSRT_create
        line = refused("bench", "--against=csrt")
        assert "9.0" in line and "opencv-contrib-python-headless" in line

    def test_legacy_trackers_count(self, bench, fake_opencv):
        del fake_opencv.TrackerCSRT_create
        fake_opencv.legacy = SimpleNamespace(TrackerCSRT_create=FakeCsrt)
        (run,) = json.loads(bench("--against=csrt", "--json"))["runs"]
        assert "csrt" in run["ratio"]

    def test_nano_needs_its_files(self, refused, fake_opencv, tmp_path):
        fake_opencv.TrackerNano_create = FakeCsrt
        assert "--nano-model" in refused("bench", "--against=nano")
        words = ["--against=nano", "--nano-model", tmp_path]
        assert "nanotrack_backbone_sim.onnx" in refused("bench", *words)

    def test_unknown_tracker(self, refused):
        assert "csrt, nano" in refused("bench", "--against=best")


class TestThreads:
    def test_are_as_before_at_the_end(self, bench, fake_opencv):
        before = torch.get_num_threads()
        asked = before + 1
        facts = json.loads(bench(f"--threads={asked}", "--against=csrt", "--json"))
        assert facts["machine"]["threads"] == asked
        assert facts["machine"]["opencv_threads"] == asked
        assert torch.get_num_threads() == before
        assert fake_opencv.getNumThreads() == 7
