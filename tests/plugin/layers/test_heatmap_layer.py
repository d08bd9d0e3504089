"""The overlay pastes one frame at a time, where it belongs."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Image

from fcot_engine.tracker.results import ScoreMaps
from napari_fcot.layers.heatmap_layer import (
    ScoreMapArray,
    is_heatmap,
    make_heatmap_layer,
)
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


class TestLayer:
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
