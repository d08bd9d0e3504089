from __future__ import annotations

import subprocess
import sys

import pytest

from fcot_engine.errors import VideoError
from fcot_engine.video import FrameSource, open_frames


def test_missing_path_is_named(tmp_path):
    with pytest.raises(VideoError, match=r"no file or folder .*gone\.mp4"):
        open_frames(tmp_path / "gone.mp4")


@pytest.mark.parametrize("name", ["a.mp4", "a.tif", "a.png", "a"])
def test_empty_file_is_named(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(VideoError, match=f"{name} is empty"):
        open_frames(tmp_path / name)


def test_text_paths_work(make_video, tmp_path):
    source = open_frames(str(make_video(tmp_path / "a.mp4")))
    assert isinstance(source, FrameSource)
    source.close()


def test_capital_suffixes_work(tmp_path):
    image = pytest.importorskip("PIL.Image")
    image.new("RGB", (8, 8)).save(tmp_path / "A.PNG")
    assert len(open_frames(tmp_path / "A.PNG")) == 1


def test_package_imports_without_decoders():
    code = (
        "import sys, fcot_engine.video;"
        "print([m for m in ('av', 'tifffile', 'PIL', 'napari') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("module", "name"), [("av", "a.mp4"), ("tifffile", "a.tif"), ("PIL", "a.png")]
)
def test_missing_package_is_named(tmp_path, monkeypatch, module, name):
    find = __import__("importlib.util").util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec",
        lambda wanted, *rest: None if wanted == module else find(wanted, *rest),
    )
    (tmp_path / name).write_bytes(b"something")
    with pytest.raises(VideoError, match="Install it with: pip install"):
        open_frames(tmp_path / name)
