"""Opens videos and projects in napari; heavy imports wait until one is opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

PathOrPaths = str | Sequence[str]
VIDEO_SUFFIXES = (".avi", ".mkv", ".mov", ".mp4", ".webm")
PROJECT_SUFFIX = ".fcot"
STACK_SUFFIXES = (".tif", ".tiff")
IMAGE_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", *STACK_SUFFIXES)
BOXES_ENDS = (".json", ".xml", "gt.txt")
IMPORT_KEY = "napari-fcot-import"
"""Where a layer says from which file the panel should import boxes."""


def get_reader(path: PathOrPaths) -> Callable[[PathOrPaths], list[Any]] | None:
    """Return our reader if every path looks like a video, else None.

    That is a video file, a TIFF stack, or a folder with two images or more.
    """
    are_videos = [_is_video(Path(one)) for one in _listed(path)]
    return read_videos if are_videos and all(are_videos) else None


def _is_video(path: Path) -> bool:
    if path.is_dir():
        names = (one.suffix.lower() in IMAGE_SUFFIXES for one in path.iterdir())
        return sum(names) > 1
    if path.suffix.lower() in STACK_SUFFIXES and path.is_file():
        from tifffile import TiffFile, TiffFileError

        try:
            with TiffFile(path) as file:
                return len(file.pages) > 1
        except (TiffFileError, OSError):
            return False
    return path.suffix.lower() in VIDEO_SUFFIXES


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


def get_boxes_reader(path: PathOrPaths) -> Callable[[PathOrPaths], list[Any]] | None:
    """Return our reader if every path looks like a COCO, CVAT or MOT file."""
    are_boxes = [one.lower().endswith(BOXES_ENDS) for one in _listed(path)]
    return read_boxes if are_boxes and all(are_boxes) else None


def read_boxes(path: PathOrPaths) -> list[Any]:
    """Hand files of boxes to the panel of the open video.

    What napari gets is an empty layer that says so; the panel takes it away again.
    """
    return [
        (None, {"name": Path(one).name, "metadata": {IMPORT_KEY: one}}, "points")
        for one in _listed(path)
    ]


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
