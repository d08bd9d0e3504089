"""Opens videos and projects in napari; heavy imports wait until one is opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

PathOrPaths = str | Sequence[str]
VIDEO_SUFFIXES = (".avi", ".mkv", ".mov", ".mp4", ".webm")
PROJECT_SUFFIX = ".fcot"


def get_reader(path: PathOrPaths) -> Callable[[PathOrPaths], list[Any]] | None:
    """Return our reader if every path looks like a video file, else None."""
    are_videos = [Path(one).suffix.lower() in VIDEO_SUFFIXES for one in _listed(path)]
    return read_videos if are_videos and all(are_videos) else None


def read_videos(path: PathOrPaths) -> list[Any]:
    """Open videos as lazy image layers, without decoding more than the first frame.

    A video that cannot be opened is said so in one line; the others are opened.
    """
    from fcot_engine.video import open_frames
    from napari_fcot.layers import PATH_KEY, source_layer_data

    def read(path: str) -> Any:
        return source_layer_data(open_frames(path), **{PATH_KEY: path})

    return _read_each(_listed(path), read)


def get_project_reader(path: PathOrPaths) -> Callable[[PathOrPaths], list[Any]] | None:
    """Return our reader if every path looks like a project, else None."""
    paths = _listed(path)
    are_projects = [Path(one).name.endswith(PROJECT_SUFFIX) for one in paths]
    return read_projects if are_projects and all(are_projects) else None


def read_projects(path: PathOrPaths) -> list[Any]:
    """Open the videos of projects; the tracking panel goes on with the boxes.

    A project that cannot be opened is said so in one line; the others are opened.
    """
    from fcot_engine.annotation import find_video_of
    from fcot_engine.video import open_frames
    from napari_fcot.layers import PATH_KEY, PROJECT_KEY, source_layer_data

    def read(path: str) -> Any:
        video = find_video_of(path)
        places = {PATH_KEY: str(video), PROJECT_KEY: path}
        return source_layer_data(open_frames(video), **places)

    return _read_each(_listed(path), read)


def _read_each(paths: list[str], read: Callable[[str], Any]) -> list[Any]:
    from napari.utils.notifications import show_error

    from fcot_engine.errors import FcotError

    layers: list[Any] = []
    for path in paths:
        try:
            layers.append(read(path))
        except (FcotError, OSError) as error:
            show_error(str(error))
    return layers or [(None,)]  # napari's word for "read, and nothing to show"


def _listed(path: PathOrPaths) -> list[str]:
    return [path] if isinstance(path, str) else [str(one) for one in path]
