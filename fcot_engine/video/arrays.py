"""Arrays as videos, and videos as arrays."""

from __future__ import annotations

import operator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fcot_engine.errors import FcotError, FrameError, FrameIndexError, VideoError
from fcot_engine.video.buffered_frames import DEFAULT_CACHE_BYTES, BufferedFrames
from fcot_engine.video.frame_source import FrameSource, number_name
from fcot_engine.video.pixel_rule import PixelRule, check_time_first, sample_indices

_MAX_BYTES = 2**30  # of a single access: 172 frames of 1920x1080


class ArrayLike(Protocol):
    """The little that is asked of an array: numpy, dask, zarr, a layer's data."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""

    def __getitem__(self, key: Any, /) -> Any:
        """Return frame `key`, as something `numpy.asarray` understands."""


class ArrayFrames(BufferedFrames):
    """A (T, H, W) or (T, H, W, C) array as a frame source, C being 1, 3 or 4.

    Frames are taken from the array one at a time when they are read, so lazy arrays
    stay lazy. How pixels become 8-bit RGB is said in `fcot_engine.video.pixel_rule`; to
    decide the range of wide pixels, a few evenly spaced frames are read.

    Args:
        array: numpy, dask or zarr array, or a napari layer's data.
        name: short name for messages and exports.
        frame_rate: frames per second, which an array cannot say.
        cache_bytes: the most that kept frames may take. A numpy array in memory needs
            no cache, so none is kept for it.
        prefetch: whether to read ahead of lazy arrays in a background thread.

    Raises:
        ShapeError: the array has no time axis, another layout or no frames.
        VideoError: the frames are too small.
        FrameError: the pixels are no real numbers.
    """

    def __init__(
        self,
        array: ArrayLike,
        *,
        name: str = "array",
        frame_rate: float = 25.0,
        cache_bytes: int = DEFAULT_CACHE_BYTES,
        prefetch: bool = True,
    ) -> None:
        decoder = _ArrayDecoder(array, name=name, frame_rate=frame_rate)
        in_memory = isinstance(array, np.ndarray) and not isinstance(array, np.memmap)
        super().__init__(
            decoder,
            cache_bytes=0 if in_memory else cache_bytes,
            prefetch=prefetch and not in_memory,
        )


class _ArrayDecoder:
    """Takes frames out of an array."""

    def __init__(self, array: ArrayLike, *, name: str, frame_rate: float) -> None:
        check_time_first(tuple(array.shape), name=name)
        self.name = name
        self.height, self.width = int(array.shape[1]), int(array.shape[2])
        self.frame_rate = frame_rate
        self._count = int(array.shape[0])
        self._array = array
        samples = (self._take(index) for index in sample_indices(self._count))
        self._rule = PixelRule.from_samples(samples)

    def __len__(self) -> int:
        return self._count

    def decode(self, index: int) -> NDArray[np.uint8]:
        """Return frame `index` as RGB, shape (height, width, 3)."""
        return self._rule.apply(self._take(index))

    def file_name(self, index: int) -> str:
        """`000001.jpg` for frame 0."""
        return number_name(index)

    def close(self) -> None:
        """Nothing is open: the array belongs to somebody else."""

    def _take(self, index: int) -> NDArray[Any]:
        try:
            return np.asarray(self._array[index])
        except FcotError:
            raise
        except Exception as error:  # a lazy array may fail in any way it likes
            raise FrameError(
                f"Frame {index} of {self.name} cannot be read: "
                f"{type(error).__name__}: {error}. Check the file behind the array.",
                frame_index=index,
            ) from error


class LazyFrameArray:
    """A frame source as a (T, H, W, 3) array of uint8 that reads what is asked for.

    Made for napari, which asks for `array[t : t + 1, :, :]`. Give the layer
    `rgb=True, multiscale=False, contrast_limits=(0, 255)`, so that it does not scan the
    video. Indexing takes whole numbers, slices and an ellipsis, as for basic numpy
    indexing; frames come from the source one by one.

    Args:
        source: the video; it stays open and belongs to the caller.
        max_bytes: an access that would load more than this is refused.
    """

    dtype = np.dtype(np.uint8)
    ndim = 4

    def __init__(self, source: FrameSource, *, max_bytes: int = _MAX_BYTES) -> None:
        self.source = source
        self._max_bytes = max_bytes

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(frames, height, width, 3)."""
        return (len(self.source), self.source.height, self.source.width, 3)

    @property
    def size(self) -> int:
        """Number of values."""
        frames, height, width, channels = self.shape
        return frames * height * width * channels

    @property
    def nbytes(self) -> int:
        """Bytes of the whole video when decoded."""
        return self.size

    def __len__(self) -> int:
        return len(self.source)

    def __repr__(self) -> str:
        return f"<LazyFrameArray {self.source.name!r}: shape {self.shape}, uint8>"

    def __getitem__(self, key: Any) -> NDArray[np.uint8]:
        """Read frames and cut them as numpy would.

        Raises:
            FrameIndexError: a frame number out of range, or a kind of index that is
                not understood.
            FrameError: a frame cannot be decoded.
            VideoError: too many frames at once.
        """
        time_key, *plane_keys = _expand(key, self.ndim)
        plane = tuple(plane_keys)
        if not isinstance(time_key, slice):
            frame = self.source.read(self._frame_number(time_key))
            cut: NDArray[np.uint8] = frame[plane]
            return cut
        numbers = range(*time_key.indices(len(self)))
        self._check_load(len(numbers))
        if not numbers:
            return np.empty((0, *self.shape[1:]), np.uint8)[(slice(None), *plane)]
        return np.stack([self.source.read(number)[plane] for number in numbers])

    def __array__(
        self, dtype: np.dtype[Any] | None = None, copy: bool | None = None
    ) -> NDArray[Any]:
        """Load the whole video, if it is small enough.

        Raises:
            VideoError: it is larger than `max_bytes`.
            ValueError: `copy=False`, which cannot be had.
        """
        if copy is False:
            raise ValueError("A video has to be decoded; copy=False cannot be had.")
        frames = self[:]
        return frames if dtype is None else frames.astype(dtype)

    def _frame_number(self, key: Any) -> int:
        try:
            number = operator.index(key)
        except TypeError as error:
            raise FrameIndexError(
                f"Frames are chosen by whole numbers or slices, got {key!r}."
            ) from error
        counted = number + len(self) if number < 0 else number
        if not 0 <= counted < len(self):
            raise FrameIndexError(
                f"{self.source.name} has no frame {number}: it has {len(self)} frames, "
                f"0 to {len(self) - 1}.",
                frame_index=number,
            )
        return counted

    def _check_load(self, n_frames: int) -> None:
        n_bytes = n_frames * (self.size // len(self))
        if n_bytes > self._max_bytes:
            raise VideoError(
                f"Loading {n_frames} frames of {self.source.name} at once would take "
                f"{n_bytes / 2**20:.0f} MiB, more than the limit of "
                f"{self._max_bytes / 2**20:.0f} MiB. Take fewer frames at a time, or "
                "raise max_bytes."
            )


def _expand(key: Any, ndim: int) -> list[Any]:
    """Write an index out as one entry an axis."""
    keys = list(key) if isinstance(key, tuple) else [key]
    n_ellipses = sum(part is Ellipsis for part in keys)
    n_given = len(keys) - n_ellipses
    if n_ellipses > 1 or n_given > ndim:
        raise FrameIndexError(
            f"Expected at most {ndim} indices and one ellipsis, got {key!r}."
        )
    at = next((i for i, part in enumerate(keys) if part is Ellipsis), len(keys))
    fill = [slice(None)] * (ndim - n_given)
    return keys[:at] + fill + keys[at + n_ellipses :]
