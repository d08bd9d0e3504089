"""Maps of many frames, within their memory."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from fcot_engine.tracker import ScoreMap, ScoreMaps
from napari_fcot.tracking import MapKind, ScoreMapStore
from napari_fcot.tracking.score_map_store import MapBudget


def score_maps(fused, *, coarse=None, fine=None) -> ScoreMaps:
    """Maps of one frame, 3 bytes a cell when kept."""
    fused, fine, coarse = (
        np.asarray(fused if given is None else given, np.float16)
        for given in (fused, fine, coarse)
    )
    fused, fine, coarse = (ScoreMap(m, (0.0, 0.0), 4.0) for m in (fused, fine, coarse))
    return ScoreMaps(fused=fused, fine=fine, coarse=coarse)


def kept(store, n_frames=5):
    return [index for index in range(n_frames) if store.get(index) is not None]


class TestScoreMapStore:
    def test_keeps_each_kind_apart(self):
        store = ScoreMapStore()
        store.put(3, score_maps([[1.0]], coarse=[[0.2]], fine=[[0.6]]))
        values = [store.get(3, kind).values.tolist() for kind in MapKind]
        assert values == [[[255]], [[51]], [[153]]]

    def test_fused_is_what_is_meant_when_nothing_is_said(self):
        store = ScoreMapStore()
        store.put(3, score_maps([[1.0]], coarse=[[0.2]], fine=[[0.6]]))
        assert store.get(3) is store.get(3, MapKind.FUSED)

    def test_frame_without_maps_has_none(self):
        assert ScoreMapStore().get(3, MapKind.COARSE) is None

    def test_none_takes_outdated_maps_away(self):
        store = ScoreMapStore()
        store.put(3, score_maps([[1.0]]))
        store.put(3, None)
        assert store.get(3) is None

    def test_maps_of_the_network_take_less_than_eleven_kilobytes_a_frame(self):
        budget = MapBudget()
        store = ScoreMapStore(budget=budget)
        store.put(0, score_maps(np.ones((72, 72)), coarse=np.ones((18, 18))))
        assert budget.n_bytes == 2 * 72 * 72 + 18 * 18


class TestMapBudget:
    def test_oldest_maps_make_room(self):
        store = ScoreMapStore(budget=MapBudget(750))
        for index in range(5):
            store.put(index, score_maps(np.ones((10, 10))))
        assert kept(store) == [3, 4]

    def test_oldest_maps_of_all_targets_make_room(self):
        budget = MapBudget(750)
        first, second = ScoreMapStore(budget=budget), ScoreMapStore(budget=budget)
        for index in range(2):
            first.put(index, score_maps(np.ones((10, 10))))
            second.put(index, score_maps(np.ones((10, 10))))
        assert (kept(first), kept(second)) == ([1], [1])

    def test_newest_map_stays_however_large(self):
        store = ScoreMapStore(budget=MapBudget(10))
        store.put(0, score_maps(np.ones((10, 10))))
        assert kept(store) == [0]

    def test_writing_a_frame_again_counts_it_once_and_makes_it_new(self):
        budget = MapBudget(750)
        store = ScoreMapStore(budget=budget)
        for index in (0, 1, 0, 0):
            store.put(index, score_maps(np.ones((10, 10))))
        assert budget.n_bytes == 600
        store.put(2, score_maps(np.ones((10, 10))))
        assert kept(store) == [0, 2]

    @pytest.mark.parametrize("n_frames", [1, 3])
    def test_maps_of_a_target_that_is_gone_are_not_counted(self, n_frames):
        budget = MapBudget()
        store = ScoreMapStore(budget=budget)
        for index in range(n_frames):
            store.put(index, score_maps(np.ones((10, 10))))
        del store
        gc.collect()
        assert budget.n_bytes == 0
