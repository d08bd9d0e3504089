"""Where the project of a video is kept."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from fcot_engine.annotation import identify_video, project_path_for
from fcot_engine.video import FrameSource

__all__ = ["ProjectPlace", "next_free", "own_folder"]

_SUFFIX = ".fcot"


def own_folder() -> Path:
    """Return the folder of this user for projects that lie nowhere else.

    `NAPARI_FCOT_PROJECTS` names another one.
    """
    chosen = os.environ.get("NAPARI_FCOT_PROJECTS")
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "napari-fcot" / "projects"


class ProjectPlace:
    """Finds the project file of a video, so that work is saved without being asked.

    Args:
        folder: for videos without a file, or in a folder that cannot be written to;
            `own_folder()` if None.
        is_beside_video: whether a project lies beside its video where it can.
    """

    def __init__(
        self, folder: Path | None = None, *, is_beside_video: bool = True
    ) -> None:
        self.folder = folder
        self.is_beside_video = is_beside_video

    def find(self, source: FrameSource, video_path: Path | None) -> Path:
        """Return where the project of a video is, or would be.

        The name of a project in the user's own folder says what the frames are, so
        that the same frames find it again.

        Raises:
            ProjectError: the video's file cannot be read.
            FrameError: without a file, the first or the last frame cannot be read.
        """
        if video_path is not None:
            beside = project_path_for(video_path)
            may_write = os.access(beside.parent, os.W_OK)
            if beside.exists() or (self.is_beside_video and may_write):
                return beside
        identity = identify_video(source, video_path)
        key = identity.ends_hash[:12]
        folder = self._own()
        known = sorted(folder.glob(f"*-{key}{_SUFFIX}"))
        if known:  # a layer may have got another name
            return known[0]
        name = re.sub(r"[^\w.-]+", "_", Path(identity.name).stem) or "video"
        return folder / f"{name}-{key}{_SUFFIX}"

    def _own(self) -> Path:
        folder = self.folder or own_folder()
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def next_free(path: Path) -> Path:
    """Return the first of `film.2.fcot`, `film.3.fcot`, ... that is free."""
    stem = path.name.removesuffix(_SUFFIX)
    number = 2
    while (free := path.with_name(f"{stem}.{number}{_SUFFIX}")).exists():
        number += 1
    return free
