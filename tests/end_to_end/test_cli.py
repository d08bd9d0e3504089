"""The `fcot` command as a program of its own, with the real network."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from fcot_engine import cli

pytestmark = pytest.mark.slow

N_FRAMES = 5
BOX = "30,24,40,32"


def run_fcot(*words, cwd):
    environ = {name: text for name, text in os.environ.items() if "DISPLAY" not in name}
    return subprocess.run(
        [sys.executable, "-m", "fcot_engine.cli", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
        cwd=cwd,
        env=environ,
    )


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Weights of an untrained network: enough for everything but accuracy."""
    import torch

    from fcot_engine.model import LiteNet, save_network

    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "untrained.safetensors"
    save_network(LiteNet(), path)
    return path


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """A textured patch that moves 3 px a frame over another texture, as mp4."""
    import av

    rng = np.random.default_rng(0)
    ground = np.kron(rng.integers(0, 120, (24, 40, 3)), np.ones((8, 8, 1)))
    patch = np.kron(rng.integers(120, 255, (8, 10, 3)), np.ones((4, 4, 1)))
    path = tmp_path_factory.mktemp("video") / "patch.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 192, "yuv420p"
        for index in range(N_FRAMES):
            frame = ground.astype(np.uint8)
            frame[24:56, 30 + 3 * index : 70 + 3 * index] = patch
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def tracked(video, weights, tmp_path_factory):
    """`fcot track` on the video: what it printed, and its folder."""
    folder = tmp_path_factory.mktemp("tracked")
    words = ["track", video, "--box", BOX, "--weights", weights, "--out", "boxes"]
    return run_fcot(*words, "--json", "--label", "patch", cwd=folder), folder


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    return run_fcot("demo", "--json", cwd=folder), folder


class TestProgram:
    def test_command_is_installed(self):
        (script,) = importlib.metadata.entry_points(
            name="fcot", group="console_scripts"
        )
        assert script.load() is cli.main

    def test_help_works_anywhere(self, tmp_path):
        done = run_fcot("--help", cwd=tmp_path)
        assert done.returncode == 0 and "track" in done.stdout
        assert done.stderr == ""

    def test_error_is_one_line_and_no_traceback(self, tmp_path):
        done = run_fcot("track", "no.mp4", "--box", BOX, "--out", "boxes", cwd=tmp_path)
        assert done.returncode == 1 and done.stdout == ""
        assert done.stderr == (
            "fcot track: There is no file or folder no.mp4. "
            "Check the path for typing errors.\n"
        )


class TestTrack:
    def test_stdout_is_json_and_nothing_else(self, tracked):
        done, _ = tracked
        assert done.returncode == 0, done.stderr
        facts = json.loads(done.stdout)
        assert facts["tracked"] == N_FRAMES - 1 and facts["video"] == "patch"

    def test_progress_is_on_stderr_without_warnings(self, tracked):
        done, _ = tracked
        assert "Tracking patch" in done.stderr and "4/4" in done.stderr
        assert "Warning" not in done.stderr

    def test_one_box_a_frame_in_both_formats(self, tracked):
        _, folder = tracked
        (coco,) = (folder / "boxes").rglob("instances_*.json")
        annotations = json.loads(coco.read_text(encoding="utf-8"))["annotations"]
        (mot,) = (folder / "boxes").rglob("gt.txt")
        assert len(annotations) == N_FRAMES
        assert len(mot.read_text(encoding="utf-8").splitlines()) == N_FRAMES
        assert annotations[0]["bbox"] == [30, 24, 40, 32]

    def test_second_run_gives_the_same_boxes(self, tracked, video, weights, tmp_path):
        _, folder = tracked
        words = ["track", video, "--box", BOX, "--weights", weights, "--out", "again"]
        assert run_fcot(*words, "--format", "mot", cwd=tmp_path).returncode == 0
        (first,) = (folder / "boxes").rglob("gt.txt")
        (again,) = (tmp_path / "again").rglob("gt.txt")
        assert first.read_bytes() == again.read_bytes()


class TestDemo:
    def test_without_a_screen_it_leaves_its_files(self, demo):
        done, folder = demo
        assert done.returncode == 0, done.stderr
        files = json.loads(done.stdout)["files"]
        assert all((folder / name).stat().st_size > 0 for name in files)
        assert (folder / "fcot-demo" / "preview.png").is_file()

    def test_correction_helps(self, demo):
        facts = json.loads(demo[0].stdout)
        assert facts["corrected_in_frame"] is not None
        assert facts["mean_iou"] > facts["mean_iou_alone"] + 0.1
