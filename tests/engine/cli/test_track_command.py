from __future__ import annotations

import json
import re
import signal

import pytest
from PIL import Image

from fcot_engine.cli import main
from fcot_engine.model import LiteNet
from fcot_engine.tracker import MultiTracker

BOX = "8,20,16,12"


@pytest.fixture
def track(images, tmp_path, fake_tracker):
    """Run `fcot track` on the moving square; returns the exit code."""

    def run(*words, box=BOX):
        out = str(tmp_path / "out")
        return main(["track", str(images), "--box", box, "--out", out, *words])

    return run


class TestTrack:
    def test_json_tells_what_was_done(self, track, capsys):
        assert track("--json") == 0
        facts = json.loads(capsys.readouterr().out)
        assert (facts["first_frame"], facts["last_frame"]) == (0, 11)
        assert (facts["tracked"], facts["lost"]) == (11, 0)
        assert facts["device"] == "CPU (fake)"
        assert not facts["interrupted"] and facts["error"] is None

    def test_every_file_that_is_named_is_there(self, track, tmp_path, capsys):
        track("--json")
        files = json.loads(capsys.readouterr().out)["files"]
        assert len(files) >= 3
        assert all((tmp_path / "out") in (tmp_path / f).parents for f in files)
        assert all((tmp_path / f).stat().st_size > 0 for f in files)

    def test_preview_is_a_picture(self, track, tmp_path):
        track()
        with Image.open(tmp_path / "out" / "preview.png") as picture:
            assert picture.size == (4 * 320 + 3 * 4, 3 * 213 + 2 * 4)

    def test_coco_boxes_are_those_of_the_square(self, track, tmp_path):
        track("--format", "coco")
        (path,) = (tmp_path / "out").rglob("*.json")
        found = json.loads(path.read_text(encoding="utf-8"))["annotations"]
        assert [a["bbox"] for a in found] == [
            [8 + 4 * i, 20, 16, 12] for i in range(12)
        ]

    def test_several_boxes_are_targets_of_one_pass(
        self, track, fake_tracker, tmp_path, capsys
    ):
        more = ["--box", "cup=9,20,16,12", "--box", "40,30,16,12", "--label", "ball"]
        assert track(*more, "--format", "coco", "--json") == 0
        facts = json.loads(capsys.readouterr().out)
        assert (facts["targets"], facts["tracked"]) == (3, 11)
        (path,) = (tmp_path / "out").rglob("*.json")
        coco = json.loads(path.read_text(encoding="utf-8"))
        assert len(coco["annotations"]) == 3 * 12
        assert {c["name"] for c in coco["categories"]} == {"ball", "cup"}

    def test_one_format_leaves_the_other_out(self, track, tmp_path):
        track("--format", "mot")
        assert not (tmp_path / "out" / "coco").exists()
        assert list((tmp_path / "out" / "mot").rglob("gt.txt"))

    def test_frame_and_end_bound_the_work(self, track, capsys):
        assert track("--frame", "3", "--end", "6", "--json", box="20,20,16,12") == 0
        facts = json.loads(capsys.readouterr().out)
        assert (facts["first_frame"], facts["last_frame"]) == (3, 6)
        assert facts["tracked"] == 3

    def test_end_at_the_frame_of_the_box_writes_that_box(self, track, capsys):
        assert track("--end", "0", "--json") == 0
        assert json.loads(capsys.readouterr().out)["tracked"] == 0

    def test_options_reach_the_tracker(self, track, fake_tracker, tmp_path):
        track("--device", "cpu", "--seed", "7", "--weights", "mine.safetensors")
        assert fake_tracker.options["preset"] == "auto"
        assert fake_tracker.options["seed"] == 7
        assert fake_tracker.options["device"] == "cpu"
        assert str(fake_tracker.options["weights"]) == "mine.safetensors"

    def test_person_is_told_speed_and_places(self, track, tmp_path, capsys):
        track()
        shown = capsys.readouterr().out
        assert "11 frames tracked at" in shown and "CPU (fake)" in shown
        assert str(tmp_path / "out" / "preview.png") in shown

    def test_lost_frames_are_counted(self, make_images, tmp_path, fake_tracker, capsys):
        video = make_images(tmp_path / "hidden", hidden=(4, 5))
        out = str(tmp_path / "out")
        main(["track", str(video), "--box", BOX, "--out", out, "--json"])
        assert json.loads(capsys.readouterr().out)["lost"] == 2


