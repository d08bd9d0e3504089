"""The videos of a folder, and how far the work on each is."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from pathlib import Path

from fcot_engine.annotation import is_project_done, project_path_for
from napari_fcot.reader import VIDEO_SUFFIXES


class VideoState(enum.Enum):
    """How far the work on a video is."""

    UNTOUCHED = "untouched"
    """There is no project beside it."""
    BEGUN = "begun"
    """There is a project."""
    DONE = "done"
    """A person said so."""


_SIGNS = {VideoState.UNTOUCHED: "○", VideoState.BEGUN: "◐", VideoState.DONE: "●"}


@dataclass(frozen=True)
class FolderVideo:
    """One video file."""

    path: Path
    state: VideoState

    @property
    def text(self) -> str:
        """A sign for the state, and the name."""
        return f"{_SIGNS[self.state]} {self.path.name}"


def list_videos(folder: Path) -> list[FolderVideo]:
    """Return the video files of a folder in natural order; empty if it is unreadable.

    Only projects beside their videos count: others are found by reading the video.
    """
    try:
        paths = [one for one in folder.iterdir() if one.suffix.lower() in _SUFFIXES]
    except OSError:
        return []
    return [
        FolderVideo(path, state_of(path)) for path in sorted(paths, key=_natural_order)
    ]


def state_of(path: Path) -> VideoState:
    """Return how far the work on a video is, by the project beside it."""
    project = project_path_for(path)
    if not project.exists():
        return VideoState.UNTOUCHED
    return VideoState.DONE if is_project_done(project) else VideoState.BEGUN


_SUFFIXES = (*VIDEO_SUFFIXES, ".tif", ".tiff")


def _natural_order(path: Path) -> list[tuple[int, int | str]]:
    parts = re.split(r"(\d+)", path.name.lower())
    return [(0, int(part)) if part.isdigit() else (1, part) for part in parts]
