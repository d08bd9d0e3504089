from __future__ import annotations

import json

import pytest

from fcot_engine.annotation import AnnotationSession
from fcot_engine.cli import main
from fcot_engine.formats import FORMATS, read_tracks
from fcot_engine.video import open_frames


def no_tracker():
    raise AssertionError("nothing is to be tracked")


@pytest.fixture
def project(images, tmp_path):
    """Two boxes drawn, two laid between them, one target hidden for a while."""
    source = open_frames(images)
    path = tmp_path / "square.fcot"
    session = AnnotationSession.create(source, no_tracker, path, video_path=images)
    square = session.edit.add_target("Square", class_name="box")
    session.edit.draw_box(square, 0, (8, 20, 16, 12))
    session.edit.draw_box(square, 3, (20, 20, 16, 12))
    session.edit.interpolate(square, 0, 3)
    session.close()
    source.close()
    return path


class TestExport:
    def test_default_formats(self, project, tmp_path, capsys):
        out = tmp_path / "out"
        assert main(["export", str(project), "--out", str(out)]) == 0
        assert {path.name for path in out.iterdir()} == {"mot", "coco"}
        assert f"Written: {out}" in capsys.readouterr().out

    def test_all_formats(self, project, tmp_path, capsys):
        out = tmp_path / "out"
        names = ",".join(FORMATS)
        words = ["export", str(project), "--out", str(out), "--format", names, "--json"]
        assert main(words) == 0
        assert {path.name for path in out.iterdir()} == set(FORMATS)
        files = json.loads(capsys.readouterr().out)["files"]
        assert len(files) == sum(path.is_file() for path in out.rglob("*"))

    def test_json_for_people_needs_no_video(self, project, images, tmp_path):
        images.rename(tmp_path / "gone")
        out = tmp_path / "out"
        words = ["export", str(project), "--out", str(out), "--format", "json"]
        assert main(words) == 0
        (target,) = json.loads((out / "square.json").read_text())["targets"]
        assert target["name"] == "Square" and len(target["boxes"]) == 4

    def test_origins_are_exported(self, project, tmp_path):
        out = tmp_path / "out"
        main(["export", str(project), "--out", str(out), "--format", "cvat"])
        (target,) = read_tracks(out / "cvat" / "square.xml").annotations
        assert [box.origin.word for box in target.boxes] == [
            *("human", "interpolated", "interpolated", "human")
        ]

    def test_project_is_left_as_it_was(self, project, tmp_path):
        before = {p.name: p.read_bytes() for p in tmp_path.glob("square.fcot*")}
        main(["export", str(project), "--out", str(tmp_path / "out"), "--report"])
        assert {p.name: p.read_bytes() for p in tmp_path.glob("square.fcot*")} == before

    def test_moved_video_is_given(self, project, images, tmp_path, refused):
        moved = images.rename(tmp_path / "elsewhere")
        out = tmp_path / "out"
        assert "no longer at" in refused("export", project, "--out", out)
        assert not out.exists()
        words = ["export", str(project), "--out", str(out), "--video", str(moved)]
        assert main(words) == 0

    def test_other_video_is_refused(self, project, make_images, tmp_path, refused):
        other = make_images(tmp_path / "other", hidden=(11,))
        line = refused("export", project, "--out", tmp_path / "o", "--video", other)
        assert "not the video" in line

    def test_missing_project_is_named(self, tmp_path, refused):
        line = refused("export", tmp_path / "no.fcot", "--report")
        assert "no project" in line and "no.fcot" in line

    def test_nothing_to_do_is_refused(self, project, refused):
        assert "give a folder with --out, or --report" in refused("export", project)


class TestReport:
    def test_lines(self, project, capsys):
        assert main(["export", str(project), "--report"]) == 0
        shown = capsys.readouterr().out
        assert "2 boxes drawn, 0 of them corrections: 16.7 for each 100" in shown
        assert "Square (box): 2 drawn, 0 corrections; 4 boxes now" in shown

    def test_json_and_file_are_the_same_and_need_no_video(
        self, project, images, tmp_path, capsys
    ):
        images.rename(images.with_name("gone"))
        words = ["--out", str(tmp_path / "out"), "--format", "json", "--json"]
        assert main(["export", str(project), "--report", *words]) == 0
        effort = json.loads(capsys.readouterr().out)["effort"]
        assert (effort["drawn"], effort["frames"]) == (2, 12)
        assert json.loads((tmp_path / "out" / "effort.json").read_text()) == effort
