"""Peaks of kept score maps."""

from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.tracker import ScoreMap, ScoreMaps
from napari_fcot.tracking import (
    CompactScoreMap,
    MapKind,
    MapPeak,
    ScoreMapStore,
    find_map_peaks,
    nearest_peak,
)
from napari_fcot.tracking.map_peaks import peaks_of_frame

ORIGIN, CELL = (100.0, 40.0), 2.0


def bumps(*peaks, size=72, width=3.0) -> np.ndarray:
    """Round hills of (row, column, height)."""
    rows, columns = np.mgrid[:size, :size]
    hills = [
        height * np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / width**2)
        for row, column, height in peaks
    ]
    return np.max(hills, axis=0)


def compact(scores) -> CompactScoreMap:
    return CompactScoreMap.from_scores(scores, ORIGIN, CELL)


class TestFindMapPeaks:
    def test_highest_first_in_image_pixels(self):
        peaks = find_map_peaks(compact(bumps((20, 50, 0.5), (40, 10, 0.8))))
        assert [(peak.x, peak.y) for peak in peaks] == [
            pytest.approx((120, 120)),
            pytest.approx((200, 80)),
        ]
        assert peaks[0].score == pytest.approx(0.8, abs=0.003)
        assert [peak.ratio for peak in peaks] == pytest.approx([1, 0.625], abs=0.005)

    def test_place_between_cells(self):
        (peak,) = find_map_peaks(compact(bumps((20.3, 49.6, 0.9))))
        assert (peak.x, peak.y) == pytest.approx((199.2, 80.6), abs=0.15)

    def test_ripples_are_left_out(self):
        peaks = find_map_peaks(compact(bumps((20, 50, 0.1), (40, 10, 0.8))))
        assert len(peaks) == 1

    def test_map_without_anything_has_none(self):
        noise = np.random.default_rng(0).random((72, 72)) * 0.04
        assert find_map_peaks(compact(noise)) == ()
        assert find_map_peaks(compact(np.zeros((72, 72)))) == ()

    def test_flat_top_is_one_peak(self):
        scores = np.zeros((20, 20))
        scores[5:8, 5:8] = 1.5  # more than 1 is kept as 1
        assert len(find_map_peaks(compact(scores))) == 1

    def test_peak_at_the_border(self):
        (peak,) = find_map_peaks(compact(bumps((0, 0, 0.9))))
        assert (peak.x, peak.y) == pytest.approx(ORIGIN)

    def test_no_more_than_asked_for(self):
        many = bumps(*((r, c, 0.5) for r in (10, 30, 50) for c in (10, 30, 50)))
        assert len(find_map_peaks(compact(many), max_peaks=4)) == 4

    def test_map_of_one_cell(self):
        (peak,) = find_map_peaks(compact(np.ones((1, 1))))
        assert (peak.x, peak.y) == ORIGIN


class TestPeaksOfFrame:
    def test_reads_the_chosen_map(self):
        store = ScoreMapStore()
        fused, fine = (bumps((20, column, 0.9)) for column in (10, 50))
        store.put(
            4, ScoreMaps(*(ScoreMap(m, ORIGIN, CELL) for m in (fused, fine, fine)))
        )
        assert peaks_of_frame(store, 4)[0].x == pytest.approx(120)
        assert peaks_of_frame(store, 4, MapKind.FINE)[0].x == pytest.approx(200)

    def test_frame_or_target_without_maps_has_none(self):
        assert peaks_of_frame(ScoreMapStore(), 4) == ()
        assert peaks_of_frame(None, 4) == ()


class TestNearestPeak:
    PEAKS = (MapPeak(10, 10, 0.9, 1.0), MapPeak(30, 10, 0.5, 0.55))

    def test_nearest_not_highest(self):
        assert nearest_peak(self.PEAKS, (26, 12), reach_px=10) is self.PEAKS[1]

    def test_too_far_from_all(self):
        assert nearest_peak(self.PEAKS, (26, 40), reach_px=10) is None
        assert nearest_peak((), (26, 40), reach_px=10) is None
