"""Opens video files in napari; heavy imports wait until a video is opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

__all__ = ["get_reader", "read_videos"]

PathOrPaths = str | Sequence[str]
VIDEO_SUFFIXES = (".avi", ".mkv", ".mov", ".mp4", ".webm")


def get_reader(path: PathOrPaths) -> Callable[[PathOrPaths], list[Any]] | None:
    """Return our reader if every path looks like a video file, else None."""
    are_videos = [Path(one).suffix.lower() in VIDEO_SUFFIXES for one in _listed(path)]
    return read_videos if are_videos and all(are_videos) else None


def read_videos(path: PathOrPaths) -> list[Any]:
    """Open videos as lazy image layers, without decoding more than the first frame.

    A video that cannot be opened is said so in one line; the others are opened.
    """
    from napari.utils.notifications import show_error

    from fcot_engine.errors import FcotError
    from fcot_engine.io import open_frames
    from napari_fcot.layers.lazy_frames import ShownFrames, video_layer_data

    layers: list[Any] = []
    for one in _listed(path):
        try:
            source = open_frames(one)
        except (FcotError, OSError) as error:
            show_error(str(error))
            continue
        data = ShownFrames(source)
        layers.append(
            video_layer_data(data, name=source.name, frame_rate=source.frame_rate)
        )
    return layers or [(None,)]  # napari's word for "read, and nothing to show"


def _listed(path: PathOrPaths) -> list[str]:
    return [path] if isinstance(path, str) else [str(one) for one in path]
