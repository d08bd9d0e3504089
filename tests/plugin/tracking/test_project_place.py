"""Where projects are kept."""

from __future__ import annotations

import os

import numpy as np
import pytest

from fcot_engine.video import ArrayFrames
from napari_fcot.tracking import ProjectPlace
from napari_fcot.tracking.project_place import next_free, own_folder


@pytest.fixture
def source(frames):
    return ArrayFrames(frames, name="my square")


class TestFiles:
    def test_a_project_lies_beside_its_video(self, source, tmp_path):
        video = tmp_path / "film.mp4"
        video.touch()
        assert ProjectPlace().find(source, video) == tmp_path / "film.fcot"

    def test_unless_a_person_prefers_the_own_folder(
        self, source, tmp_path, project_folder
    ):
        video = tmp_path / "film.mp4"
        video.write_bytes(b"frames")
        place = ProjectPlace(is_beside_video=False)
        assert place.find(source, video).parent == project_folder

    def test_one_that_lies_there_is_found_all_the_same(self, source, tmp_path):
        video = tmp_path / "film.mp4"
        video.touch()
        beside = tmp_path / "film.fcot"
        beside.touch()
        assert ProjectPlace(is_beside_video=False).find(source, video) == beside

    def test_a_folder_that_cannot_be_written_to(
        self, source, tmp_path, project_folder, monkeypatch
    ):
        video = tmp_path / "film.mp4"
        video.write_bytes(b"frames")
        monkeypatch.setattr(os, "access", lambda *_: False)
        assert ProjectPlace().find(source, video).parent == project_folder


class TestFramesWithoutAFile:
    def test_have_a_readable_name(self, source, project_folder):
        path = ProjectPlace().find(source, None)
        assert path.parent == project_folder
        assert path.name.startswith("my_square-")
        assert path.name.endswith(".fcot")

    def test_same_frames_same_place(self, frames, source):
        again = ArrayFrames(frames.copy(), name="my square")
        place = ProjectPlace()
        assert place.find(again, None) == place.find(source, None)

    def test_a_renamed_layer_finds_its_project(self, frames, source):
        place = ProjectPlace()
        path = place.find(source, None)
        path.touch()
        assert place.find(ArrayFrames(frames, name="renamed"), None) == path

    def test_other_frames_other_place(self, frames, source):
        other = ArrayFrames(np.flip(frames, axis=1), name="my square")
        place = ProjectPlace()
        assert place.find(other, None) != place.find(source, None)


def test_next_free_name(tmp_path):
    path = tmp_path / "film.fcot"
    assert next_free(path).name == "film.2.fcot"
    (tmp_path / "film.2.fcot").touch()
    assert next_free(path).name == "film.3.fcot"


def test_own_folder_can_be_chosen(monkeypatch, tmp_path):
    monkeypatch.setenv("NAPARI_FCOT_PROJECTS", str(tmp_path / "mine"))
    assert own_folder() == tmp_path / "mine"
    monkeypatch.delenv("NAPARI_FCOT_PROJECTS")
    assert own_folder().parts[-2:] == ("napari-fcot", "projects")
