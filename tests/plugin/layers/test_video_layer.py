"""Which layers are videos, and how they are read."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Image, Labels, Points

from fcot_engine.errors import VideoError
from napari_fcot.layers.video_layer import (
    check_is_video,
    is_candidate,
    read_video_layer,
)


class TestCheck:
    @pytest.mark.parametrize(
        ("layer", "sentence"),
        [
            pytest.param(
                Labels(np.zeros((4, 8, 8), int), name="cells"),
                "'cells' is a Labels layer; a video must be an Image layer",
                id="labels",
            ),
            pytest.param(
                Image(np.zeros((8, 8)), name="flat"),
                "'flat' is a single picture without a time axis",
                id="picture",
            ),
            pytest.param(
                Image(np.zeros((4, 3, 8, 8)), name="stack"),
                "'stack' has 4 axes",
                id="four_axes",
            ),
        ],
    )
    def test_says_what_is_wrong(self, layer, sentence):
        with pytest.raises(VideoError, match=sentence):
            check_is_video(layer)

    def test_only_images_are_offered(self):
        assert is_candidate(Image(np.zeros((8, 8))))
        assert not is_candidate(Points(np.zeros((3, 2))))


class TestReading:
    def test_multiscale_video_is_read_at_full_size(self):
        levels = [np.zeros((4, 64, 96), np.uint8), np.zeros((4, 32, 48), np.uint8)]
        source, _ = read_video_layer(Image(levels, multiscale=True))
        assert (source.width, source.height) == (96, 64)

    def test_lazy_stack_stays_lazy(self):
        dask_array = pytest.importorskip("dask.array")
        computed = []

        def frame(block_info=None):
            computed.append(block_info[None]["chunk-location"][0])
            return np.full((1, 64, 96), 7, np.uint8)

        lazy = dask_array.map_blocks(
            frame, chunks=((1,) * 50, (64,), (96,)), dtype=np.uint8
        )
        layer = Image(lazy, contrast_limits=(0, 255), multiscale=False)
        source, path = read_video_layer(layer)
        assert path is None
        assert source.read(3).max() == 7
        assert len(set(computed)) < 25
