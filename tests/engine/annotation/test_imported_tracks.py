from __future__ import annotations

import pytest

from fcot_engine.annotation import (
    AnnotationSession,
    Maker,
    Origin,
    SpanKind,
    annotations_to_json,
)
from fcot_engine.errors import TrackFileError
from fcot_engine.formats import read_tracks

GT = """\
1,1,11,21,30,20,1,1,1
2,1,12,21,30,20,1,1,0
2,5,101,51,30.5,20,1,2,1
"""


@pytest.fixture
def mot_file(tmp_path):
    (tmp_path / "seq" / "gt").mkdir(parents=True)
    (tmp_path / "seq" / "gt" / "labels.txt").write_text("ball\ncup\n")
    path = tmp_path / "seq" / "gt" / "gt.txt"
    path.write_text(GT)
    return path


def import_file(session, path):
    return session.edit.add_tracks(read_tracks(path, video_name=session.source.name))


def state(session):
    return annotations_to_json(session.annotations)


class TestForeignFile:
    def test_boxes_are_imported_ones_that_count_from_zero(self, session, mot_file):
        import_file(session, mot_file)
        box = session.box(5, 1)
        assert box.box_xywh == (100.0, 50.0, 30.5, 20.0)
        assert box.origin is Origin.IMPORTED and not box.is_human
        assert box.maker == Maker("import:gt.txt")

    def test_ids_and_classes_are_kept_in_an_empty_project(self, session, mot_file):
        added = import_file(session, mot_file)
        assert added.target_ids == {1: 1, 5: 5}
        classes = [target.info.class_name for target in session.annotations]
        assert classes == ["ball", "cup"]
        assert session.edit.add_target() == 6

    def test_ids_that_were_given_are_not_given_again(self, one_target, mot_file):
        session, target = one_target
        added = import_file(session, mot_file)
        assert added.target_ids == {1: target + 1, 5: target + 2}
        assert session.box(target, 0).origin is Origin.HUMAN

    def test_counts_are_told(self, session, mot_file):
        added = import_file(session, mot_file)
        assert (added.n_boxes, added.n_human_boxes) == (3, 0)

    def test_hidden_frames_are_occluded(self, session, mot_file):
        import_file(session, mot_file)
        (span,) = session.annotations[1].info.spans
        assert (span.first, span.last, span.kind) == (1, 1, SpanKind.OCCLUDED)

    def test_undo_takes_all_of_it_back_and_redo_repeats_it(self, one_target, mot_file):
        session, _ = one_target
        before = state(session)
        import_file(session, mot_file)
        after = state(session)
        edit = session.edit.undo()
        assert state(session) == before
        assert edit.text == "Targets imported from gt.txt: 2"
        session.edit.redo()
        assert state(session) == after

    def test_imported_boxes_start_a_run_and_are_replaced_by_it(self, session, mot_file):
        import_file(session, mot_file)
        for _ in session.propagate(0, target_ids=[1], until=3):
            pass
        assert session.box(1, 1).origin is Origin.TRACKED

    def test_import_is_in_the_project_after_closing(
        self, video, shop, tmp_path, mot_file
    ):
        path = tmp_path / "a.fcot"
        session = AnnotationSession.create(video, shop, path)
        import_file(session, mot_file)
        wanted = state(session)
        session.close()
        again = AnnotationSession.open(path, shop, source=video)
        assert state(again) == wanted
        again.edit.undo()
        assert len(again.annotations) == 0
        again.close()


class TestRefusals:
    def refused(self, session, path, words):
        before = state(session)
        with pytest.raises(TrackFileError, match=words):
            import_file(session, path)
        assert state(session) == before

    def test_box_behind_the_end(self, session, mot_file):
        mot_file.write_text(GT + "61,1,1,1,5,5,1,1,1\n62,1,1,1,5,5,1,1,1\n")
        self.refused(
            session,
            mot_file,
            r"track 1, frame 60: the video ends with frame 59 \(and 1 more\)",
        )

    def test_box_outside_the_frame(self, session, mot_file):
        mot_file.write_text(GT + "3,1,300,1,5,5,1,1,1\n")
        self.refused(session, mot_file, "frame 2: box lies outside the frame of 200x")

    def test_file_of_another_size(self, session, mot_file):
        (mot_file.parent.parent / "seqinfo.ini").write_text(
            "[Sequence]\nname=a\nseqLength=60\nimWidth=640\nimHeight=480\n"
        )
        self.refused(session, mot_file, "frames of 640x480 pixels, but numbered has")

    def test_other_length_is_a_note(self, session, mot_file):
        (mot_file.parent.parent / "seqinfo.ini").write_text(
            "[Sequence]\nname=a\nseqLength=50\nimWidth=200\nimHeight=120\n"
        )
        (note,) = import_file(session, mot_file).notes
        assert "was made for 50 frames, numbered has 60" in note
