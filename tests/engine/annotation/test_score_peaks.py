from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.annotation import box_around, find_peaks, nearest_peak
from fcot_engine.tracker import ScoreMap, ScoreMaps

CELL, ORIGIN = 2.0, (100.0, 50.0)
SIZE = (16.0, 16.0)  # 8 cells


def bump(row, column, height, sigma=2.0):
    rows, columns = np.mgrid[:40, :60]
    return height * np.exp(
        -((rows - row) ** 2 + (columns - column) ** 2) / (2 * sigma**2)
    )


def maps_of(*bumps):
    fused = np.sum([bump(*one) for one in bumps], axis=0).astype(np.float16)
    return ScoreMaps(*[ScoreMap(fused, ORIGIN, CELL)] * 3)


def test_peaks_come_with_their_places_and_scores_the_highest_first():
    first, second = find_peaks(maps_of((10, 15, 0.5), (30, 45, 0.9)), SIZE)
    assert first.center_xy == pytest.approx((190, 110), abs=0.1)
    assert first.score == pytest.approx(0.9, abs=1e-3)
    assert second.center_xy == pytest.approx((130, 70), abs=0.1)


def test_place_between_cells_is_found():
    (peak,) = find_peaks(maps_of((10.3, 15.4, 1.0)), SIZE)
    assert peak.center_xy == pytest.approx((130.8, 70.6), abs=0.15)


def test_bump_within_the_target_is_a_part_of_it():
    maps = maps_of((10, 15, 1.0, 1.0), (10, 18, 0.6, 0.8))
    assert len(find_peaks(maps, SIZE)) == 1
    assert len(find_peaks(maps, (4.0, 4.0))) == 2


def test_slope_of_a_wide_peak_is_no_second_one():
    assert len(find_peaks(maps_of((20, 30, 1.0, 9.0)), SIZE)) == 1


def test_low_ones_and_those_beyond_the_limit_are_left_out():
    maps = maps_of((5, 5, 1.0), (5, 30, 0.5), (30, 5, 0.4), (30, 30, 0.1))
    assert len(find_peaks(maps, SIZE)) == 3
    assert len(find_peaks(maps, SIZE, least_ratio=0.05)) == 4
    assert len(find_peaks(maps, SIZE, limit=2)) == 2


def test_map_without_a_positive_score_has_none():
    zeros = np.zeros((40, 60), np.float16)
    assert find_peaks(ScoreMaps(*[ScoreMap(zeros, ORIGIN, CELL)] * 3), SIZE) == []
    lows = zeros - np.float16(0.3)
    assert find_peaks(ScoreMaps(*[ScoreMap(lows, ORIGIN, CELL)] * 3), SIZE) == []


def test_click_means_the_nearest_peak_within_reach():
    peaks = find_peaks(maps_of((10, 15, 0.5), (30, 45, 0.9)), SIZE)
    assert nearest_peak(peaks, (133, 74), reach_px=8) is peaks[1]
    assert nearest_peak(peaks, (160, 90), reach_px=8) is None
    assert nearest_peak([], (133, 74), reach_px=8) is None


def test_box_of_a_size_lies_around_a_place():
    assert box_around((130.0, 70.0), (20.0, 10.0)) == (120.0, 65.0, 20.0, 10.0)
