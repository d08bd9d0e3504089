"""Score maps, small and pasted where they belong."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from napari_fcot.tracking import CompactScoreMap
from napari_fcot.tracking.compact_score_map import coarse_cells_of

ORIGIN, CELL = (31.0, 17.0), 2.5


def compact_map(scores, *, origin_xy=(0.0, 0.0), cell_px=4.0) -> CompactScoreMap:
    return CompactScoreMap.from_scores(np.asarray(scores), origin_xy, cell_px)


def coarse_bump(n_cells: int, row: int, column: int) -> np.ndarray:
    """A peak that is one coarse cell wide at half its height, with its neighbours."""
    rows, columns = np.mgrid[:n_cells, :n_cells]
    return np.exp(-((rows - row) ** 2) - (columns - column) ** 2)


def resampled(coarse, *, n_fine: int, corners: bool) -> np.ndarray:
    """What the tracker makes of a coarse map."""
    fine = F.interpolate(
        torch.from_numpy(coarse)[None, None],
        size=(n_fine, n_fine),
        mode="bicubic",
        align_corners=corners,
    )
    return fine[0, 0].half().numpy()


class TestFromScores:
    def test_scores_become_bytes(self):
        compact = compact_map([[-0.5, 0.0, 0.5, 1.0, 2.0, np.nan]])
        assert compact.values.tolist() == [[0, 0, 128, 255, 255, 0]]

    def test_half_precision_is_read(self):
        assert compact_map(np.array([[1.0]], np.float16)).values.dtype == np.uint8


class TestCoarseCells:
    @pytest.mark.parametrize(
        ("n_fine", "n_coarse", "corners"),
        [pytest.param(72, 18, False, id="centres"), pytest.param(73, 19, True, id="c")],
    )
    def test_scores_are_those_before_the_engine_resampled_them(
        self, n_fine, n_coarse, corners
    ):
        coarse = np.random.default_rng(0).random((n_coarse, n_coarse))
        fine = resampled(coarse, n_fine=n_fine, corners=corners)
        found, _, cell_px = coarse_cells_of(fine, ORIGIN, CELL)
        assert cell_px == 4 * CELL
        np.testing.assert_allclose(found, coarse, atol=3e-3)  # half precision

    @pytest.mark.parametrize(
        ("n_fine", "n_coarse", "corners"),
        [pytest.param(72, 18, False, id="centres"), pytest.param(73, 19, True, id="c")],
    )
    def test_peak_lies_where_the_fine_map_has_it(self, n_fine, n_coarse, corners):
        coarse = coarse_bump(n_coarse, 5, 11)
        fine = resampled(coarse, n_fine=n_fine, corners=corners).astype(float)
        # centre of mass of the peak on the fine grid, which the engine places
        rows, columns = np.mgrid[:n_fine, :n_fine]
        weights = fine.clip(0)
        expected_x = ORIGIN[0] + CELL * np.average(columns, weights=weights)
        expected_y = ORIGIN[1] + CELL * np.average(rows, weights=weights)
        compact = CompactScoreMap.from_scores(*coarse_cells_of(fine, ORIGIN, CELL))
        assert compact.to_image(5, 11) == pytest.approx(
            (expected_x, expected_y), abs=0.05 * CELL
        )
        assert np.unravel_index(compact.values.argmax(), (n_coarse,) * 2) == (5, 11)

    @pytest.mark.parametrize("size", [1, 10, 71, 74])
    def test_maps_of_another_size_stay_as_they_are(self, size):
        scores = np.random.default_rng(0).random((size, size)).astype(np.float32)
        found, origin, cell_px = coarse_cells_of(scores, ORIGIN, CELL)
        assert (origin, cell_px) == (ORIGIN, CELL)
        np.testing.assert_array_equal(found, scores)
