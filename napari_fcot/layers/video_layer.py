"""Videos as napari layers: made frame by frame, found, and read."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Image, Layer
from napari.utils.notifications import show_error
from numpy.typing import NDArray

from fcot_engine.errors import FrameError, VideoError
from fcot_engine.video import ArrayFrames, FrameSource, LazyFrameArray

PATH_KEY = "napari-fcot-path"
"""Where a layer says which file it shows."""
PROJECT_KEY = "napari-fcot-project"
"""Where a layer says which project it was opened with."""
OURS_KEY = "napari-fcot-part"
"""Marks a layer that shows what we know of a video, and is none itself."""
DEFAULT_FRAME_RATE = 25.0
"""What a video counts as that does not say; frames per second."""


def is_candidate(layer: Layer) -> bool:
    """Whether a layer is offered in the list: any image that we did not make."""
    return isinstance(layer, Image) and OURS_KEY not in layer.metadata


def check_is_video(layer: Layer) -> None:
    """Raise `VideoError` unless a layer is an image with the axes (time, y, x)."""
    if not isinstance(layer, Image):
        raise VideoError(
            f"'{layer.name}' is a {type(layer).__name__} layer; a video must be an "
            "Image layer with a time axis."
        )
    if layer.ndim < 3:
        raise VideoError(
            f"'{layer.name}' is a single picture without a time axis. Choose a video "
            "or a stack of pictures with the axes (time, y, x)."
        )
    if layer.ndim > 3:
        raise VideoError(
            f"'{layer.name}' has {layer.ndim} axes, but a video has three: time, y, x. "
            "Take one plane of it, such as with layer.data[:, 0], as its own layer."
        )
    if 0 in layer.data.shape:
        raise VideoError(f"'{layer.name}' is empty: its shape is {layer.data.shape}.")


def read_video_layer(layer: Layer) -> tuple[FrameSource, Path | None]:
    """Return the frames of a video layer, and its file if we opened it.

    Raises:
        VideoError: the layer is no video, or cannot be read as one.
    """
    check_is_video(layer)
    data: Any = layer.data[0] if layer.multiscale else layer.data
    source = getattr(data, "source", None)
    if isinstance(source, FrameSource):
        return source, path_of(layer)
    frame_rate = float(layer.metadata.get("frame_rate", DEFAULT_FRAME_RATE))
    return ArrayFrames(data, name=layer.name, frame_rate=frame_rate), None


def path_of(layer: Layer) -> Path | None:
    """Return the file that a layer shows, or None."""
    path = layer.metadata.get(PATH_KEY) or layer.source.path
    return None if path is None else Path(path)


def project_of(layer: Layer) -> Path | None:
    """Return the project that a layer was opened with, or None."""
    path = layer.metadata.get(PROJECT_KEY)
    return None if path is None else Path(path)


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
