from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.errors import FrameIndexError, VideoError
from fcot_engine.video import ArrayFrames, LazyFrameArray

VIDEO = np.random.default_rng(0).integers(0, 255, (7, 8, 9, 3), np.uint8)


@pytest.fixture
def array():
    return LazyFrameArray(ArrayFrames(VIDEO))


def test_looks_like_an_array(array):
    assert (array.shape, array.ndim, array.size) == (VIDEO.shape, 4, VIDEO.size)
    assert (array.dtype, array.nbytes, len(array)) == (np.uint8, VIDEO.nbytes, 7)


@pytest.mark.parametrize(
    "key",
    [
        pytest.param((slice(3, 4), slice(None), slice(None)), id="napari"),
        pytest.param(2, id="int"),
        pytest.param(-1, id="from_the_end"),
        pytest.param(np.int64(2), id="numpy_int"),
        pytest.param(slice(1, 6, 2), id="every_second"),
        pytest.param(slice(None, None, -3), id="backward"),
        pytest.param(slice(5, 5), id="nothing"),
        pytest.param(..., id="everything"),
        pytest.param((..., 1), id="one_channel"),
        pytest.param((2, ..., slice(0, 2)), id="int_and_ellipsis"),
        pytest.param((slice(0, 3), slice(2, 5), 4), id="one_column"),
        pytest.param((1, 2, 3, 0), id="one_value"),
    ],
)
def test_indexing_equals_numpy(array, key):
    np.testing.assert_array_equal(array[key], VIDEO[key])


def test_only_wanted_frames_are_read(array, monkeypatch):
    seen = []
    read = array.source.read
    monkeypatch.setattr(
        array.source, "read", lambda index: (seen.append(index), read(index))[1]
    )
    array[(slice(3, 4), slice(None), slice(None))]
    assert seen == [3]


def test_asarray_loads_a_small_video(array):
    np.testing.assert_array_equal(np.asarray(array), VIDEO)
    assert np.asarray(array, dtype=np.float32).dtype == np.float32


def test_asarray_refuses_a_large_video():
    array = LazyFrameArray(ArrayFrames(VIDEO), max_bytes=2 * VIDEO[0].nbytes)
    assert array[1:3].shape == (2, 8, 9, 3)
    with pytest.raises(VideoError, match="Loading 7 frames of array at once"):
        np.asarray(array)


def test_iterating_ends(array):
    assert sum(1 for _ in array) == 7


@pytest.mark.parametrize("key", [7, -8, "a", 1.0, [0, 1], (0, 0, 0, 0, 0)], ids=str)
def test_other_indices_are_refused(array, key):
    with pytest.raises(FrameIndexError):
        array[key]
