"""A video that looks like a numpy array to a viewer."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fcot_engine.errors import FrameIndexError, VideoError
from fcot_engine.video.frame_source import FrameSource

__all__ = ["LazyFrameArray"]

DEFAULT_MAX_BYTES = 2**30
"""What a single access may load: 1 GiB, 172 frames of 1920x1080."""


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

    def __init__(
        self, source: FrameSource, *, max_bytes: int = DEFAULT_MAX_BYTES
    ) -> None:
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
    place = next((i for i, part in enumerate(keys) if part is Ellipsis), len(keys))
    fill = [slice(None)] * (ndim - n_given)
    return keys[:place] + fill + keys[place + n_ellipses :]
