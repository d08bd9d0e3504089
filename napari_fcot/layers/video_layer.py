"""Which layers are videos, and how to read them as one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari.layers import Image, Layer

from fcot_engine.errors import VideoError
from fcot_engine.video import ArrayFrames, FrameSource

__all__ = [
    "PATH_KEY",
    "PROJECT_KEY",
    "check_is_video",
    "is_candidate",
    "project_of",
    "read_video_layer",
]

PATH_KEY = "napari-fcot-path"
"""Where a layer says which file it shows."""
PROJECT_KEY = "napari-fcot-project"
"""Where a layer says which project it was opened with."""
DEFAULT_FRAME_RATE = 25.0
"""What a video counts as that does not say; frames per second."""


def is_candidate(layer: Layer) -> bool:
    """Whether a layer is offered in the list: any image."""
    return isinstance(layer, Image)


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
        path = layer.metadata.get(PATH_KEY) or layer.source.path
        return source, None if path is None else Path(path)
    frame_rate = float(layer.metadata.get("frame_rate", DEFAULT_FRAME_RATE))
    return ArrayFrames(data, name=layer.name, frame_rate=frame_rate), None


def project_of(layer: Layer) -> Path | None:
    """Return the project that a layer was opened with, or None."""
    path = layer.metadata.get(PROJECT_KEY)
    return None if path is None else Path(path)
