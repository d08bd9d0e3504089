from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.evaluation import center_distances, overlaps
from fcot_engine.sample import make_sample_video

pytestmark = pytest.mark.slow

WIDTH, HEIGHT = 480, 360


@pytest.fixture
def sample(sample_video):
    return sample_video


def cup_share(sample, index):
    """Share of the true box that has the colours of the cup, much red and no blue."""
    x, y, w, h = (round(value) for value in sample.boxes_xywh[index])
    inside = sample.frames[index, y : y + h, x : x + w].astype(float)
    return ((inside[..., 0] - inside[..., 2]) > 60).mean()


class TestFrames:
    def test_one_box_a_frame(self, sample):
        assert sample.frames.shape == (200, HEIGHT, WIDTH, 3)
        assert sample.boxes_xywh.shape == sample.distractor_boxes_xywh.shape == (200, 4)

    def test_second_run_gives_the_same(self, sample):
        again = make_sample_video()
        np.testing.assert_array_equal(again.frames, sample.frames)
        np.testing.assert_array_equal(again.boxes_xywh, sample.boxes_xywh)

    def test_background_moves(self, sample):
        corner = sample.frames[:, -40:, :40].astype(float)
        assert np.abs(corner[0] - corner[100]).mean() > 10


class TestTruth:
    def test_target_stays_in_the_frame(self, sample):
        x, y, w, h = sample.boxes_xywh.T
        assert x.min() > 0 and y.min() > 0
        assert (x + w).max() < WIDTH and (y + h).max() < HEIGHT

    def test_target_grows_and_shrinks(self, sample):
        widths = sample.boxes_xywh[:, 2]
        assert widths.min() < 72 and widths.max() > 117

    def test_motion_is_smooth(self, sample):
        steps = np.diff(sample.boxes_xywh, axis=0)
        assert np.abs(steps).max() < 8  # pixels a frame
        assert np.abs(np.diff(steps, axis=0)).max() < 3

    @pytest.mark.parametrize("index", [5, 25, 80, 135, 190])
    def test_box_holds_the_cup(self, sample, index):
        assert cup_share(sample, index) > 0.45

    def test_post_hides_a_part_of_the_target(self, sample):
        before, behind, after = (cup_share(sample, index) for index in (35, 44, 58))
        assert 0.2 < behind < 0.6 * min(before, after)


class TestDistractor:
    def test_comes_later_than_the_target(self, sample):
        is_there = np.isfinite(sample.distractor_boxes_xywh).all(axis=1)
        assert not is_there[:75].any() and is_there[90:].all()

    def test_hides_the_target_for_some_frames(self, sample):
        target, other = sample.boxes_xywh, sample.distractor_boxes_xywh
        covers = (other[:, :2] <= target[:, :2] + 2).all(1) & (
            other[:, :2] + other[:, 2:] >= target[:, :2] + target[:, 2:] - 2
        ).all(1)
        assert 3 <= covers.sum() <= 12

    def test_frames_of_the_meeting_are_those_that_overlap(self, sample):
        met = sample.distractor_frames
        overlap = np.nan_to_num(
            overlaps(sample.distractor_boxes_xywh, sample.boxes_xywh)
        )
        assert overlap[met.start] > 0 and overlap[met.stop - 1] > 0
        assert overlap[: met.start].max() == 0 and overlap[met.stop :].max() == 0

    def test_target_is_apart_for_long_afterwards(self, sample):
        after = slice(sample.distractor_frames.stop + 3, None)
        target, other = sample.boxes_xywh[after], sample.distractor_boxes_xywh[after]
        apart = center_distances(target, other) > 1.5 * target[:, 2]
        assert apart.all() and len(apart) >= 60
