"""A project that is begun when there is something to keep."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fcot_engine.annotation.history import History
from fcot_engine.annotation.project_file import Project
from fcot_engine.annotation.video_identity import VideoIdentity

__all__ = ["NewProject"]


@dataclass(frozen=True)
class NewProject:
    """Where a project will lie and what it is made on; nothing is written yet."""

    path: Path
    """The file, best named `NAME.fcot.json`."""
    video: VideoIdentity
    video_path: Path | None = None
    """Where the video lies; None for frames without a file."""

    def begin(self, history: History) -> Project:
        """Write the project's files.

        Raises:
            ProjectError: they cannot be written, or there is a project by now.
        """
        return Project.create(self.path, self.video, self.video_path, history=history)