class TestEndingEarly:
    @pytest.fixture
    def interruptible(self):
        """Ctrl-C as in a terminal; a shell's background jobs have it switched off."""
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        yield
        signal.signal(signal.SIGINT, before)

    def test_ctrl_c_writes_what_was_found(self, track, fake_tracker, capsys):
        fake_tracker.interrupt_at = 5
        assert track("--json") == 130
        captured = capsys.readouterr()
        facts = json.loads(captured.out)
        assert facts["tracked"] == 4 and facts["last_frame"] == 4
        assert facts["interrupted"] and len(facts["files"]) >= 3
        assert "Interrupted after 4 frames, which are kept." in captured.err

    def test_unreadable_frame_writes_what_was_found(self, track, fake_tracker, capsys):
        fake_tracker.fail_at = 5
        assert track("--json") == 1
        captured = capsys.readouterr()
        assert json.loads(captured.out)["tracked"] == 4
        last = captured.err.splitlines()[-1]
        assert last.startswith("fcot track: Stopped after 4 frames, which are kept.")
        assert "Frame 5 cannot be decoded" in last

    def test_real_signal_is_taken_as_ctrl_c(
        self, track, fake_tracker, capsys, interruptible
    ):
        find = fake_tracker.track
        calls = []

        def track_then_signal(frame, target_ids):
            calls.append(1)
            if len(calls) == 3:
                signal.raise_signal(signal.SIGINT)
            return find(frame, target_ids)

        fake_tracker.track = track_then_signal
        assert track("--json") == 130
        assert json.loads(capsys.readouterr().out)["tracked"] == 2


class TestRealTracker:
    """`fcot track` with the shipped weights of the lite preset."""

    def test_three_targets_take_one_pass_a_frame(
        self, images, tmp_path, monkeypatch, capsys
    ):
        calls = []  # one list a frame: its targets, then the patches of each pass
        follow, extract = MultiTracker.track, LiteNet.extract

        def count_frame(self, frame, target_ids):
            calls.append([len(target_ids)])
            results = follow(self, frame, target_ids)
            calls.append([])  # what follows outside is not this frame's
            return results

        def count_pass(self, images):
            if calls and calls[-1]:
                calls[-1].append(len(images))
            return extract(self, images)

        monkeypatch.setattr(MultiTracker, "track", count_frame)
        monkeypatch.setattr(LiteNet, "extract", count_pass)
        words = ["track", str(images), "--out", str(tmp_path / "out"), "--json"]
        words += ["--preset", "lite", "--device", "cpu", "--end", "4"]
        for box in (BOX, "40,5,20,15", "cup=60,40,16,14"):
            words += ["--box", box]
        assert main(words) == 0
        facts = json.loads(capsys.readouterr().out)
        assert (facts["targets"], facts["tracked"]) == (3, 4)
        assert [call for call in calls if call] == [[3, 3]] * 4

    def test_files_say_who_made_the_boxes(self, images, tmp_path):
        words = ["track", str(images), "--box", BOX, "--out", str(tmp_path / "out")]
        words += ["--preset", "lite", "--device", "cpu", "--end", "2"]
        assert main([*words, "--format", "coco"]) == 0
        (path,) = (tmp_path / "out").rglob("*.json")
        (maker,) = json.loads(path.read_text(encoding="utf-8"))["makers"]
        assert maker["engine"].startswith("fcot ")
        assert maker["preset"] == "lite"
        assert re.fullmatch(r"lite\S* sha256:[0-9a-f]{12}", maker["weights"])
