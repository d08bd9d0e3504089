"""Marks and scores of one target, and what of it looks different after a change."""

from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.errors import FrameIndexError
from fcot_engine.session.track_store import BoxOrigin, TrackBox
from napari_fcot.timeline.target_row import Mark, TargetRow, mark_of


def box_of(frame_index, origin=BoxOrigin.TRACKED, score=0.5, *, is_lost=False):
    return TrackBox(frame_index, (1.0, 2.0, 3.0, 4.0), origin, score, is_lost)


@pytest.fixture
def row():
    return TargetRow(1, 20)


class TestMarkOf:
    @pytest.mark.parametrize(
        ("box", "mark"),
        [
            pytest.param(None, Mark.NONE, id="no_box"),
            pytest.param(box_of(0), Mark.MACHINE, id="tracked"),
            pytest.param(box_of(0, is_lost=True), Mark.MACHINE | Mark.LOST, id="lost"),
            pytest.param(box_of(0, BoxOrigin.HUMAN), Mark.HUMAN, id="human"),
            pytest.param(
                box_of(0, BoxOrigin.CORRECTED),
                Mark.HUMAN | Mark.CORRECTED,
                id="corrected",
            ),
        ],
    )
    def test_origin_and_loss_are_told(self, box, mark):
        assert mark_of(box) == mark


class TestPut:
    def test_machine_box_has_its_score(self, row):
        row.put(3, Mark.MACHINE, 0.25)
        assert row.scores[3] == 0.25
        assert row.mark_at(3) == Mark.MACHINE

    def test_human_box_has_no_score(self, row):
        row.put(3, Mark.MACHINE, 0.25)
        row.put(3, Mark.HUMAN, 1.0)
        assert np.isnan(row.scores[3])
        assert row.n_boxes == 1

    def test_taking_a_box_away_leaves_nothing(self, row):
        row.put(3, Mark.MACHINE, 0.25)
        row.put(3, Mark.NONE)
        assert row.extent is None
        assert row.n_boxes == 0
        assert np.isnan(row.scores[3])

    def test_first_box_changes_its_frame_only(self, row):
        assert row.put(7, Mark.HUMAN) == (7, 7)

    def test_box_between_others_changes_its_frame_only(self, row):
        row.put(2, Mark.HUMAN)
        row.put(12, Mark.HUMAN)
        assert row.put(7, Mark.MACHINE, 0.5) == (7, 7)

    def test_box_after_the_last_makes_a_gap(self, row):
        row.put(2, Mark.HUMAN)
        assert row.put(9, Mark.HUMAN) == (2, 9)

    def test_taking_the_last_box_away_ends_the_gap(self, row):
        row.put(2, Mark.HUMAN)
        row.put(9, Mark.HUMAN)
        assert row.put(9, Mark.NONE) == (2, 9)
        assert row.extent == (2, 2)

    @pytest.mark.parametrize("frame_index", [-1, 20])
    def test_frame_outside_is_an_error(self, row, frame_index):
        with pytest.raises(FrameIndexError, match="from 0 to 19"):
            row.put(frame_index, Mark.HUMAN)


class TestLoad:
    def test_same_as_putting_one_by_one(self, row):
        boxes = [
            box_of(0, BoxOrigin.HUMAN, 1.0),
            box_of(1, score=0.75),
            box_of(4, is_lost=True, score=0.125),
            box_of(6, BoxOrigin.CORRECTED, 1.0),
        ]
        for box in boxes:
            row.put(box.frame_index, mark_of(box), box.score)
        loaded = TargetRow(1, 20)
        loaded.load(boxes)
        np.testing.assert_array_equal(loaded.marks, row.marks)
        np.testing.assert_array_equal(loaded.scores, row.scores)
        assert (
            (loaded.n_boxes, loaded.extent) == (row.n_boxes, row.extent) == (4, (0, 6))
        )

    def test_what_was_there_is_gone(self, row):
        row.put(3, Mark.HUMAN)
        row.load([])
        assert row.n_boxes == 0
        assert row.extent is None

    def test_boxes_after_the_end_are_left_out(self, row):
        row.load([box_of(19), box_of(20)])
        assert row.extent == (19, 19)


def test_human_frames_are_those_within(row):
    for frame in (2, 5, 9):
        row.put(frame, Mark.HUMAN)
    row.put(6, Mark.MACHINE, 0.5)
    assert row.human_frames(3, 9).tolist() == [5, 9]
