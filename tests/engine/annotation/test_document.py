from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.annotation import (
    Document,
    Origin,
    Project,
    VideoIdentity,
    edits,
    empty_rows,
)
from fcot_engine.annotation.edit_text import encode_annotations
from fcot_engine.errors import ProjectError

VIDEO = VideoIdentity("frames", "v", 50, 64, 48, 0, "hash")
BOX = (1.0, 2.0, 3.0, 4.0)


class Clock:
    now_s = 0.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.fcot.json"


@pytest.fixture
def document(path, clock):
    document = Document(Project.create(path, VIDEO), clock=clock)
    document.do(edits.add_target(document.annotations))
    yield document
    document.project.abandon()


def find(document, *frames, key="run", write_every_s=1.0):
    rows = empty_rows(len(frames))
    rows["origin"], rows["box"], rows["score"] = Origin.TRACKED, BOX, 0.5
    found = {1: (np.array(frames), rows)}
    edit = edits.put_found(document.annotations, found, kind="run", text="found")
    document.add_found(key, edit, write_every_s=write_every_s)


def frames_on_disk(document, path):
    """What a crash would leave."""
    document.project.abandon()
    project = Project.open(path)
    frames = project.annotations[1].boxes.frames().tolist()
    document.project = project
    document.history = project.history
    return frames


def test_parts_of_a_run_are_written_now_and_then(document, path, clock):
    find(document, 1)
    find(document, 2)
    clock.now_s = 1.5
    find(document, 3)
    find(document, 4)
    assert frames_on_disk(document, path) == [1, 2, 3]


def test_end_of_a_run_is_written(document, path):
    find(document, 1)
    document.close_run("run")
    assert frames_on_disk(document, path) == [1]


def test_edit_of_a_person_is_written_at_once_with_all_before_it(document, path):
    find(document, 1)
    document.do(edits.draw_box(document.annotations, 1, 7, BOX))
    assert frames_on_disk(document, path) == [1, 7]


def test_run_goes_on_in_one_step_after_saving(document, path):
    find(document, 1)
    document.save()
    find(document, 2)
    document.close_run("run")
    assert frames_on_disk(document, path) == [1, 2]
    document.undo()
    assert len(document.annotations[1].boxes) == 0


def test_two_runs_are_two_steps(document):
    find(document, 1, key="first")
    find(document, 2, key="second")
    document.undo()
    assert document.annotations[1].boxes.frames().tolist() == [1]


def test_run_does_not_go_on_in_a_step_that_was_taken_back(document):
    find(document, 1)
    document.undo()
    find(document, 2)
    assert document.annotations[1].boxes.frames().tolist() == [2]
    document.undo()
    assert len(document.annotations[1].boxes) == 0


def test_what_could_not_be_written_is_tried_again(document, path, monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.write", refuse)
        with pytest.raises(ProjectError):
            find(document, 1, write_every_s=0.0)
    find(document, 2)
    document.close_run("run")
    state = encode_annotations(document.annotations)
    assert frames_on_disk(document, path) == [1, 2]
    assert encode_annotations(document.annotations) == state


def test_long_journal_is_shortened_by_itself(document, path, monkeypatch):
    monkeypatch.setattr("fcot_engine.annotation.project_file._SAVE_AT_BYTES", 500)
    generations = set()
    for frame in range(20):
        document.do(edits.draw_box(document.annotations, 1, frame, BOX))
        generations |= {file.name for file in path.parent.glob("*.journal")}
    assert len(generations) > 2
    assert len(list(path.parent.glob("*.journal"))) == 1
    assert frames_on_disk(document, path) == list(range(20))
    while document.history.can_undo:
        document.undo()
    assert len(document.annotations) == 0
