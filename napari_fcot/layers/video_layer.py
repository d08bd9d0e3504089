"""Which layers are videos, and how to read them as one."""

from __future__ import annotations

from typing import Any

from napari.layers import Image, Layer

from fcot_engine.errors import VideoError
from fcot_engine.io import ArrayFrames
from fcot_engine.session.frame_source import FrameSource
from fcot_engine.session.track_store import TrackStore
from napari_fcot.layers.heatmap_layer import is_heatmap
from napari_fcot.tracking.video_session import VideoSession

__all__ = ["check_is_video", "is_candidate", "open_session"]

STORE_KEY = "napari-fcot"
"""Where a layer keeps its boxes: they outlive the panel and go with the video."""
DEFAULT_FRAME_RATE = 25.0
"""What a video counts as that does not say; frames per second."""


def is_candidate(layer: Layer) -> bool:
    """Whether a layer is offered in the list: any image that is not our overlay."""
    return isinstance(layer, Image) and not is_heatmap(layer)


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


def open_session(layer: Layer) -> VideoSession:
    """Read a video layer, with the boxes that it already has.

    Raises:
        VideoError: the layer is no video, or cannot be read as one.
    """
    check_is_video(layer)
    source = _source_of(layer)
    store = layer.metadata.get(STORE_KEY)
    if not isinstance(store, TrackStore):
        store = layer.metadata[STORE_KEY] = TrackStore()
    return VideoSession(source, store)


def _source_of(layer: Layer) -> FrameSource:
    """Return our own reader's source, or one that reads the layer's array."""
    data: Any = layer.data[0] if layer.multiscale else layer.data
    source = getattr(data, "source", None)
    if isinstance(source, FrameSource):
        return source
    frame_rate = float(layer.metadata.get("frame_rate", DEFAULT_FRAME_RATE))
    return ArrayFrames(data, name=layer.name, frame_rate=frame_rate)
