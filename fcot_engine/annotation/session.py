"""`AnnotationSession`: everything an annotator can do, without a screen.

Example:
    session = AnnotationSession.create(source, make_tracker, "film.fcot.json")
    target = session.add_target(class_name="bird")
    session.draw_box(target, 0, (12, 30, 40, 20))
    for event in session.propagate(0):
        ...
    stop = session.next_stop()
    for event in session.correct(target, stop.frame_index, (15, 28, 41, 20)):
        ...
    session.undo()
    session.close()
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from fcot_engine.annotation.box_rows import Maker
from fcot_engine.annotation.document import Document
from fcot_engine.annotation.new_project import NewProject
from fcot_engine.annotation.passed_over import PassedOver
from fcot_engine.annotation.project_file import Project, check_new
from fcot_engine.annotation.propagation_config import PropagationConfig
from fcot_engine.annotation.propagator import AnnotationPropagator
from fcot_engine.annotation.risk import RiskModel
from fcot_engine.annotation.self_check import HeldOut, check_target
from fcot_engine.annotation.taught_tracker import TrackerFactory
from fcot_engine.annotation.video_identity import identify_video
from fcot_engine.annotation.work_list import WorkListConfig, WorkStop, list_work
from fcot_engine.video import FrameSource, open_frames

__all__ = ["AnnotationSession"]


class AnnotationSession(AnnotationPropagator):
    """A video, its annotations, and trackers that learn from them.

    Edits and questions may come from any thread. A `Run` that `propagate` or `correct`
    returns does nothing by itself: iterate over it, in the same thread or in one
    worker. One run goes on at a time: asking for more while it does gives it more to
    do, and drawing in its way makes it go on from the new box.

    Args:
        source: the video.
        make_tracker: makes trackers, two for each target that is carried both ways; let
            them share one network. Called by runs and checks only.
        document: annotations, history and project; new ones in memory if None.
        config: how boxes are carried.
        maker: which engine and weights `make_tracker` uses, noted with each box.
        risk_model: rates boxes for the work list.
        work_config: how the work list chooses.
    """

    def __init__(
        self,
        source: FrameSource,
        make_tracker: TrackerFactory,
        *,
        document: Document | None = None,
        config: PropagationConfig | None = None,
        maker: Maker | None = None,
        risk_model: RiskModel | None = None,
        work_config: WorkListConfig | None = None,
    ) -> None:
        super().__init__(
            source, make_tracker, document=document, config=config, maker=maker
        )
        self._risk_model = risk_model or RiskModel()
        self._work_config = work_config or WorkListConfig()
        self._passed_over = PassedOver()

    # --- files -------------------------------------------------------------------

    @classmethod
    def create(
        cls,
        source: FrameSource,
        make_tracker: TrackerFactory,
        project_path: str | os.PathLike[str],
        *,
        video_path: str | os.PathLike[str] | None = None,
        replace: bool = False,
        config: PropagationConfig | None = None,
        maker: Maker | None = None,
    ) -> AnnotationSession:
        """Begin a project; every edit is saved at once from here on.

        Args:
            source: the video.
            make_tracker: see the class.
            project_path: the project file, best named `NAME.fcot.json`.
            video_path: where the video lies; None for frames without a file.
            replace: whether an old project of that name may be replaced.
            config: see the class.
            maker: see the class.

        Raises:
            ProjectError: it cannot be written, or there is one already.
        """
        place = None if video_path is None else Path(video_path)
        identity = identify_video(source, place)
        project = Project.create(project_path, identity, place, replace=replace)
        document = Document(project)
        return cls(source, make_tracker, document=document, config=config, maker=maker)

    @classmethod
    def begin(
        cls,
        source: FrameSource,
        make_tracker: TrackerFactory,
        project_path: str | os.PathLike[str],
        *,
        video_path: str | os.PathLike[str] | None = None,
        config: PropagationConfig | None = None,
        maker: Maker | None = None,
    ) -> AnnotationSession:
        """Begin a project as `create` does, but write nothing before the first edit.

        Looking at a video leaves no files behind. See `create` for the arguments.

        Raises:
            ProjectError: there is a project already; one that cannot be written is
                found out by the first edit, which is then refused.
        """
        path, place = (
            Path(project_path),
            None if video_path is None else Path(video_path),
        )
        check_new(path)
        new = NewProject(path, identify_video(source, place), place)
        document = Document(new_project=new)
        return cls(source, make_tracker, document=document, config=config, maker=maker)

    @classmethod
    def open(
        cls,
        project_path: str | os.PathLike[str],
        make_tracker: TrackerFactory,
        *,
        video_path: str | os.PathLike[str] | None = None,
        source: FrameSource | None = None,
        config: PropagationConfig | None = None,
        maker: Maker | None = None,
    ) -> AnnotationSession:
        """Go on with a project where it was left, however that happened.

        Args:
            project_path: the project file.
            make_tracker: see the class.
            video_path: where the video is, if it was moved.
            source: frames that are open already, such as a layer's.
            config: see the class.
            maker: see the class.

        Raises:
            ProjectError: there is no usable project, or it is open elsewhere.
            MovedVideoError: the video is not where it was; ask, and give `video_path`.
            OtherVideoError: the video is not the one the project was made on.
            VideoError: the video cannot be opened.
        """
        project = Project.open(project_path)
        opened: FrameSource | None = None
        try:
            place = None
            if source is None or project.video.kind != "frames":
                place = project.find_video(video_path)
            if source is None and place is not None:
                source = opened = open_frames(place)
            assert source is not None  # find_video raises for frames without a file
            project.check_video(identify_video(source, place), place)
        except BaseException:
            if opened is not None:
                opened.close()
            project.abandon()
            raise
        document = Document(project)
        return cls(source, make_tracker, document=document, config=config, maker=maker)

    @property
    def notes(self) -> tuple[str, ...]:
        """What had to be mended on opening, in words for people."""
        project = self.document.project
        return () if project is None else project.notes

    @property
    def project_path(self) -> Path | None:
        """The project file, or where it will lie after the first edit; None without."""
        return self.document.project_path

    @property
    def is_saved(self) -> bool:
        """Whether there is a project on the disk; it has every edit at once."""
        return self.document.project is not None

    def save(self) -> None:
        """Shorten the journal; every edit is saved without it.

        Raises:
            ProjectError: it cannot be written.
        """
        self.document.save()

    def close(self) -> None:
        """End a run, save, and let go of the project; the video stays open.

        Raises:
            ProjectError: the project cannot be written.
        """
        self.stop()
        self.document.close()

    # --- where to look -----------------------------------------------------------

    def work_list(self, limit: int = 20) -> list[WorkStop]:
        """Return the frames whose correction is expected to save most boxes."""
        with self.document.lock:
            return list_work(
                self.annotations,
                limit=limit,
                model=self._risk_model,
                config=self._work_config,
                cuts=self.cuts.known(),
                seen=self._passed_over.frames(self.annotations),
            )

    def next_stop(self) -> WorkStop | None:
        """Return the first frame of the work list, None if it is empty."""
        stops = self.work_list(1)
        return stops[0] if stops else None

    def pass_over(self, stop: WorkStop) -> None:
        """Leave a frame of the work list as it is.

        It is not offered again until its box changes or the session ends.
        """
        with self.document.lock:
            place = stop.target_id, stop.frame_index
            self._passed_over.add(*place, self.box(*place))

    def self_check(self, *, longest: int = 200) -> Iterator[HeldOut]:
        """Leave each drawn box out in turn; collect the answers in a `SelfCheck`.

        Slow: each box is a fresh tracker that learns all others. For a worker, while no
        run goes on.

        Args:
            longest: the most frames to run for one box.

        Raises:
            FrameError: a frame cannot be read.
        """
        with self.document.lock:
            ids = [target.target_id for target in self.annotations]
        tracker = self._room.make()
        for target_id in ids:
            target = self.annotations.find(target_id)
            if target is not None:
                yield from check_target(
                    target, self.source, self.cuts, tracker, longest=longest
                )
