"""Score maps of many frames within their memory."""

from __future__ import annotations

import numpy as np

from fcot_engine.tracker import ScoreMap, ScoreMaps
from napari_fcot.tracking import MapKind, ScoreMapStore

ORIGIN, CELL = (100.0, 40.0), 2.0


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
