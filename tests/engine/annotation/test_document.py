"""What runs and people write, and when it is on the disk."""

from __future__ import annotations

import sqlite3

import numpy as np
import pytest

from fcot_engine.annotation import (
    Document,
    Origin,
    Project,
    VideoIdentity,
    annotations_to_json,
    edits,
    empty_rows,
)
from fcot_engine.errors import EditError, ProjectError

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
    return tmp_path / "a.fcot"


@pytest.fixture
def document(path, clock):
    document = Document(Project.create(path, VIDEO), clock=clock)
    document.do(edits.add_target(document.annotations))
    yield document
    document.project.close()


def find(document, *frames, key="run", write_every_s=1.0):
    rows = empty_rows(len(frames))
    rows["origin"], rows["box"], rows["score"] = Origin.TRACKED, BOX, 0.5
    found = {1: (np.array(frames), rows)}
    edit = edits.put_found(document.annotations, found, kind="run", text="found")
    document.add_found(key, edit, write_every_s=write_every_s)


def frames_on_disk(path):
    """What a crash would leave."""
    project = Project.open(path, read_only=True)
    return project.annotations[1].boxes.frames().tolist()


def reopen(document, path):
    document.close()
    return Document(Project.open(path))


def fill_disk(document, *, is_full=True):
    """Let the file grow no more, as on a full disk, or let it grow again."""
    connection = document.project._connection
    ((n_pages,),) = connection.execute("PRAGMA page_count")
    connection.execute(f"PRAGMA max_page_count = {n_pages if is_full else 2**30}")


class TestRuns:
    def test_parts_of_a_run_are_written_now_and_then(self, document, path, clock):
        find(document, 1)
        find(document, 2)
        clock.now_s = 1.5
        find(document, 3)
        find(document, 4)
        assert frames_on_disk(path) == [1, 2, 3]

    def test_end_of_a_run_is_written(self, document, path):
        find(document, 1)
        document.close_run("run")
        assert frames_on_disk(path) == [1]

    def test_edit_of_a_person_is_written_with_all_before_it(self, document, path):
        find(document, 1)
        document.do(edits.draw_box(document.annotations, 1, 7, BOX))
        assert frames_on_disk(path) == [1, 7]

    def test_parts_of_a_run_are_one_step_also_when_read_again(self, document, path):
        for frame in range(1, 5):
            find(document, frame, write_every_s=0.0)
        document = reopen(document, path)
        document.undo()
        assert len(document.annotations[1].boxes) == 0
        document.redo()
        assert document.annotations[1].boxes.frames().tolist() == [1, 2, 3, 4]
        document.close()

    def test_two_runs_are_two_steps(self, document):
        find(document, 1, key="first")
        find(document, 2, key="second")
        document.undo()
        assert document.annotations[1].boxes.frames().tolist() == [1]

    def test_run_does_not_go_on_in_a_step_that_was_taken_back(self, document):
        find(document, 1)
        document.undo()
        find(document, 2)
        assert document.annotations[1].boxes.frames().tolist() == [2]
        document.undo()
        assert len(document.annotations[1].boxes) == 0

    def test_what_waits_can_be_undone_but_not_repeated(self, document):
        document.undo()
        document.redo()
        find(document, 1)
        assert document.can_undo and not document.can_redo

    def test_end_of_a_run_after_closing_is_no_error(self, document):
        document.close()
        document.close_run("run")


class TestUndo:
    def test_undo_and_redo_go_on_after_closing(self, document, path):
        states = [annotations_to_json(document.annotations)]
        for frame in (0, 300, 600):  # in several blocks of rows
            document.do(edits.draw_box(document.annotations, 1, frame, BOX))
            states.append(annotations_to_json(document.annotations))
        for expected in reversed(states[:-1]):
            document = reopen(document, path)
            document.undo()
            assert annotations_to_json(document.annotations) == expected
        for expected in states[1:]:
            document = reopen(document, path)
            document.redo()
            assert annotations_to_json(document.annotations) == expected
        document.close()


class TestFailingWrites:
    def test_edit_on_a_full_disk_changes_nothing_and_can_be_tried_again(
        self, document, path
    ):
        state = annotations_to_json(document.annotations)
        many = edits.describe_target(
            document.annotations,
            1,
            attributes={f"k{i}": str(hash((i, "x"))) for i in range(2000)},
        )
        fill_disk(document)
        for _ in range(2):
            with pytest.raises(ProjectError, match=r"disk is full. Free some space"):
                document.do(many)
        assert annotations_to_json(document.annotations) == state
        assert document.can_undo and not document.can_redo
        fill_disk(document, is_full=False)
        document.do(many)
        state = annotations_to_json(document.annotations)
        document = reopen(document, path)
        assert annotations_to_json(document.annotations) == state
        assert len(list(document.project.edits())) == 2
        document.close()

    def test_undo_that_cannot_be_written_changes_nothing(self, document, monkeypatch):
        find(document, *range(1000))
        document.close_run("run")
        state = annotations_to_json(document.annotations)

        def refuse(*_):
            raise sqlite3.OperationalError("disk I/O error")

        with monkeypatch.context() as patch:
            name = "fcot_engine.annotation.project.write_touched"
            patch.setattr(name, refuse)
            with pytest.raises(ProjectError, match="disk I/O error"):
                document.undo()
        assert annotations_to_json(document.annotations) == state
        document.undo()
        assert len(document.annotations[1].boxes) == 0

    def test_found_boxes_that_cannot_be_written_are_tried_again(self, document, path):
        fill_disk(document)
        with pytest.raises(ProjectError, match="disk is full"):
            find(document, *range(2000), write_every_s=0.0)
        fill_disk(document, is_full=False)
        find(document, 2001)
        document.close_run("run")
        assert frames_on_disk(path) == [*range(2000), 2001]
        document.undo()
        assert len(document.annotations[1].boxes) == 0

    def test_file_that_is_written_to_by_others_is_named(self, document, path):
        document.project._connection.execute("PRAGMA busy_timeout = 1")
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        edit = edits.draw_box(document.annotations, 1, 1, BOX)
        with pytest.raises(ProjectError, match="another program is using it"):
            document.do(edit)
        other.close()
        document.do(edit)
        assert frames_on_disk(path) == [1]

    def test_edit_after_closing_is_refused(self, document):
        document.close()
        with pytest.raises(ProjectError, match="is closed"):
            document.do(edits.draw_box(document.annotations, 1, 1, BOX))
        assert len(document.annotations[1].boxes) == 0

    def test_edit_that_does_not_fit_is_not_written(self, document, path):
        stale = edits.draw_box(document.annotations, 1, 1, BOX)
        document.do(edits.draw_box(document.annotations, 1, 1, (9, 9, 9, 9)))
        before = path.read_bytes()
        with pytest.raises(EditError):
            document.do(stale)
        assert path.read_bytes() == before


def test_document_without_a_project_has_no_path():
    document = Document()
    document.do(edits.add_target(document.annotations))
    assert document.project_path is None and not document.project.is_on_disk
