"""Score maps of many frames within their memory, and their peaks."""

from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.tracker import ScoreMap, ScoreMaps
from napari_fcot.tracking import (
    MapKind,
    MapPeak,
    ScoreMapStore,
    find_map_peaks,
    nearest_peak,
)

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


def score_maps(fused, coarse=None, fine=None) -> ScoreMaps:
    given = (fused if one is None else one for one in (fused, fine, coarse))
    fused, fine, coarse = map(score_map, given)
    return ScoreMaps(fused=fused, fine=fine, coarse=coarse)


HUNDRED_CELLS = np.ones((10, 10))
"""All maps of a frame with it take 600 bytes."""


def kept(store, target_id=1):
    return [frame for frame in range(5) if store.get(target_id, frame) is not None]


class TestScoreMapStore:
    def test_keeps_each_kind_apart(self):
        store = ScoreMapStore()
        maps = score_maps([[1.0]], coarse=[[0.25]], fine=[[0.5]])
        store.put(1, 3, maps)
        kinds = {kind: store.get(1, 3, kind) for kind in MapKind}
        assert kinds == {
            MapKind.FUSED: maps.fused,
            MapKind.COARSE: maps.coarse,
            MapKind.FINE: maps.fine,
        }
        assert store.get(1, 3) is maps.fused

    def test_other_frames_and_targets_have_none(self):
        store = ScoreMapStore()
        store.put(1, 3, score_maps([[1.0]]))
        assert store.get(1, 4) is None
        assert store.get(2, 3, MapKind.COARSE) is None

    def test_none_takes_outdated_maps_away(self):
        store = ScoreMapStore()
        store.put(1, 3, score_maps([[1.0]]))
        store.put(1, 3, None)
        assert store.get(1, 3) is None

    def test_oldest_maps_of_all_targets_make_room(self):
        store = ScoreMapStore(1500)
        for frame in range(2):
            for target_id in (1, 2):
                store.put(target_id, frame, score_maps(HUNDRED_CELLS))
        assert (kept(store, 1), kept(store, 2)) == ([1], [1])

    def test_newest_map_stays_however_large(self):
        store = ScoreMapStore(10)
        store.put(1, 0, score_maps(HUNDRED_CELLS))
        assert kept(store) == [0]

    def test_writing_a_frame_again_counts_it_once_and_makes_it_new(self):
        store = ScoreMapStore(1500)
        for frame in (0, 1, 0, 0):
            store.put(1, frame, score_maps(HUNDRED_CELLS))
        assert kept(store) == [0, 1]
        store.put(1, 2, score_maps(HUNDRED_CELLS))
        assert kept(store) == [0, 2]


class TestFindMapPeaks:
    def test_highest_first_in_image_pixels(self):
        peaks = find_map_peaks(score_map(bumps((20, 50, 0.5), (40, 10, 0.8))))
        assert [(peak.x, peak.y) for peak in peaks] == [
            pytest.approx((120, 120)),
            pytest.approx((200, 80)),
        ]
        assert peaks[0].score == pytest.approx(0.8, abs=0.003)
        assert [peak.ratio for peak in peaks] == pytest.approx([1, 0.625], abs=0.005)

    def test_place_between_cells(self):
        (peak,) = find_map_peaks(score_map(bumps((20.3, 49.6, 0.9))))
        assert (peak.x, peak.y) == pytest.approx((199.2, 80.6), abs=0.15)

    def test_ripples_are_left_out(self):
        peaks = find_map_peaks(score_map(bumps((20, 50, 0.1), (40, 10, 0.8))))
        assert len(peaks) == 1

    def test_map_without_anything_has_none(self):
        noise = np.random.default_rng(0).random((72, 72)) * 0.04
        assert find_map_peaks(score_map(noise)) == ()
        assert find_map_peaks(score_map(np.zeros((72, 72)))) == ()

    def test_flat_top_is_one_peak(self):
        scores = np.zeros((20, 20))
        scores[5:7, 5:7] = 0.9
        assert len(find_map_peaks(score_map(scores))) == 1

    def test_peak_at_the_border(self):
        (peak,) = find_map_peaks(score_map(bumps((0, 0, 0.9))))
        assert (peak.x, peak.y) == pytest.approx(ORIGIN)

    def test_no_more_than_asked_for(self):
        many = bumps(*((r, c, 0.5) for r in (10, 30, 50) for c in (10, 30, 50)))
        assert len(find_map_peaks(score_map(many), max_peaks=4)) == 4

    def test_map_of_one_cell(self):
        (peak,) = find_map_peaks(score_map(np.ones((1, 1))))
        assert (peak.x, peak.y) == ORIGIN


class TestNearestPeak:
    PEAKS = (MapPeak(10, 10, 0.9, 1.0), MapPeak(30, 10, 0.5, 0.55))

    def test_nearest_not_highest(self):
        assert nearest_peak(self.PEAKS, (26, 12), reach_px=10) is self.PEAKS[1]

    def test_too_far_from_all(self):
        assert nearest_peak(self.PEAKS, (26, 40), reach_px=10) is None
        assert nearest_peak((), (26, 40), reach_px=10) is None
