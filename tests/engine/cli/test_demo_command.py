from __future__ import annotations

import json
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from fcot_engine import sample as sample_package
from fcot_engine.cli import demo_command, main
from fcot_engine.sample import SampleVideo

BOX = "8,20,16,12"
N_FRAMES = 30


@pytest.fixture(autouse=True)
def no_screen(monkeypatch, tmp_path):
    monkeypatch.setattr(demo_command, "can_open_window", lambda: False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def screen(monkeypatch):
    """A screen on which a window would open; returns the started programs."""
    started = []

    def start(words, check):
        started.append(words)
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(demo_command, "can_open_window", lambda: True)
    monkeypatch.setattr(subprocess, "run", start)
    return started


@pytest.fixture
def small_sample(monkeypatch):
    """A white square; a second, brighter truth takes over from frame 10 on."""
    frames = np.full((N_FRAMES, 64, 200, 3), 40, dtype=np.uint8)
    boxes = np.array([(8.0 + 4 * i, 20, 16, 12) for i in range(N_FRAMES)])
    for index, (x, y, w, h) in enumerate(boxes.astype(int)):
        frames[index, y : y + h, x : x + w] = 255
    sample = SampleVideo(
        name="small",
        frames=frames,
        boxes_xywh=boxes,
        distractor_boxes_xywh=np.full((N_FRAMES, 4), np.nan),
        distractor_frames=range(8, 12),
        frame_rate=25.0,
    )
    monkeypatch.setattr(sample_package, "make_sample_video", lambda: sample)
    return sample


class TestHeadlessSample:
    def test_files_are_left_in_the_usual_folder(
        self, small_sample, fake_tracker, tmp_path, capsys
    ):
        assert main(["demo"]) == 0
        names = {path.name for path in (tmp_path / "fcot-demo").rglob("*.*")}
        assert "preview.png" in names and len(names) >= 3
        assert "Mean IoU" in capsys.readouterr().out

    def test_good_tracker_needs_no_correction(self, small_sample, fake_tracker, capsys):
        assert main(["demo", "--json"]) == 0
        facts = json.loads(capsys.readouterr().out)
        assert facts["mean_iou"] == facts["mean_iou_alone"] == pytest.approx(1.0)
        assert facts["corrected_in_frame"] is None and fake_tracker.corrections == 0

    def test_taken_box_is_corrected_once(self, small_sample, fake_tracker, capsys):
        # the white square is the look-alike: the truth goes elsewhere in the meeting
        small_sample.boxes_xywh[10:, 1] = 45
        assert main(["demo", "--json"]) == 0
        facts = json.loads(capsys.readouterr().out)
        assert facts["corrected_in_frame"] == 12 + 7
        assert fake_tracker.corrections == 1
        assert facts["mean_iou"] > facts["mean_iou_alone"]

    def test_interrupted_sample_is_not_corrected(
        self, small_sample, fake_tracker, capsys
    ):
        fake_tracker.interrupt_at = 5
        assert main(["demo", "--json"]) == 130
        assert json.loads(capsys.readouterr().out)["tracked"] == 4
        assert fake_tracker.corrections == 0


class TestHeadlessVideo:
    def test_own_video_is_tracked(self, images, fake_tracker, tmp_path, capsys):
        words = ["demo", str(images), "--box", BOX, "--out", "mine", "--json"]
        assert main(words) == 0
        facts = json.loads(capsys.readouterr().out)
        assert facts["tracked"] == 11
        assert (tmp_path / "mine" / "preview.png").is_file()

    def test_video_and_box_belong_together(self, images, fake_tracker, refused):
        assert "--box X,Y,W,H" in refused("demo", images)
        assert "--box belongs to a video" in refused("demo", "--box", BOX)


class TestWindow:
    def test_sample_opens_in_a_program_of_its_own(self, screen):
        assert main(["demo"]) == 0
        assert screen == [[sys.executable, "-m", "napari_fcot.launch"]]

    def test_video_and_box_are_passed_on(self, screen, images):
        assert main(["demo", str(images), "--box", "8,20,16.25,12"]) == 0
        assert screen[0][3:] == [str(images), "--box=8.0,20.0,16.25,12.0"]

    def test_video_alone_is_enough(self, screen, images):
        assert main(["demo", str(images)]) == 0
        assert screen[0][3:] == [str(images)]

    def test_bad_box_is_refused_before_the_window_opens(self, screen, images, refused):
        assert "outside the frame" in refused("demo", images, "--box", "500,0,5,5")
        assert screen == []

    @pytest.mark.parametrize("word", ["--headless", "--json"])
    def test_no_window_when_not_wanted(self, screen, images, fake_tracker, word):
        assert main(["demo", str(images), "--box", BOX, word]) == 0
        assert screen == []
