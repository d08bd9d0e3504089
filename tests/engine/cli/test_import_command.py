from __future__ import annotations

import json

import pytest

from fcot_engine.annotation import AnnotationSession
from fcot_engine.cli import main

LINES = "1,1,9,21,16,12,1,3,1\n2,1,13,21,16,12,1,3,1\n1,2,1,1,5,5,1,1,1\n"


@pytest.fixture
def boxes(tmp_path):
    path = tmp_path / "gt.txt"
    path.write_text(LINES)
    return path


@pytest.fixture
def project(tmp_path):
    return tmp_path / "square.fcot"


def read(project):
    session = AnnotationSession.open(project, lambda: None)
    try:
        return [
            (target.info.class_name, [box.box_xywh for box in target.boxes])
            for target in session.annotations
        ]
    finally:
        session.close()
        session.source.close()


def test_project_is_begun_beside_the_video(images, boxes, project, capsys):
    assert main(["import", str(boxes), "--video", str(images)]) == 0
    assert read(project) == [
        ("car", [(8, 20, 16, 12), (12, 20, 16, 12)]),
        ("pedestrian", [(0, 0, 5, 5)]),
    ]
    shown = capsys.readouterr().out
    assert "targets 2, boxes 3, of them drawn by a person 0." in shown


def test_targets_are_added_to_an_open_project(images, boxes, project, capsys):
    main(["import", str(boxes), "--video", str(images)])
    capsys.readouterr()
    assert main(["import", str(boxes), "--project", str(project), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["targets"] == {"1": 3, "2": 4} and facts["boxes"] == 3
    assert len(read(project)) == 4


def test_pixel_origin(images, boxes, project):
    words = ["import", str(boxes), "--video", str(images), "--pixel-origin", "0"]
    main(words)
    assert read(project)[0][1][0] == (9, 21, 16, 12)


def test_notes_go_to_stderr(images, boxes, capsys):
    boxes.write_text(LINES + "3,1,13,21,16,12,0,3,1\n")
    assert main(["import", str(boxes), "--video", str(images)]) == 0
    assert "Note: Boxes marked to be ignored" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("3,1,x,1,5,5\n", "gt.txt, line 4: `left` must be a number"),
        ("13,1,1,1,5,5\n", "track 1, frame 12: the video ends with frame 11"),
        ("3,1,500,1,5,5\n", "outside the frame of 96x64"),
    ],
)
def test_damaged_file_makes_no_project(images, boxes, project, refused, line, words):
    boxes.write_text(LINES + line)
    assert words in refused("import", boxes, "--video", images)
    assert not project.exists()


def test_project_or_video_is_needed(boxes, project, refused):
    line = refused("import", boxes, "--project", project)
    assert "Give the video with --video" in line
    assert "give --video, --project or both" in refused("import", boxes)
