"""Videos as layers: made frame by frame, found, and read."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels, Points
from napari.utils.notifications import notification_manager

from fcot_engine.errors import FrameError, VideoError
from fcot_engine.video import ArrayFrames
from napari_fcot.layers import video_layer_data
from napari_fcot.layers.video_layer import (
    ShownFrames,
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


class CountingFrames(ArrayFrames):
    """Remembers what was read, and cannot read frame 3."""

    def __init__(self, array):
        super().__init__(array)
        self.was_read = []
        self.is_shut = False

    def read(self, index):
        self.was_read.append(index)
        if index == 3:
            raise FrameError("Frame 3 cannot be decoded.", frame_index=3)
        return super().read(index)

    def close(self):
        self.is_shut = True
        super().close()


@pytest.fixture
def source(frames):
    return CountingFrames(frames)


class TestShownFrames:
    @pytest.mark.parametrize(
        "key",
        [
            pytest.param((slice(1, 2), slice(None), slice(None)), id="as_napari_asks"),
            pytest.param(2, id="whole_number"),
            pytest.param(-1, id="from_the_end"),
            pytest.param((slice(4, 8), slice(3, 9)), id="part_of_some"),
            pytest.param((1, 5, 6, 0), id="one_value"),
            pytest.param(slice(9, 9), id="nothing"),
        ],
    )
    def test_same_as_the_whole_array(self, frames, source, key):
        np.testing.assert_array_equal(ShownFrames(source)[key], frames[key])

    def test_decodes_one_frame_for_one_slice(self, source):
        ShownFrames(source)[5:6, :, :]
        assert source.was_read == [5]

    def test_opening_a_viewer_does_not_read_the_video(self, source):
        data, options, _ = video_layer_data(
            ShownFrames(source), name="video", frame_rate=25.0
        )
        ViewerModel().add_image(data, **options)
        assert len(set(source.was_read)) <= 2  # napari looks at the first and a middle

    def test_broken_frame_is_black_and_said_once(self, source):
        array, told = ShownFrames(source), []
        notification_manager.notification_ready.connect(told.append)
        try:
            assert not array[3].any()
            assert not array[3].any()
        finally:
            notification_manager.notification_ready.disconnect(told.append)
        assert [str(one.message) for one in told] == ["Frame 3 cannot be decoded."]

    def test_source_is_closed_with_the_array(self, source):
        array = ShownFrames(source)
        del array
        gc.collect()
        assert source.is_shut

    def test_tracking_reads_the_source_itself(self, source):
        data, options, _ = video_layer_data(
            ShownFrames(source), name="video", frame_rate=25.0
        )
        layer = ViewerModel().add_image(data, **options)
        assert read_video_layer(layer)[0] is source
