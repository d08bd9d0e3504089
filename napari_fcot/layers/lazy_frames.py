"""A frame source as the array that napari wants, one frame decoded at a time."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
from napari.utils.notifications import show_error
from numpy.typing import NDArray

from fcot_engine.errors import FrameError
from fcot_engine.session.frame_source import FrameSource

__all__ = ["LazyFrameArray", "video_layer_data"]

LayerData = tuple[Any, dict[str, Any], str]


class LazyFrameArray:
    """A video as a (T, H, W, 3) array that is never made.

    napari asks for one slice of time at a time; only that frame is decoded. A frame
    that cannot be decoded is black and said so once, since the rest is still good.

    Args:
        source: closed when this array is no longer used.
    """

    dtype = np.dtype(np.uint8)
    ndim = 4

    def __init__(self, source: FrameSource) -> None:
        self.source = source
        self.shape = (len(source), source.height, source.width, 3)
        self._told: set[int] = set()
        weakref.finalize(self, source.close)

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> NDArray[np.uint8]:
        key = key if isinstance(key, tuple) else (key,)
        frames = np.arange(self.shape[0])[key[0]]
        if np.ndim(frames) == 0:
            return self._read(int(frames))[key[1:]]
        if len(frames) == 1:  # what napari asks for: no copy of the frame
            return self._read(int(frames[0]))[np.newaxis][(slice(None), *key[1:])]
        stack = np.zeros((len(frames), *self.shape[1:]), self.dtype)
        for place, index in zip(stack, frames, strict=True):
            place[:] = self._read(int(index))
        return stack[(slice(None), *key[1:])]

    def __array__(
        self, dtype: Any = None, copy: bool | None = None
    ) -> NDArray[np.uint8]:
        """Decode the whole video; only for those who save or measure the layer."""
        return np.asarray(self[:], dtype=dtype)

    def _read(self, index: int) -> NDArray[np.uint8]:
        try:
            return self.source.read(index)
        except FrameError as error:
            if index not in self._told:
                self._told.add(index)
                show_error(str(error))
            return np.zeros(self.shape[1:], self.dtype)


def video_layer_data(data: Any, *, name: str, frame_rate: float) -> LayerData:
    """Describe a video as an image layer that napari need not scan.

    Args:
        data: a (T, H, W, 3) array of 8-bit RGB.
        name: the layer's name.
        frame_rate: frames per second, kept in the layer's metadata.
    """
    return (
        data,
        {
            "name": name,
            "rgb": True,
            "multiscale": False,
            "contrast_limits": (0, 255),
            "axis_labels": ("t", "y", "x"),
            "metadata": {"frame_rate": frame_rate},
        },
        "image",
    )
