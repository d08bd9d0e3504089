"""Where projects are kept."""

from __future__ import annotations

import os

import numpy as np
import pytest

from fcot_engine.annotation import PROJECT_SUFFIX
from fcot_engine.video import ArrayFrames
from napari_fcot.tracking import ProjectPlace, SessionOpener


@pytest.fixture
def source(frames):
    return ArrayFrames(frames, name="my square")


class TestFiles:
    def test_a_project_lies_beside_its_video(self, source, tmp_path):
        video = tmp_path / "film.mp4"
        video.touch()
        assert ProjectPlace().find(source, video) == tmp_path / f"film{PROJECT_SUFFIX}"

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
        beside = tmp_path / f"film{PROJECT_SUFFIX}"
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
        assert path.name.endswith(PROJECT_SUFFIX)

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


class TestOpening:
    def test_project_of_another_video_is_left_alone(self, source, frames, tmp_path):
        path = tmp_path / f"film{PROJECT_SUFFIX}"
        opener = SessionOpener(lambda: None, place=ProjectPlace(tmp_path))
        first = opener.open_video(source, None, project_path=path).session.annotation
        first.edit.add_target()
        first.close()
        other = ArrayFrames(np.flip(frames, axis=1), name="other")
        opened = opener.open_video(other, None, project_path=path)
        assert opened.session.annotation.project_path.name.startswith("film.2")
        assert "made on another video" in opened.message
        opened.session.annotation.close()

    def test_project_in_use_is_opened_for_looking(self, source, tmp_path):
        path = tmp_path / f"film{PROJECT_SUFFIX}"
        opener = SessionOpener(lambda: None, place=ProjectPlace(tmp_path))
        first = opener.open_video(source, None, project_path=path).session.annotation
        first.edit.add_target()
        opened = opener.open_video(source, None, project_path=path)
        assert "can be looked at, but not changed" in opened.message
        assert "works on it" in opened.message
        assert len(opened.session.annotation.annotations) == 1
        first.close()


def test_own_folder_lies_with_the_data_of_the_user(source, monkeypatch, tmp_path):
    monkeypatch.delenv("NAPARI_FCOT_PROJECTS")
    monkeypatch.setattr("platformdirs.user_data_path", lambda *_, **__: tmp_path)
    assert ProjectPlace().find(source, None).parent == tmp_path / "projects"
