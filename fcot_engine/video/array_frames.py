"""Arrays whose first axis is time, as a video."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fcot_engine.errors import FcotError, FrameError, ShapeError
from fcot_engine.video.buffered_frames import DEFAULT_CACHE_BYTES, BufferedFrames
from fcot_engine.video.pixel_rule import PixelRule, sample_indices

__all__ = ["ArrayFrames", "ArrayLike", "check_time_first"]


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


def check_time_first(shape: tuple[int, ...], *, name: str) -> None:
    """Raise `ShapeError` unless `shape` is (T, H, W) or (T, H, W, C), C in 1, 3, 4."""
    wanted = "(time, height, width) or (time, height, width, channels)"
    shown = f"{name} has shape {tuple(shape)}"
    if len(shape) == 2 or (len(shape) == 3 and shape[-1] in (3, 4)):
        raise ShapeError(
            f"{shown}, which is a single image without a time axis; expected {wanted}. "
            "Stack the frames along a new first axis."
        )
    if len(shape) not in (3, 4):
        raise ShapeError(
            f"{shown}; expected {wanted}. Choose one position along the other axes."
        )
    if len(shape) == 4 and shape[-1] not in (1, 3, 4):
        raise ShapeError(
            f"{shown}; expected {wanted} with 1, 3 or 4 channels. Choose one plane or "
            "channel, or move the colour axis to the end."
        )
    if 0 in shape:
        raise ShapeError(f"{shown}, so it has no pixels; expected {wanted}.")


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
        return f"{index + 1:06d}.jpg"

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
