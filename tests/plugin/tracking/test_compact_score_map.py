"""Score maps, small and pasted where they belong."""

from __future__ import annotations

import numpy as np

from napari_fcot.tracking import CompactScoreMap


def compact_map(scores, *, origin_xy=(0.0, 0.0), cell_px=4.0) -> CompactScoreMap:
    return CompactScoreMap.from_scores(np.asarray(scores), origin_xy, cell_px)


class TestFromScores:
    def test_scores_become_bytes(self):
        compact = compact_map([[-0.5, 0.0, 0.5, 1.0, 2.0, np.nan]])
        assert compact.values.tolist() == [[0, 0, 128, 255, 255, 0]]

    def test_half_precision_is_read(self):
        assert compact_map(np.array([[1.0]], np.float16)).values.dtype == np.uint8
