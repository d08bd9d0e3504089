"""Score maps, small and pasted where they belong."""

from __future__ import annotations

import numpy as np

from fcot_engine.tracker.results import ScoreMaps
from napari_fcot.tracking.score_map_store import CompactScoreMap, ScoreMapStore


def score_maps(fused, *, origin_xy=(0.0, 0.0), cell_px=4.0) -> ScoreMaps:
    fused = np.asarray(fused, np.float16)
    return ScoreMaps(fused, fused, fused, origin_xy, cell_px)


class TestCompactScoreMap:
    def test_scores_become_bytes(self):
        maps = score_maps([[-0.5, 0.0, 0.5, 1.0, 2.0, np.nan]])
        compact = CompactScoreMap.from_score_maps(maps)
        assert compact.values.tolist() == [[0, 0, 128, 255, 255, 0]]

    def test_cells_on_the_grid_stay_where_they_are(self):
        # grid cell (1, 2) of stride 4 is centred at x = 10, y = 6
        compact = CompactScoreMap.from_score_maps(
            score_maps([[1.0]], origin_xy=(10.0, 6.0))
        )
        pasted = compact.paste(height=3, width=4, stride=4)
        assert np.argwhere(pasted).tolist() == [[1, 2]]

    def test_larger_cells_cover_several_of_the_grid(self):
        compact = CompactScoreMap.from_score_maps(
            score_maps([[1.0]], origin_xy=(8.0, 8.0), cell_px=8.0)
        )
        pasted = compact.paste(height=5, width=5, stride=4)
        assert np.argwhere(pasted).tolist() == [[1, 1], [1, 2], [2, 1], [2, 2]]

    def test_map_reaching_over_the_border_is_cut(self):
        compact = CompactScoreMap.from_score_maps(
            score_maps(np.ones((10, 10)), origin_xy=(-10.0, -10.0))
        )
        pasted = compact.paste(height=20, width=20, stride=4)
        assert pasted[:6, :6].any()
        assert not pasted[8:, 8:].any()

    def test_map_outside_of_the_frame_pastes_nothing(self):
        compact = CompactScoreMap.from_score_maps(
            score_maps(np.ones((3, 3)), origin_xy=(900.0, 900.0))
        )
        assert not compact.paste(height=5, width=5, stride=4).any()


class TestScoreMapStore:
    def test_none_takes_an_outdated_map_away(self):
        store = ScoreMapStore()
        store.put(3, score_maps([[1.0]]))
        store.put(3, None)
        assert store.get(3) is None

    def test_oldest_maps_make_room(self):
        store = ScoreMapStore(max_bytes=250)
        for index in range(5):
            store.put(index, score_maps(np.ones((10, 10))))
        assert [store.get(index) is not None for index in range(5)] == [
            False,
            False,
            False,
            True,
            True,
        ]

    def test_writing_a_frame_again_counts_it_once(self):
        store = ScoreMapStore(max_bytes=250)
        for _ in range(10):
            store.put(0, score_maps(np.ones((10, 10))))
        store.put(1, score_maps(np.ones((10, 10))))
        assert len(store) == 2
