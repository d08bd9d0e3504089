"""Video files become lazy layers, bad ones one sentence."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest
from napari.utils.notifications import notification_manager

from fcot_engine.annotation import AnnotationSession
from fcot_engine.video import open_frames
from napari_fcot.layers import PATH_KEY, PROJECT_KEY
from napari_fcot.layers.video_layer import ShownFrames
from napari_fcot.reader import get_project_reader, get_reader


@pytest.fixture
def video_path(tmp_path, frames):
    av = pytest.importorskip("av")
    path = tmp_path / "square.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 120, 80, "yuv420p"
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


@pytest.fixture
def said():
    messages = []
    notification_manager.notification_ready.connect(messages.append)
    yield messages
    notification_manager.notification_ready.disconnect(messages.append)


class TestGetReader:
    @pytest.mark.parametrize("name", ["a.mp4", "a.MOV", "a.avi", "a.mkv", "a.webm"])
    def test_takes_video_files(self, name):
        assert get_reader(name) is not None

    @pytest.mark.parametrize("path", ["a.tif", "folder", ["a.mp4", "b.txt"], []])
    def test_leaves_the_rest_to_others(self, path):
        assert get_reader(path) is None

    def test_asking_loads_nothing_heavy(self):
        program = (
            "import sys, napari_fcot.reader as reader\n"
            "reader.get_reader('a.mp4')\n"
            "print([m for m in ('torch', 'av', 'napari') if m in sys.modules])"
        )
        answer = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        )
        assert answer.stdout.strip() == "[]"


class TestReadVideos:
    def test_video_is_a_lazy_rgb_layer(self, video_path):
        ((data, options, kind),) = get_reader(str(video_path))(str(video_path))
        assert kind == "image"
        assert isinstance(data, ShownFrames)
        assert data.shape == (12, 80, 120, 3)
        assert options["name"] == "square"
        assert options["contrast_limits"] == (0, 255)
        assert options["axis_labels"] == ("t", "y", "x")

    def test_first_frame_comes_in_under_a_second(self, video_path):
        start_s = time.perf_counter()
        ((data, _, _),) = get_reader(str(video_path))(str(video_path))
        first = data[0:1]
        assert time.perf_counter() - start_s < 1.0
        assert np.abs(first[0].astype(int) - 30).min() < 20

    def test_unreadable_video_is_one_sentence(self, tmp_path, said):
        path = tmp_path / "broken.mp4"
        path.write_bytes(b"this is no video")
        assert get_reader(str(path))(str(path)) == [(None,)]
        assert len(said) == 1
        assert "broken.mp4" in str(said[0].message)

    def test_good_videos_open_beside_a_bad_one(self, tmp_path, video_path, said):
        broken = tmp_path / "broken.mp4"
        broken.write_bytes(b"")
        paths = [str(broken), str(video_path)]
        assert len(get_reader(paths)(paths)) == 1
        assert len(said) == 1


class TestProjects:
    @pytest.fixture
    def project_path(self, video_path):
        source = open_frames(video_path)
        path = video_path.parent / "work.fcot"
        AnnotationSession.create(
            source, lambda: None, path, video_path=video_path
        ).close()
        source.close()
        return path

    def test_only_projects_are_taken(self):
        assert get_project_reader("film.fcot") is not None
        assert get_project_reader("film.json") is None

    def test_its_video_is_shown_and_knows_the_project(self, project_path, video_path):
        path = str(project_path)
        ((data, options, kind),) = get_project_reader(path)(path)
        assert kind == "image"
        assert isinstance(data, ShownFrames)
        assert options["metadata"][PROJECT_KEY] == path
        assert options["metadata"][PATH_KEY] == str(video_path)

    def test_a_video_that_is_gone_is_one_sentence(self, project_path, video_path, said):
        video_path.unlink()
        path = str(project_path)
        assert get_project_reader(path)(path) == [(None,)]
        assert "square.mp4" in str(said[0].message)
