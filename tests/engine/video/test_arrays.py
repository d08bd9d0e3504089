from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.errors import FrameError, FrameIndexError, ShapeError, VideoError
from fcot_engine.video import ArrayFrames, LazyFrameArray


def numbered(shape=(6, 8, 9), dtype=np.uint8):
    array = np.zeros(shape, dtype)
    array += np.arange(shape[0], dtype=dtype).reshape(-1, *[1] * (len(shape) - 1))
    return array


class LongVideo:
    """100,000 frames that exist only while somebody looks."""

    shape = (100_000, 48, 64, 3)

    def __getitem__(self, index):
        return np.full(self.shape[1:], index % 251, np.uint8)


@pytest.mark.parametrize(
    "shape", [(6, 8, 9), (6, 8, 9, 1), (6, 8, 9, 3), (6, 8, 9, 4)], ids=str
)
def test_time_first_arrays_are_read(shape):
    frames = ArrayFrames(numbered(shape))
    assert (len(frames), frames.width, frames.height) == (6, 9, 8)
    assert frames.read(4).shape == (8, 9, 3)
    assert frames.read(4).max() == 4


def test_dask_arrays_stay_lazy():
    dask_array = pytest.importorskip("dask.array")
    array = dask_array.from_array(numbered(), chunks=(1, 8, 9))
    frames = ArrayFrames(array)
    assert [int(frames.read(i).max()) for i in (5, 0, 3)] == [5, 0, 3]
    frames.close()


def test_zarr_arrays_are_read(tmp_path):
    zarr = pytest.importorskip("zarr")
    array = zarr.create_array(
        str(tmp_path / "a.zarr"), data=numbered(), chunks=(1, 8, 9)
    )
    frames = ArrayFrames(array)
    assert [int(frames.read(i).max()) for i in (5, 0, 3)] == [5, 0, 3]
    frames.close()


def test_range_of_wide_pixels_is_fixed_for_the_whole_array():
    frames = ArrayFrames(numbered((6, 8, 9), np.uint16) * 1000)
    assert [int(frames.read(i).max()) for i in range(6)] == [0, 51, 102, 153, 204, 255]


def test_frames_are_copies():
    array = numbered((6, 8, 9, 3))
    ArrayFrames(array).read(2)[:] = 99
    assert array.max() == 5


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        pytest.param((8, 9), "without a time axis", id="one_gray_image"),
        pytest.param((8, 9, 3), "without a time axis", id="one_rgb_image"),
        pytest.param((8, 9, 4), "without a time axis", id="one_rgba_image"),
        pytest.param((6, 8, 9, 2), "1, 3 or 4 channels", id="two_channels"),
        pytest.param((6, 5, 8, 9, 3), "one position along", id="with_depth"),
        pytest.param((6,), "one position along", id="flat"),
        pytest.param((0, 8, 9), "no pixels", id="no_frames"),
    ],
)
def test_other_layouts_are_refused(shape, message):
    with pytest.raises(ShapeError, match=message) as caught:
        ArrayFrames(np.zeros(shape, np.uint8), name="layer")
    assert f"layer has shape {shape}" in str(caught.value)


def test_single_pixel_frames_are_refused():
    with pytest.raises(VideoError, match="1x1 pixels"):
        ArrayFrames(np.zeros((5, 1, 1), np.uint8))


def test_failing_array_is_reported_with_its_frame():
    class Failing(LongVideo):
        def __getitem__(self, index):
            if index == 7:
                raise RuntimeError("the disk is gone")
            return super().__getitem__(index)

    frames = ArrayFrames(Failing(), name="remote", prefetch=False)
    with pytest.raises(FrameError, match=r"Frame 7 of remote .*the disk is gone"):
        frames.read(7)


# --- a video that looks like an array -------------------------------------------

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
