"""The overlay pastes one frame at a time, where it belongs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from napari.layers import Image
from torch.nn import functional as F

from fcot_engine.tracker.results import ScoreMaps
from napari_fcot.layers.heatmap_layer import (
    ScoreMapArray,
    is_heatmap,
    make_heatmap_layer,
    show_kind,
)
from napari_fcot.tracking.compact_score_map import MapKind
from napari_fcot.tracking.score_map_store import ScoreMapStore


@pytest.fixture
def maps():
    fused = np.ones((1, 1), np.float16)
    store = ScoreMapStore()
    store.put(2, ScoreMaps(fused, fused, fused, (10.0, 6.0), 4.0))
    return store


@pytest.fixture
def array(maps):
    return ScoreMapArray(5, 79, 121, find_maps=lambda: maps)


class TestScoreMapArray:
    def test_shape_covers_the_whole_frame(self, array):
        assert array.shape == (5, 20, 31)
        assert array.size == 5 * 20 * 31

    def test_slice_of_one_frame_as_napari_asks(self, array):
        picture = array[2:3, :, :]
        assert picture.shape == (1, 20, 31)
        assert np.argwhere(picture).tolist() == [[0, 1, 2]]

    def test_whole_number_takes_the_axis_away(self, array):
        assert array[2].shape == (20, 31)

    def test_part_of_a_frame(self, array):
        assert array[2:3, 1:2, 2:3].tolist() == [[[255]]]

    def test_several_frames(self, array):
        assert array[1:4].any(axis=(1, 2)).tolist() == [False, True, False]

    def test_no_frames(self, array):
        assert array[5:].shape == (0, 20, 31)

    def test_without_a_target_it_is_empty(self):
        array = ScoreMapArray(5, 80, 120, find_maps=lambda: None)
        assert not np.asarray(array).any()

    def test_a_new_map_for_the_frame_on_the_screen_outdates_it(self, array, maps):
        array[2:3]
        assert not array.is_outdated(2)
        maps.put(2, None)
        assert array.is_outdated(2)
        assert not array.is_outdated(3)


class TestKinds:
    @pytest.fixture
    def array(self):
        store = ScoreMapStore()
        fused, coarse, fine = (np.full((1, 1), v, np.float16) for v in (1, 0.2, 0.6))
        for index in (0, 2):
            store.put(index, ScoreMaps(fused, coarse, fine, (10.0, 6.0), 4.0))
        return ScoreMapArray(5, 79, 121, find_maps=lambda: store)

    @pytest.mark.parametrize(
        ("kind", "expected"),
        [(MapKind.FUSED, 255), (MapKind.COARSE, 51), (MapKind.FINE, 153)],
    )
    def test_the_chosen_one_is_pasted(self, array, kind, expected):
        array.kind = kind
        assert array[2].max() == expected

    def test_another_choice_outdates_the_frame_on_the_screen(self, array):
        array[2]
        array.kind = MapKind.COARSE
        assert array.is_outdated(2)

    def test_layer_shows_another_one_without_being_made_anew(self, array):
        layer = make_heatmap_layer(Image(np.zeros((5, 79, 121))), array)
        show_kind(layer, MapKind.FINE)
        assert array.kind is MapKind.FINE
        assert not array.is_outdated(0)  # napari has asked for the frame again

    def test_coarse_peak_lies_over_the_fused_one(self):
        """A target in the middle of coarse cell (5, 11), as the engine gives it."""
        rows, columns = np.mgrid[:18, :18]
        bump = np.exp(-((rows - 5.0) ** 2) - (columns - 11.0) ** 2)
        size = {"size": (72, 72), "mode": "bicubic", "align_corners": False}
        coarse = F.interpolate(torch.from_numpy(bump)[None, None], **size)[0, 0].numpy()
        rows, columns = np.mgrid[:72, :72]
        fine = np.exp(-((rows - 21.5) ** 2 + (columns - 45.5) ** 2) / 20)
        maps = ScoreMaps(
            *(
                scores.astype(np.float16)
                for scores in (0.5 * coarse + fine / 2, coarse)
            ),
            fine.astype(np.float16),
            (30.0, 20.0),
            5.0,
        )
        store = ScoreMapStore()
        store.put(0, maps)
        array = ScoreMapArray(1, 400, 440, find_maps=lambda: store)
        middles = []
        for kind in MapKind:
            array.kind = kind
            middles.append(np.argwhere(array[0] == array[0].max()).mean(axis=0))
        # x = 30 + 45.5 * 5, y = 20 + 21.5 * 5, in grid cells of 4 px
        expected = ((20 + 21.5 * 5) / 4 - 0.5, (30 + 45.5 * 5) / 4 - 0.5)
        np.testing.assert_allclose(middles, [expected] * 3, atol=0.6)


class TestLayer:
    def test_opacity_is_set(self, array):
        layer = make_heatmap_layer(Image(np.zeros((5, 79, 121))), array, opacity=0.4)
        assert layer.opacity == 0.4

    def test_lies_over_the_pixels_that_it_scores(self, array):
        video = Image(np.zeros((5, 79, 121)), scale=(1, 0.5, 0.5), translate=(0, 3, 4))
        layer = make_heatmap_layer(video, array)
        # cell (1, 2) is centred at x = 10, y = 6: napari's pixel (5.5, 9.5)
        np.testing.assert_allclose(
            layer.data_to_world((2, 1, 2)), video.data_to_world((2, 5.5, 9.5))
        )

    def test_is_never_read_as_a_whole(self, array, monkeypatch):
        def refuse(*_args, **_kwargs):
            raise AssertionError("the whole overlay was made")

        monkeypatch.setattr(ScoreMapArray, "__array__", refuse)
        layer = make_heatmap_layer(Image(np.zeros((5, 79, 121))), array)
        assert is_heatmap(layer)

    def test_other_images_are_no_heatmaps(self):
        assert not is_heatmap(Image(np.zeros((5, 8, 8))))
