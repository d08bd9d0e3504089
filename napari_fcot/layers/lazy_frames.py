"""A frame source as the array that napari shows, one frame decoded at a time."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
from napari.utils.notifications import show_error
from numpy.typing import NDArray

from fcot_engine.errors import FrameError
from fcot_engine.video import FrameSource, LazyFrameArray

__all__ = ["LayerData", "ShownFrames", "source_layer_data", "video_layer_data"]

LayerData = tuple[Any, dict[str, Any], str]
"""What a reader gives to napari: data, options of the layer, kind of layer."""


class ShownFrames(LazyFrameArray):
    """A video for the screen.

    A frame that cannot be decoded is black and said so once, since the rest is still
    good; tracking reads the source itself, and stops there.

    Args:
        source: closed when this array is no longer used.
    """

    def __init__(self, source: FrameSource) -> None:
        super().__init__(source)
        self._told: set[str] = set()
        weakref.finalize(self, source.close)

    def __getitem__(self, key: Any) -> NDArray[np.uint8]:
        """Read frames and cut them as numpy would; see `LazyFrameArray`."""
        try:
            return super().__getitem__(key)
        except FrameError as error:
            black = np.broadcast_to(np.uint8(0), self.shape)[key]  # checks the key too
            if str(error) not in self._told:
                self._told.add(str(error))
                show_error(str(error))
            return np.array(black)


def source_layer_data(source: FrameSource, **metadata: Any) -> LayerData:
    """Describe a video that is read frame by frame; see `video_layer_data`."""
    return video_layer_data(
        ShownFrames(source),
        name=source.name,
        frame_rate=source.frame_rate,
        **metadata,
    )


def video_layer_data(
    data: Any, *, name: str, frame_rate: float, **metadata: Any
) -> LayerData:
    """Describe a video as an image layer that napari need not scan.

    Args:
        data: a (T, H, W, 3) array of 8-bit RGB.
        name: the layer's name.
        frame_rate: frames per second, kept in the layer's metadata.
        metadata: what else is kept there.
    """
    options = {
        "name": name,
        "rgb": True,
        "multiscale": False,
        "contrast_limits": (0, 255),
        "axis_labels": ("t", "y", "x"),
        "metadata": {"frame_rate": frame_rate, **metadata},
    }
    return data, options, "image"
