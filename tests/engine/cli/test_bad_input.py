"""Each bad input gets one clear line and exit code 1, never a traceback."""

from __future__ import annotations

import errno
import tempfile

import numpy as np
import pytest
from PIL import Image

from fcot_engine.atomic_write import StagedFiles
from fcot_engine.cli import main

BOX = "8,20,16,12"


@pytest.fixture
def refused(capsys, tmp_path):
    """Run `fcot track`, expect it to fail, and return its line on stderr."""

    def run(video, *words, box=BOX, out="out"):
        place = str(tmp_path / out)
        code = main(["track", str(video), "--box", box, "--out", place, *words])
        lines = capsys.readouterr().err.splitlines()
        assert code == 1
        assert lines[-1].startswith("fcot track: ")
        assert "Traceback" not in "".join(lines)
        return lines[-1]

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


class TestVideo:
    def test_missing(self, refused, tmp_path):
        assert "There is no file or folder" in refused(tmp_path / "nothing.mp4")

    def test_empty_file(self, refused, tmp_path):
        path = tmp_path / "empty.mp4"
        path.touch()
        assert "empty.mp4 is empty" in refused(path)

    def test_not_a_video(self, refused, tmp_path):
        path = tmp_path / "text.mp4"
        path.write_text("this is no video" * 100, encoding="utf-8")
        assert "text.mp4" in refused(path)

    def test_truncated(self, refused, tmp_path):
        path = write_video(tmp_path / "cut.mp4")
        path.write_bytes(path.read_bytes()[:5000])
        assert "cut.mp4" in refused(path)

    def test_without_frames(self, refused, tmp_path):
        path = write_video(tmp_path / "none.avi", n_frames=0)
        assert "none.avi" in refused(path)

    def test_folder_without_images(self, refused, tmp_path):
        folder = tmp_path / "hollow"
        folder.mkdir()
        assert "hollow" in refused(folder)

    def test_image_of_one_pixel(self, refused, tmp_path, fake_tracker):
        path = tmp_path / "dot.png"
        Image.new("RGB", (1, 1)).save(path)
        assert "1x1" in refused(path, box="0,0,1,1")


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
    def test_unusable_box_is_named(self, refused, images, fake_tracker, box, message):
        line = refused(images, box=box)
        assert "--box" in line and message in line

    @pytest.mark.parametrize("box", ["1,2,3", "a,b,c,d", ""])
    def test_no_four_numbers_is_wrong_usage(self, images, tmp_path, box, capsys):
        with pytest.raises(SystemExit) as caught:
            main(["track", str(images), "--box", box, "--out", str(tmp_path)])
        assert caught.value.code == 2
        assert "four numbers X,Y,W,H" in capsys.readouterr().err


class TestFrameNumber:
    @pytest.mark.parametrize("frame", ["-1", "12"])
    def test_frame_outside(self, refused, images, fake_tracker, frame):
        line = refused(images, f"--frame={frame}")
        assert "--frame must be from 0 to 11" in line and f"got {frame}" in line

    @pytest.mark.parametrize("end", ["2", "12"])
    def test_end_outside(self, refused, images, fake_tracker, end):
        line = refused(images, "--frame", "3", "--end", end)
        assert "--end must be from 3" in line and f"got {end}" in line


class TestTrackerOptions:
    def test_missing_weights(self, refused, images, tmp_path):
        line = refused(images, "--weights", str(tmp_path / "no.safetensors"))
        assert "no.safetensors" in line

    def test_weights_of_something_else(self, refused, images, tmp_path):
        path = tmp_path / "wrong.safetensors"
        path.write_text("not weights", encoding="utf-8")
        assert "wrong.safetensors" in refused(images, "--weights", str(path))

    def test_truncated_weights(self, refused, images, tmp_path, weights_file):
        path = tmp_path / "cut.safetensors"
        path.write_bytes(weights_file.read_bytes()[:-100])
        assert "cut.safetensors" in refused(images, "--weights", str(path))

    def test_unknown_preset(self, refused, images):
        assert "no preset 'huge'" in refused(images, "--preset", "huge")

    def test_unknown_device(self, refused, images, weights_file):
        line = refused(images, "--weights", str(weights_file), "--device", "abacus")
        assert "abacus" in line


class TestOutput:
    def test_folder_that_is_a_file(self, refused, images, fake_tracker, tmp_path):
        (tmp_path / "taken").write_text("mine", encoding="utf-8")
        assert "taken" in refused(images, out="taken")
        assert (tmp_path / "taken").read_text(encoding="utf-8") == "mine"

    def test_wrong_folder_shows_before_the_work(
        self, refused, images, fake_tracker, tmp_path
    ):
        fake_tracker.track = None  # would fail if it were called
        (tmp_path / "taken").touch()
        assert "cannot be made" in refused(images, out="taken/boxes")

    def test_boxes_are_kept_elsewhere_when_the_disk_is_full(
        self, refused, images, fake_tracker, tmp_path, monkeypatch
    ):
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        write = StagedFiles.write_text

        def fill_disk(self, path, text):
            if (tmp_path / "out") in path.parents:
                raise OSError(errno.ENOSPC, "No space left on device", str(path))
            write(self, path, text)

        monkeypatch.setattr(StagedFiles, "write_text", fill_disk)
        line = refused(images)
        assert "No space left" in line
        (refuge,) = tmp_path.glob("fcot-*")
        assert f"The boxes are in {refuge} instead." in line
        assert len(list(refuge.rglob("gt.txt"))) == 1
        assert not list((tmp_path / "out").rglob("*.*"))

    def test_full_disk_leaves_no_half_picture(
        self, refused, images, fake_tracker, tmp_path, monkeypatch
    ):
        def fill_disk(self, path, **options):
            path.write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(Image.Image, "save", fill_disk)
        line = refused(images)
        assert "preview cannot be written" in line and "No space left" in line
        left = [path.name for path in (tmp_path / "out").rglob("*")]
        assert not [name for name in left if "preview" in name or "part" in name]
