from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.sample.motion import Pose, smooth_closed, smooth_path

SQUARE = [(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0)]


class TestPose:
    @pytest.mark.parametrize(
        ("angle", "expected"),
        [
            pytest.param(0.0, (12.0, 5.0), id="no_turn"),
            pytest.param(90.0, (10.0, 7.0), id="quarter_turn_goes_down"),
            pytest.param(180.0, (8.0, 5.0), id="half_turn"),
        ],
    )
    def test_point_is_scaled_turned_and_moved(self, angle, expected):
        pose = Pose((10.0, 5.0), 2.0, angle)
        placed = pose.to_image(np.array([[1.0, 0.0]]))
        np.testing.assert_allclose(placed, [expected], atol=1e-12)


class TestSmoothPath:
    def test_goes_through_its_keys(self):
        times, values = [0, 3, 10], [[1.0], [5.0], [-2.0]]
        np.testing.assert_allclose(
            smooth_path(times, values, np.array(times, dtype=float)), values
        )

    def test_straight_line_stays_straight(self):
        at = np.linspace(0, 10, 21)
        path = smooth_path([0, 3, 10], [[0.0], [6.0], [20.0]], at)
        np.testing.assert_allclose(path[:, 0], 2 * at)

    def test_speed_has_no_jump_at_a_key(self):
        at = np.array([3 - 1e-6, 3.0, 3 + 1e-6])
        path = smooth_path([0, 3, 10], [[0.0], [5.0], [-2.0]], at)[:, 0]
        before, after = np.diff(path) / 1e-6
        assert before == pytest.approx(after, abs=1e-3)

    def test_end_value_is_kept_outside(self):
        path = smooth_path([0, 1], [[2.0], [3.0]], np.array([-5.0, 9.0]))
        np.testing.assert_allclose(path[:, 0], [2.0, 3.0])


class TestSmoothClosed:
    def test_goes_through_every_corner(self):
        outline = smooth_closed(SQUARE, points_a_corner=4)
        np.testing.assert_allclose(outline[::4], SQUARE)

    def test_last_side_is_as_round_as_the_first(self):
        outline = smooth_closed(SQUARE, points_a_corner=2)
        first, last = outline[1], outline[-1]
        np.testing.assert_allclose(first, [2.0, -0.5])
        np.testing.assert_allclose(last, [-0.5, 2.0])
