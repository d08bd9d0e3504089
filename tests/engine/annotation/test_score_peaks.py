"""Peaks of a score map, the one a click means, and a box around it."""

from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.annotation import ScorePeak, box_around, find_peaks, nearest_peak
from fcot_engine.tracker import ScoreMap

ORIGIN, CELL = (100.0, 40.0), 2.0


def bumps(*peaks, size=72, width=3.0) -> np.ndarray:
    """Round hills of (row, column, height)."""
    rows, columns = np.mgrid[:size, :size]
    hills = [
        height * np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / width**2)
        for row, column, height in peaks
    ]
    return np.max(hills, axis=0)


def score_map(scores) -> ScoreMap:
    return ScoreMap(np.asarray(scores, np.float16), ORIGIN, CELL)


class TestFindScorePeaks:
    def test_highest_first_in_image_pixels(self):
        peaks = find_peaks(score_map(bumps((20, 50, 0.5), (40, 10, 0.8))))
        assert [(peak.x, peak.y) for peak in peaks] == [
            pytest.approx((120, 120)),
            pytest.approx((200, 80)),
        ]
        assert peaks[0].score == pytest.approx(0.8, abs=0.003)
        assert [peak.ratio for peak in peaks] == pytest.approx([1, 0.625], abs=0.005)

    def test_place_between_cells(self):
        (peak,) = find_peaks(score_map(bumps((20.3, 49.6, 0.9))))
        assert (peak.x, peak.y) == pytest.approx((199.2, 80.6), abs=0.15)

    def test_ripples_are_left_out(self):
        peaks = find_peaks(score_map(bumps((20, 50, 0.1), (40, 10, 0.8))))
        assert len(peaks) == 1

    def test_map_without_anything_has_none(self):
        noise = np.random.default_rng(0).random((72, 72)) * 0.04
        assert find_peaks(score_map(noise)) == ()
        assert find_peaks(score_map(np.zeros((72, 72)))) == ()

    def test_flat_top_is_one_peak(self):
        scores = np.zeros((20, 20))
        scores[5:7, 5:7] = 0.9
        assert len(find_peaks(score_map(scores))) == 1

    def test_peak_at_the_border(self):
        (peak,) = find_peaks(score_map(bumps((0, 0, 0.9))))
        assert (peak.x, peak.y) == pytest.approx(ORIGIN)

    def test_no_more_than_asked_for(self):
        many = bumps(*((r, c, 0.5) for r in (10, 30, 50) for c in (10, 30, 50)))
        assert len(find_peaks(score_map(many), max_peaks=4)) == 4

    def test_map_of_one_cell(self):
        (peak,) = find_peaks(score_map(np.ones((1, 1))))
        assert (peak.x, peak.y) == ORIGIN


class TestNearestPeak:
    PEAKS = (ScorePeak(10, 10, 0.9, 1.0), ScorePeak(30, 10, 0.5, 0.55))

    def test_nearest_not_highest(self):
        assert nearest_peak(self.PEAKS, (26, 12), reach_px=10) is self.PEAKS[1]

    def test_too_far_from_all(self):
        assert nearest_peak(self.PEAKS, (26, 40), reach_px=10) is None
        assert nearest_peak((), (26, 40), reach_px=10) is None


def test_box_around_a_point():
    assert box_around((130.0, 70.0), (20.0, 10.0)) == (120.0, 65.0, 20.0, 10.0)
