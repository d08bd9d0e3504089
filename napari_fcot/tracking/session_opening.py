"""Opens the annotations of a video: those of an earlier day, or new ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fcot_engine.annotation import AnnotationSession, PropagationConfig, TrackerFactory
from fcot_engine.errors import OtherVideoError
from fcot_engine.video import FrameSource
from napari_fcot.tracking.project_place import ProjectPlace, next_free
from napari_fcot.tracking.video_session import VideoSession

__all__ = ["Opened", "SessionOpener"]


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
            ProjectError: the project is damaged, or open in another window.
            VideoError: the video cannot be read.
        """
        path = project_path or self.place.find(source, video_path)
        if not path.exists():
            return self._begin(source, video_path, path)
        try:
            return self._resume(path, source, video_path)
        except OtherVideoError as error:
            free = next_free(path)
            begun = self._begin(source, video_path, free)
            reasons = "; ".join(error.reasons)
            return Opened(
                begun.session,
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
        annotation = AnnotationSession.open(
            path,
            self._make_tracker,
            video_path=video_path,
            config=self.config,
        )
        return _describe(annotation)

    def _begin(
        self, source: FrameSource, video_path: Path | None, path: Path
    ) -> Opened:
        annotation = AnnotationSession.begin(
            source,
            self._make_tracker,
            path,
            video_path=video_path,
            config=self.config,
        )
        return Opened(VideoSession(annotation))

    def _resume(
        self, path: Path, source: FrameSource, video_path: Path | None
    ) -> Opened:
        annotation = AnnotationSession.open(
            path,
            self._make_tracker,
            video_path=video_path,
            source=source,
            config=self.config,
        )
        return _describe(annotation)


def _describe(annotation: AnnotationSession) -> Opened:
    path = annotation.project_path
    n_boxes = sum(len(target.boxes) for target in annotation.annotations)
    name = "the project" if path is None else path.name
    n_targets = _count(len(annotation.annotations), "target")
    said = f"Went on with {name}: {n_targets}, {_count(n_boxes, 'box')}"
    return Opened(VideoSession(annotation), ". ".join((said, *annotation.notes)))


def _count(number: int, noun: str) -> str:
    plural = "es" if noun.endswith("x") else "s"
    return f"{number} {noun}{'' if number == 1 else plural}"
