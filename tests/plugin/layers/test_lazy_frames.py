"""A video as an array, one frame decoded at a time."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.utils.notifications import notification_manager

from fcot_engine.errors import FrameError
from fcot_engine.video import ArrayFrames
from napari_fcot.layers import video_layer_data
from napari_fcot.layers.video_layer import ShownFrames, read_video_layer


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
