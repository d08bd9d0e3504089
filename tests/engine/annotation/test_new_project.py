"""A session whose project is begun by the first edit."""

from __future__ import annotations

import pytest

from fcot_engine.annotation import AnnotationSession, Document
from fcot_engine.annotation.edit_text import encode_annotations
from fcot_engine.errors import EditError, ProjectError

BOX = (5.0, 5.0, 20.0, 10.0)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "film.fcot.json"


@pytest.fixture
def begun(video, shop, path):
    session = AnnotationSession.begin(video, shop, path)
    yield session
    session.close()


def test_nothing_is_written_before_the_first_edit(begun, path, tmp_path):
    assert begun.project_path == path
    assert not begun.is_saved
    begun.save()
    assert list(tmp_path.iterdir()) == []


def test_looking_and_closing_leaves_no_files(begun, tmp_path):
    begun.work_list()
    begun.close()
    assert list(tmp_path.iterdir()) == []


def test_first_edit_begins_the_project(begun, video, shop, path):
    annotations = begun.annotations
    target = begun.edit.add_target("Ann")
    assert begun.is_saved
    assert begun.annotations is annotations
    begun.edit.draw_box(target, 3, BOX)
    begun.document.project.abandon()  # as a crash would
    session = AnnotationSession.open(path, shop, source=video)
    assert session.box(target, 3).box_xywh == BOX
    session.edit.undo()
    session.edit.undo()
    assert not session.edit.can_undo
    session.close()


def test_refused_edit_begins_nothing(begun, tmp_path):
    with pytest.raises(EditError):
        begun.edit.delete_box(1, 0)
    with pytest.raises(EditError, match="nothing to undo"):
        begun.edit.undo()
    assert list(tmp_path.iterdir()) == []


def test_old_project_is_refused_at_once(video, shop, path):
    AnnotationSession.create(video, shop, path).close()
    with pytest.raises(ProjectError, match="already a project"):
        AnnotationSession.begin(video, shop, path)


def test_project_that_came_meanwhile_is_not_overwritten(begun, video, shop, path):
    other = AnnotationSession.create(video, shop, path)
    other.edit.add_target("other")
    other.close()
    with pytest.raises(ProjectError, match="already a project"):
        begun.edit.add_target()
    assert len(begun.annotations) == 0 and not begun.is_saved
    session = AnnotationSession.open(path, shop, source=video)
    assert session.annotations[1].info.name == "other"
    session.close()


def test_folder_that_is_not_there_refuses_the_edit_and_changes_nothing(
    video, shop, tmp_path
):
    session = AnnotationSession.begin(video, shop, tmp_path / "gone" / "a.fcot.json")
    before = encode_annotations(session.annotations)
    for _ in range(2):
        with pytest.raises(ProjectError):
            session.edit.add_target()
    assert encode_annotations(session.annotations) == before
    assert not session.edit.can_undo and not session.is_saved


def test_edit_after_closing_begins_nothing(begun, tmp_path):
    begun.close()
    begun.edit.add_target()
    assert list(tmp_path.iterdir()) == []


def test_session_in_memory_has_no_path(session):
    session.edit.add_target()
    assert session.project_path is None
    assert not session.is_saved


def test_opened_project_knows_its_path(begun, video, shop, path):
    begun.edit.add_target()
    begun.close()
    session = AnnotationSession.open(path, shop, source=video)
    assert (session.project_path, session.is_saved) == (path, True)
    session.close()


def test_document_without_a_project_has_no_path():
    assert Document().project_path is None
