"""Finds and opens the project of a video: that of an earlier day, or a new one."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from fcot_engine.annotation import (
    PROJECT_SUFFIX,
    AnnotationSession,
    PropagationConfig,
    TrackerFactory,
    identify_video,
    project_path_for,
)
from fcot_engine.errors import OtherVideoError, ProjectInUseError
from fcot_engine.video import FrameSource
from napari_fcot.tracking.state import VideoSession


def _own_folder() -> Path:
    """Return the folder of this user for projects that lie nowhere else.

    `NAPARI_FCOT_PROJECTS` names another one.
    """
    chosen = os.environ.get("NAPARI_FCOT_PROJECTS")
    own = platformdirs.user_data_path("napari-fcot", appauthor=False)
    return Path(chosen) if chosen else own / "projects"


class ProjectPlace:
    """Finds the project file of a video, so that work is saved without being asked.

    Args:
        folder: for videos without a file, or in a folder that cannot be written to;
            `_own_folder()` if None.
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
        known = sorted(folder.glob(f"*-{key}{PROJECT_SUFFIX}"))
        if known:  # a layer may have got another name
            return known[0]
        name = re.sub(r"[^\w.-]+", "_", Path(identity.name).stem) or "video"
        return folder / f"{name}-{key}{PROJECT_SUFFIX}"

    def _own(self) -> Path:
        folder = self.folder or _own_folder()
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def _next_free(path: Path) -> Path:
    """Return the first of `film.2.fcot`, `film.3.fcot`, ... that is free."""
    stem = path.name.removesuffix(PROJECT_SUFFIX)
    number = 2
    while (free := path.with_name(f"{stem}.{number}{PROJECT_SUFFIX}")).exists():
        number += 1
    return free


@dataclass(frozen=True)
class Opened:
    """A session, and what to say about it."""

    session: VideoSession
    message: str = ""


class SessionOpener:
    """Knows how sessions are made here.

    Args:
        make_tracker: makes trackers, in a worker.
        place: where projects are kept.
        config: how boxes are carried.
    """

    def __init__(
        self,
        make_tracker: TrackerFactory,
        *,
        place: ProjectPlace | None = None,
        config: PropagationConfig | None = None,
    ) -> None:
        self._make_tracker = make_tracker
        self.place = place or ProjectPlace()
        self.config = config or PropagationConfig()

    def open_video(
        self,
        source: FrameSource,
        video_path: Path | None,
        *,
        project_path: Path | None = None,
    ) -> Opened:
        """Go on with the project of a video, or begin one.

        Nothing is written before the first edit.

        Args:
            source: the video.
            video_path: its file, if it has one.
            project_path: its project; found by `place` if None.

        Raises:
            ProjectError: the project is damaged beyond repair.
            VideoError: the video cannot be read.
        """

        def begin(path: Path) -> VideoSession:
            return VideoSession(
                AnnotationSession.begin(
                    source,
                    self._make_tracker,
                    path,
                    video_path=video_path,
                    config=self.config,
                )
            )

        path = project_path or self.place.find(source, video_path)
        if not path.exists():
            return Opened(begin(path))
        try:
            return self._resume(path, video_path, source)
        except OtherVideoError as error:
            free = _next_free(path)
            reasons = "; ".join(error.reasons)
            return Opened(
                begin(free),
                f"{path.name} was made on another video ({reasons}), so boxes of this "
                f"one go to {free.name}",
            )

    def open_project(self, path: Path, *, video_path: Path | None = None) -> Opened:
        """Go on with a project; its video is opened, too.

        Args:
            path: the project file.
            video_path: where the video is, if it was moved.

        Raises:
            ProjectError: there is no usable project, or it is open elsewhere.
            MovedVideoError: the video is not where it was; ask, and give `video_path`.
            OtherVideoError: the video is not the one the project was made on.
            VideoError: the video cannot be opened.
        """
        return self._resume(path, video_path, None)

    def _resume(
        self, path: Path, video_path: Path | None, source: FrameSource | None
    ) -> Opened:
        def open_it(*, read_only: bool) -> AnnotationSession:
            return AnnotationSession.open(
                path,
                self._make_tracker,
                video_path=video_path,
                source=source,
                read_only=read_only,
                config=self.config,
            )

        try:
            annotation, used_by = open_it(read_only=False), ""
        except ProjectInUseError as error:
            annotation = open_it(read_only=True)
            used_by = f". {error.owner} works on it"
        return Opened(VideoSession(annotation), _describe(annotation) + used_by)


def _describe(annotation: AnnotationSession) -> str:
    path = annotation.project_path
    n_boxes = sum(len(target.boxes) for target in annotation.annotations)
    name = "the project" if path is None else path.name
    n_targets = _count(len(annotation.annotations), "target")
    said = f"Went on with {name}: {n_targets}, {_count(n_boxes, 'box')}"
    return ". ".join((said, *annotation.notes))


def _count(number: int, noun: str) -> str:
    plural = "es" if noun.endswith("x") else "s"
    return f"{number} {noun}{'' if number == 1 else plural}"
