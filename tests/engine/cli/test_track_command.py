"""`fcot track`: its files and facts, ending early, and one line for bad input."""

from __future__ import annotations

import errno
import json
import re
import signal
import tempfile

import numpy as np
import pytest
from PIL import Image

from fcot_engine.atomic_write import StagedFiles
from fcot_engine.cli import main
from fcot_engine.cli.tracking_job import Ending, last_frame_of
from fcot_engine.model import LiteNet
from fcot_engine.tracker import MultiTracker
from fcot_engine.video import open_frames

BOX = "8,20,16,12"


@pytest.fixture
def track(images, tmp_path, fake_tracker):
    """Run `fcot track` on the moving square; returns the exit code."""

    def run(*words, box=BOX):
        out = str(tmp_path / "out")
        return main(["track", str(images), "--box", box, "--out", out, *words])

    return run


@pytest.fixture
def refuse_track(refused, tmp_path):
    """Run `fcot track` as `refused` does."""

    def run(video, *words, box=BOX, out="out"):
        return refused("track", video, "--box", box, "--out", tmp_path / out, *words)

    return run


def write_video(path, n_frames=30):
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        rng = np.random.default_rng(0)
        for _ in range(n_frames):
            pixels = rng.integers(0, 255, (64, 96, 3), dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        container.mux(stream.encode(None))
    return path


class TestTrack:
    def test_json_tells_what_was_done(self, track, tmp_path, capsys):
        assert track("--json") == 0
        facts = json.loads(capsys.readouterr().out)
        assert (facts["first_frame"], facts["last_frame"]) == (0, 11)
        assert (facts["tracked"], facts["lost"]) == (11, 0)
        assert facts["device"] == "CPU (fake)"
        assert not facts["interrupted"] and facts["error"] is None
        assert len(facts["files"]) >= 3
        assert all((tmp_path / "out") in (tmp_path / f).parents for f in facts["files"])
        assert all((tmp_path / f).stat().st_size > 0 for f in facts["files"])

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
        track("--format", "mot", "--end", "0")  # the drawn box alone
        assert not (tmp_path / "out" / "coco").exists()
        (path,) = (tmp_path / "out" / "mot").rglob("gt.txt")
        assert len(path.read_text().splitlines()) == 1

    def test_frame_and_end_bound_the_work(self, track, capsys):
        assert track("--frame", "3", "--end", "6", "--json", box="20,20,16,12") == 0
        facts = json.loads(capsys.readouterr().out)
        assert (facts["first_frame"], facts["last_frame"]) == (3, 6)
        assert facts["tracked"] == 3

    def test_options_reach_the_tracker(self, track, fake_tracker, tmp_path):
        track("--device", "cpu", "--seed", "7", "--weights", "mine.safetensors")
        assert fake_tracker.options["preset"] == "auto"
        assert fake_tracker.options["seed"] == 7
        assert fake_tracker.options["device"] == "cpu"
        assert str(fake_tracker.options["weights"]) == "mine.safetensors"

    def test_person_is_told_speed_and_places(self, track, tmp_path, capsys):
        track()
        shown = capsys.readouterr().out
        assert "11 frames tracked at" in shown and "CPU (fake); never lost" in shown
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
        follow, encode = MultiTracker.track, LiteNet.encode

        def count_frame(self, frame, target_ids):
            calls.append([len(target_ids)])
            results = follow(self, frame, target_ids)
            calls.append([])  # what follows outside is not this frame's
            return results

        def count_pass(self, images):
            if calls and calls[-1]:
                calls[-1].append(len(images))
            return encode(self, images)

        monkeypatch.setattr(MultiTracker, "track", count_frame)
        monkeypatch.setattr(LiteNet, "encode", count_pass)
        words = ["track", str(images), "--out", str(tmp_path / "out"), "--json"]
        words += ["--preset", "lite", "--device", "cpu", "--end", "4"]
        for box in (BOX, "40,5,20,15", "cup=60,40,16,14"):
            words += ["--box", box]
        assert main(words) == 0
        facts = json.loads(capsys.readouterr().out)
        assert (facts["targets"], facts["tracked"]) == (3, 4)
        frames = [call for call in calls if call]
        assert [(targets, sum(passes)) for targets, *passes in frames] == [(3, 3)] * 4
        assert all(len(passes) <= 2 for _, *passes in frames)  # halves, side by side

    def test_files_say_who_made_the_boxes(self, images, tmp_path):
        words = ["track", str(images), "--box", BOX, "--out", str(tmp_path / "out")]
        words += ["--preset", "lite", "--device", "cpu", "--end", "2"]
        assert main([*words, "--format", "coco"]) == 0
        (path,) = (tmp_path / "out").rglob("*.json")
        (maker,) = json.loads(path.read_text(encoding="utf-8"))["makers"]
        assert maker["engine"].startswith("fcot ")
        assert maker["preset"] == "lite"
        assert re.fullmatch(r"lite\S* sha256:[0-9a-f]{12}", maker["weights"])


class TestVideo:
    @pytest.mark.parametrize(
        ("name", "content", "message"),
        [
            pytest.param("nothing.mp4", None, "There is no file or folder", id="none"),
            pytest.param("empty.mp4", b"", "empty.mp4 is empty", id="empty"),
            pytest.param("text.mp4", b"no video" * 100, "text.mp4", id="no_video"),
        ],
    )
    def test_unreadable_file_is_named(
        self, refuse_track, tmp_path, name, content, message
    ):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        assert message in refuse_track(tmp_path / name)

    def test_truncated(self, refuse_track, tmp_path):
        path = write_video(tmp_path / "cut.mp4")
        path.write_bytes(path.read_bytes()[:5000])
        assert "cut.mp4" in refuse_track(path)

    def test_without_frames(self, refuse_track, tmp_path):
        path = write_video(tmp_path / "none.avi", n_frames=0)
        assert "none.avi" in refuse_track(path)

    def test_folder_without_images(self, refuse_track, tmp_path):
        (tmp_path / "hollow").mkdir()
        assert "hollow" in refuse_track(tmp_path / "hollow")

    def test_image_of_one_pixel(self, refuse_track, tmp_path, fake_tracker):
        path = tmp_path / "dot.png"
        Image.new("RGB", (1, 1)).save(path)
        assert "1x1" in refuse_track(path, box="0,0,1,1")


class TestBox:
    @pytest.mark.parametrize(
        ("box", "message"),
        [
            pytest.param("200,20,16,12", "lies outside the frame", id="outside"),
            pytest.param("8,20,0,12", "above 0", id="zero_width"),
            pytest.param("8,20,16,-3", "above 0", id="negative_height"),
            pytest.param("nan,20,16,12", "finite", id="nan"),
            pytest.param("8,20,inf,12", "finite", id="infinite"),
            pytest.param("-9,-9,900,900", "larger than the frame", id="larger"),
        ],
    )
    def test_unusable_box_is_named(
        self, refuse_track, images, fake_tracker, box, message
    ):
        line = refuse_track(images, box=box)
        assert "--box" in line and message in line

    @pytest.mark.parametrize("box", ["1,2,3", "a,b,c,d", ""])
    def test_no_four_numbers_is_wrong_usage(self, images, tmp_path, box, capsys):
        with pytest.raises(SystemExit) as caught:
            main(["track", str(images), "--box", box, "--out", str(tmp_path)])
        assert caught.value.code == 2
        assert "four numbers X,Y,W,H" in capsys.readouterr().err


class TestFrameNumber:
    @pytest.mark.parametrize("frame", ["-1", "12"])
    def test_frame_outside(self, refuse_track, images, fake_tracker, frame):
        line = refuse_track(images, f"--frame={frame}")
        assert "--frame must be from 0 to 11" in line and f"got {frame}" in line

    @pytest.mark.parametrize("end", ["2", "12"])
    def test_end_outside(self, refuse_track, images, fake_tracker, end):
        line = refuse_track(images, "--frame", "3", "--end", end)
        assert "--end must be from 3" in line and f"got {end}" in line


class TestTrackerOptions:
    @pytest.mark.parametrize("how", ["missing", "text", "truncated"])
    def test_unusable_weights(self, refuse_track, images, tmp_path, weights_file, how):
        path = tmp_path / "bad.safetensors"
        if how != "missing":
            whole = weights_file.read_bytes()
            path.write_bytes(whole[:-100] if how == "truncated" else b"not weights")
        assert "bad.safetensors" in refuse_track(images, "--weights", path)

    def test_unknown_preset(self, refuse_track, images):
        assert "no preset 'huge'" in refuse_track(images, "--preset", "huge")

    def test_unknown_device(self, refuse_track, images, weights_file):
        line = refuse_track(images, "--weights", weights_file, "--device", "abacus")
        assert "abacus" in line


class TestOutput:
    def test_folder_that_is_a_file(self, refuse_track, images, fake_tracker, tmp_path):
        (tmp_path / "taken").write_text("mine", encoding="utf-8")
        assert "taken" in refuse_track(images, out="taken")
        assert (tmp_path / "taken").read_text(encoding="utf-8") == "mine"

    def test_wrong_folder_shows_before_the_work(
        self, refuse_track, images, fake_tracker, tmp_path
    ):
        fake_tracker.track = None  # would fail if it were called
        (tmp_path / "taken").touch()
        assert "cannot be made" in refuse_track(images, out="taken/boxes")

    def test_boxes_are_kept_elsewhere_when_the_disk_is_full(
        self, refuse_track, images, fake_tracker, tmp_path, monkeypatch
    ):
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        write = StagedFiles.write_text

        def fill_disk(self, path, text):
            if (tmp_path / "out") in path.parents:
                raise OSError(errno.ENOSPC, "No space left on device", str(path))
            write(self, path, text)

        monkeypatch.setattr(StagedFiles, "write_text", fill_disk)
        line = refuse_track(images)
        assert "No space left" in line
        (refuge,) = tmp_path.glob("fcot-*")
        assert f"The boxes are in {refuge} instead." in line
        assert len(list(refuge.rglob("gt.txt"))) == 1
        assert not list((tmp_path / "out").rglob("*.*"))

    def test_full_disk_leaves_no_half_picture(
        self, refuse_track, images, fake_tracker, tmp_path, monkeypatch
    ):
        def fill_disk(self, path, **options):
            path.write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(Image.Image, "save", fill_disk)
        line = refuse_track(images)
        assert "preview cannot be written" in line and "No space left" in line
        left = [path.name for path in (tmp_path / "out").rglob("*")]
        assert not [name for name in left if "preview" in name or "part" in name]


class TestLastFrame:
    def test_is_the_last_of_the_video_unless_told(self, images):
        source = open_frames(images, prefetch=False)
        assert last_frame_of(source, frame=4, end=None) == 11
        assert last_frame_of(source, frame=4, end=4) == 4
        source.close()


class TestEnding:
    def test_two_in_a_row_add_up(self):
        both = Ending(10, 4.0).then(Ending(5, 2.0, is_interrupted=True))
        assert both == Ending(15, 6.0, is_interrupted=True)
        assert both.frames_per_second == 2.5
