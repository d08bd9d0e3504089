from __future__ import annotations

import json

import pytest

from fcot_engine.annotation import SpanKind
from fcot_engine.formats import read_tracks

BOX = (10.0, 10.0, 20.0, 20.0)


def import_file(session, path):
    return session.edit.add_tracks(read_tracks(path, video_name=session.source.name))


def finish(run):
    for _ in run:
        pass


@pytest.fixture
def worked(one_target, video):
    """One target drawn, carried over 11 frames, corrected twice and drawn once more."""
    session, target = one_target
    finish(session.propagate(0, until=10))
    session.edit.draw_box(target, 4, video.truth(4))
    session.edit.draw_box(target, 7, video.truth(7))
    session.edit.draw_box(target, 20, video.truth(20))
    return session, target


def test_boxes_and_corrections_are_counted(worked):
    report = worked[0].effort_report()
    assert (report.n_drawn, report.n_corrections, report.n_boxes) == (4, 2, 12)
    assert report.drawn_per_100_frames == pytest.approx(100 * 4 / 60)
    assert report.drawn_per_100_boxes == pytest.approx(100 * 4 / 12)


def test_each_target_has_its_share(worked, video):
    session, target = worked
    cup = session.edit.add_target("Cup", class_name="cup")
    session.edit.draw_box(cup, 3, BOX)
    ball, other = session.effort_report().targets
    assert (ball.target_id, ball.n_drawn, ball.n_corrections) == (target, 4, 2)
    assert (other.name, other.n_drawn, other.n_boxes) == ("Cup", 1, 1)


def test_what_was_taken_back_does_not_count(worked):
    session, _ = worked
    session.edit.undo()
    assert session.effort_report().n_drawn == 3
    session.edit.redo()
    assert session.effort_report().n_drawn == 4


def test_drawing_the_same_box_again_counts_nothing(one_target):
    session, target = one_target
    box = session.box(target, 0).box_xywh
    before = session.effort_report().n_drawn
    session.edit.draw_box(target, 0, box)
    assert session.effort_report().n_drawn == before


def test_boxes_that_change_their_target_are_not_drawn_again(worked):
    session, target = worked
    session.edit.split(target, 5)
    report = session.effort_report()
    assert report.n_drawn == 4
    session.edit.merge(target, 2)
    assert session.effort_report().n_drawn == 4


def test_work_on_a_removed_target_counts(worked):
    session, target = worked
    session.edit.remove_target(target)
    (gone,) = session.effort_report().targets
    assert gone.is_removed and gone.n_drawn == 4 and gone.n_boxes == 0
    assert gone.drawn_per_100_boxes is None


def test_imported_boxes_are_nobodys_work(session, tmp_path):
    path = tmp_path / "gt.txt"
    path.write_text("1,1,11,21,30,20,1,1,1\n")
    import_file(session, path)
    report = session.effort_report()
    assert report.n_drawn == 0 and report.n_boxes == 1
    session.edit.draw_box(1, 0, BOX)
    assert session.effort_report().n_corrections == 1


def test_picking_another_peak_is_a_correction(worked, video):
    session, target = worked
    session.edit.pick_peak(target, 2, (90, 60, 20, 20))
    report = session.effort_report()
    assert (report.n_drawn, report.n_corrections) == (5, 3)


def test_edits_are_counted_by_kind(worked):
    session, target = worked
    session.edit.mark_span(target, 30, 31, SpanKind.OUT_OF_VIEW)
    edits = session.effort_report().edits
    assert edits == {"add_target": 1, "draw_box": 4, "mark_span": 1, "run": 1}


def test_forgotten_edits_are_told(worked, monkeypatch):
    session, target = worked
    monkeypatch.setattr("fcot_engine.annotation.project._MOST_EDIT_BYTES", 10)
    session.edit.draw_box(target, 30, BOX)
    report = session.effort_report()
    assert not report.is_complete
    assert "no longer there" in report.text


def test_project_without_edits(session):
    report = session.effort_report()
    assert report.is_complete and report.n_drawn == 0
    assert report.text == (
        "0 boxes drawn, 0 of them corrections: 0.0 for each 100 of the video's 60 "
        "frames."
    )


def test_text_and_json_say_the_same(worked):
    report = worked[0].effort_report()
    total, ball, edits = report.text.splitlines()
    assert total == (
        "4 boxes drawn, 2 of them corrections: 6.7 for each 100 of the video's 60 "
        "frames."
    )
    assert ball.strip() == (
        "ball 1 (ball): 4 drawn, 2 corrections; 12 boxes now, 33.3 drawn for each 100"
    )
    assert edits == "Edits: add_target 1, draw_box 4, run 1."
    written = json.loads(json.dumps(report.to_json()))
    assert (written["drawn"], written["corrections"]) == (4, 2)
    assert written["targets"][0]["drawn_per_100_boxes"] == pytest.approx(33.333)
