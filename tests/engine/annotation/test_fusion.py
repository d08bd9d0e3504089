from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcot_engine.annotation.boxes import paired_iou
from fcot_engine.annotation.fusion import RunPath, fuse_paths
from fcot_engine.errors import ShapeError

N = 9
LEFT = np.array([0.0, 0.0, 20.0, 20.0])
RIGHT = np.array([100.0, 0.0, 20.0, 20.0])
LOW_LEFT, LOW_RIGHT = (np.add(pin, (0, 80, 0, 0)) for pin in (LEFT, RIGHT))


def line(first=10.0, last=90.0):
    """Boxes that move evenly from one x to another."""
    boxes = np.tile(LEFT, (N, 1))
    boxes[:, 0] = np.linspace(first, last, N)
    return boxes


def run(boxes, score=0.8, lost=(), own=None, far=None):
    scores = np.broadcast_to(np.asarray(score, float), (N,)).copy()
    is_lost = np.isin(np.arange(N), list(lost))
    return RunPath(boxes, scores, is_lost, own, far)


def nothing():
    return run(np.full((N, 4), np.nan))


class TestAgreement:
    def test_equal_runs_give_that_path(self):
        fused = fuse_paths(run(line()), run(line()), LEFT, RIGHT)
        np.testing.assert_allclose(fused.boxes_xywh, line())
        np.testing.assert_allclose(fused.scores, 0.8)
        np.testing.assert_allclose(fused.disagreement, 0, atol=1e-12)

    def test_near_a_pin_its_own_run_counts_most(self):
        above, below = line(), line()
        above[:, 1], below[:, 1] = -1, 1
        fused = fuse_paths(run(above), run(below), LEFT, RIGHT)
        y = fused.boxes_xywh[:, 1]
        assert (np.diff(y) > 0).all()
        assert y[0] < -0.7 and y[-1] > 0.7
        assert y[N // 2] == pytest.approx(0)

    def test_higher_score_counts_more(self):
        above, below = line(), line()
        above[:, 1], below[:, 1] = -1, 1
        fused = fuse_paths(run(above, 0.9), run(below, 0.3), LEFT, RIGHT)
        assert fused.boxes_xywh[N // 2, 1] == pytest.approx(-0.5)


class TestClosing:
    def test_drift_is_taken_out_evenly(self):
        drifted = line()
        drifted[:, 1] = np.arange(1, N + 1) / 2
        end = (100.0, (N + 1) / 2, 20.0, 20.0)
        fused = fuse_paths(run(drifted, far=end), nothing(), LEFT, RIGHT)
        np.testing.assert_allclose(fused.boxes_xywh, line(), atol=1e-9)

    def test_habit_of_a_tracker_is_taken_out_at_both_pins(self):
        small = line()
        small[:, 2:] = 18
        own, far = (tuple(pin - [0, 0, 2, 2]) for pin in (LEFT, RIGHT))
        fused = fuse_paths(run(small, own=own, far=far), nothing(), LEFT, RIGHT)
        np.testing.assert_allclose(fused.boxes_xywh[:, 2:], 20)

    def test_end_on_another_object_is_not_pulled_over(self):
        far = (300.0, 300.0, 20.0, 20.0)
        fused = fuse_paths(run(line(), far=far), nothing(), LEFT, RIGHT)
        np.testing.assert_allclose(fused.boxes_xywh, line())


class TestDisagreement:
    def low(self):
        boxes = line()
        boxes[:, 1] = 80
        return boxes

    def test_each_box_is_on_one_of_the_runs_with_one_switch(self):
        fused = fuse_paths(run(line()), run(self.low()), LEFT, LOW_RIGHT)
        assert fused.boxes_xywh[:, 1].tolist() == [0] * 5 + [80] * 4

    def test_switch_lies_where_the_scores_change(self):
        ahead = run(self.low(), score=[0.9] * 2 + [0.1] * 7)
        fused = fuse_paths(ahead, run(line()), LOW_LEFT, RIGHT)
        assert fused.boxes_xywh[:, 1].tolist() == [80, 80] + [0] * 7

    def test_run_that_ends_at_the_far_pin_is_preferred(self):
        fused = fuse_paths(run(line()), run(self.low()), LEFT, RIGHT)
        assert fused.boxes_xywh[:, 1].tolist() == [0] * N

    def test_scores_are_lowered(self):
        fused = fuse_paths(run(line()), run(self.low()), LEFT, LOW_RIGHT)
        np.testing.assert_allclose(fused.scores, 0.4)
        np.testing.assert_allclose(fused.disagreement, 1)

    def test_run_that_still_sees_the_target_wins(self):
        lost = run(self.low(), score=0.1, lost=range(3, N))
        fused = fuse_paths(lost, run(line(), 0.5), LOW_LEFT, RIGHT)
        assert (fused.boxes_xywh[3:, 1] == 0).all()
        assert not fused.is_lost[3:].any()

    def test_lost_by_both_is_lost(self):
        both = run(line(), 0.1, lost=[4])
        fused = fuse_paths(both, both, LEFT, RIGHT)
        assert fused.is_lost.tolist() == [i == 4 for i in range(N)]


class TestParts:
    def test_one_run_alone_is_taken(self):
        fused = fuse_paths(nothing(), run(line()), LEFT, RIGHT)
        np.testing.assert_allclose(fused.boxes_xywh, line())
        assert np.isnan(fused.disagreement).all()

    def test_frames_that_only_one_reached_come_from_it(self):
        ahead, back = line(), line()
        ahead[4:], back[:4] = np.nan, np.nan
        fused = fuse_paths(run(ahead), run(back), LEFT, RIGHT)
        np.testing.assert_allclose(fused.boxes_xywh, line())

    def test_frame_that_nobody_reached_stays_empty(self):
        boxes = line()
        boxes[4] = np.nan
        fused = fuse_paths(run(boxes), run(boxes), LEFT, RIGHT)
        empty = np.isnan(fused.boxes_xywh).any(axis=1) | (fused.boxes_xywh == 0).all(1)
        assert empty.tolist() == [i == 4 for i in range(N)]
        assert fused.scores[4] == 0 and not fused.is_lost[4]

    def test_no_frames_between_the_pins(self):
        empty = RunPath(np.zeros((0, 4)), np.zeros(0), np.zeros(0, bool))
        assert fuse_paths(empty, empty, LEFT, RIGHT).boxes_xywh.shape == (0, 4)

    def test_paths_of_different_lengths_are_refused(self):
        short = RunPath(np.zeros((2, 4)), np.zeros(2), np.zeros(2, bool))
        with pytest.raises(ShapeError, match="got 9 and 2 of them"):
            fuse_paths(run(line()), short, LEFT, RIGHT)


numbers = st.floats(0, 100)
path_boxes = st.lists(
    st.tuples(numbers, numbers, st.floats(1, 50), st.floats(1, 50)),
    min_size=N,
    max_size=N,
)
scores = st.lists(st.floats(0, 1), min_size=N, max_size=N)


@given(path_boxes, path_boxes, scores, scores, st.sets(st.integers(0, N - 1)))
def test_fused_boxes_are_boxes(ahead, back, ahead_scores, back_scores, lost):
    fused = fuse_paths(
        run(np.array(ahead), ahead_scores, lost),
        run(np.array(back), back_scores),
        LEFT,
        RIGHT,
    )
    assert np.isfinite(fused.boxes_xywh).all()
    assert (fused.boxes_xywh[:, 2:] > 0).all()
    assert ((fused.scores >= 0) & (fused.scores <= 1)).all()
    assert ((fused.forward_weight >= 0) & (fused.forward_weight <= 1)).all()


class TestPairedIou:
    @pytest.mark.parametrize(
        ("other", "expected"),
        [
            pytest.param((0, 0, 20, 20), 1.0, id="same"),
            pytest.param((10, 0, 20, 20), 1 / 3, id="half_overlap"),
            pytest.param((20, 0, 20, 20), 0.0, id="touching"),
        ],
    )
    def test_value(self, other, expected):
        assert paired_iou(LEFT, np.array(other, float)) == pytest.approx(expected)
