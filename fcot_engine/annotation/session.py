"""`AnnotationSession`: everything an annotator can do, without a screen.

Example:
    session = AnnotationSession.create(source, make_tracker, "film.fcot")
    target = session.edit.add_target(class_name="bird")
    session.edit.draw_box(target, 0, (12, 30, 40, 20))
    for event in session.propagate(0):
        ...
    stop = session.next_stop()
    for event in session.correct(target, stop.frame_index, (15, 28, 41, 20)):
        ...
    session.edit.undo()
    session.close()
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from fcot_engine.annotation.boxes import Box
from fcot_engine.annotation.changes import TEACH_KIND, Edit
from fcot_engine.annotation.document import Document
from fcot_engine.annotation.editor import Editor, check_frame
from fcot_engine.annotation.passes import plan_one_way
from fcot_engine.annotation.project import DONE, Project
from fcot_engine.annotation.project_reports import EffortReport, report_effort
from fcot_engine.annotation.propagation import (
    Direction,
    Overwrite,
    PropagationConfig,
    Until,
)
from fcot_engine.annotation.run import Run
from fcot_engine.annotation.self_check import HeldOut, check_target
from fcot_engine.annotation.shot_cuts import ShotCuts
from fcot_engine.annotation.targets import Annotations
from fcot_engine.annotation.tracker_pool import TrackerFactory, TrackerPool
from fcot_engine.annotation.video_identity import identify_video
from fcot_engine.annotation.work_list import (
    PassedOver,
    RiskModel,
    WorkListConfig,
    WorkStop,
    list_work,
)
from fcot_engine.errors import EditError, ProjectError
from fcot_engine.geometry import BoxXywh, fit_drawn_box
from fcot_engine.video import FrameSource, open_frames

_LOOKED = "passed_over"
"""What the project calls the frames that a person found good."""


class AnnotationSession:
    """A video, its annotations, and trackers that learn from them.

    Edits (`edit`) and questions may come from any thread. A `Run` that `propagate` or
    `correct` returns does nothing by itself: iterate over it, in the same thread or in
    one worker. One run goes on at a time: asking for more while it does gives it more
    to do, and drawing in its way makes it go on from the new box.

    Args:
        source: the video.
        make_tracker: makes trackers, one for each direction; let them share one
            network. Called by runs and checks only.
        document: annotations, history and project; new ones in memory if None.
        config: how boxes are carried.
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
        risk_model: RiskModel | None = None,
        work_config: WorkListConfig | None = None,
    ) -> None:
        self.source = source
        self.document = document or Document()
        self.edit = Editor(
            source,
            self.document,
            on_drawn=self._on_drawn,
            on_edited=self._on_edited,
            before_time_travel=self.stop,
        )
        """What a person changes: targets, boxes, spans, and undo."""
        self.config = config or PropagationConfig()
        self.cuts = ShotCuts(source)
        self.pool = TrackerPool(make_tracker)
        """The trackers, and what computes."""
        self._run: Run | None = None
        self._replaced: dict[tuple[int, int], BoxXywh] = {}
        self._risk_model = risk_model or RiskModel()
        self._work_config = work_config or WorkListConfig()
        self._passed_over = PassedOver.from_json(self.document.project.recall(_LOOKED))

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
    ) -> AnnotationSession:
        """Begin a project; every edit is saved at once from here on.

        Args:
            source: the video.
            make_tracker: see the class.
            project_path: the project file, best named `NAME.fcot`.
            video_path: where the video lies; None for frames without a file.
            replace: whether an old project of that name may be replaced.
            config: see the class.

        Raises:
            ProjectError: it cannot be written, or there is one already.
        """
        place = None if video_path is None else Path(video_path)
        identity = identify_video(source, place)
        project = Project.create(project_path, identity, place, replace=replace)
        document = Document(project)
        return cls(source, make_tracker, document=document, config=config)

    @classmethod
    def begin(
        cls,
        source: FrameSource,
        make_tracker: TrackerFactory,
        project_path: str | os.PathLike[str],
        *,
        video_path: str | os.PathLike[str] | None = None,
        config: PropagationConfig | None = None,
    ) -> AnnotationSession:
        """Begin a project as `create` does, but write nothing before the first edit.

        Looking at a video leaves no files behind. See `create` for the arguments.

        Raises:
            ProjectError: there is a project already; one that cannot be written is
                found out by the first edit, which is then refused.
        """
        place = None if video_path is None else Path(video_path)
        identity = identify_video(source, place)
        document = Document(Project.plan(project_path, identity, place))
        return cls(source, make_tracker, document=document, config=config)

    @classmethod
    def open(
        cls,
        project_path: str | os.PathLike[str],
        make_tracker: TrackerFactory,
        *,
        video_path: str | os.PathLike[str] | None = None,
        source: FrameSource | None = None,
        read_only: bool = False,
        config: PropagationConfig | None = None,
    ) -> AnnotationSession:
        """Go on with a project where it was left, however that happened.

        Args:
            project_path: the project file.
            make_tracker: see the class.
            video_path: where the video is, if it was moved.
            source: frames that are open already, such as a layer's.
            read_only: for looking and exporting only; another program may go on
                working on it.
            config: see the class.

        Raises:
            ProjectError: there is no usable project.
            ProjectInUseError: another program works on it.
            MovedVideoError: the video is not where it was; ask, and give `video_path`.
            OtherVideoError: the video is not the one the project was made on.
            VideoError: the video cannot be opened.
        """
        project = Project.open(project_path, read_only=read_only)
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
            project.close()
            raise
        document = Document(project)
        return cls(source, make_tracker, document=document, config=config)

    @property
    def notes(self) -> tuple[str, ...]:
        """What had to be mended on opening, in words for people."""
        return self.document.project.notes

    @property
    def project_path(self) -> Path | None:
        """The project file, or where it will lie after the first edit; None without."""
        return self.document.project_path

    @property
    def is_saved(self) -> bool:
        """Whether there is a project on the disk; it has every edit at once."""
        return self.document.project.is_on_disk

    def save(self) -> None:
        """Write down what a run has just found; all else is saved at once.

        Raises:
            ProjectError: it cannot be written.
        """
        self.document.flush()

    def close(self) -> None:
        """End a run, save, and let go of the project; the video stays open.

        Raises:
            ProjectError: the project cannot be written.
        """
        self.stop()
        self.document.close()

    # --- what there is -----------------------------------------------------------

    @property
    def lock(self) -> threading.RLock:
        """Hold it while reading more than one thing of the annotations."""
        return self.document.lock

    @property
    def annotations(self) -> Annotations:
        """All targets and boxes; hold `lock` while a worker runs."""
        return self.document.annotations

    @property
    def n_human_boxes(self) -> int:
        """Number of boxes that a person drew."""
        with self.lock:
            return self.annotations.count_human_boxes()

    def boxes_at(self, frame_index: int) -> dict[int, Box]:
        """Return the boxes of a frame by target id."""
        with self.lock:
            return self.annotations.boxes_at(frame_index)

    def box(self, target_id: int, frame_index: int) -> Box | None:
        """Return the box of a target in a frame, or None."""
        with self.lock:
            return self.annotations[target_id].boxes.get(frame_index)

    def copy_annotations(self) -> Annotations:
        """Return a copy of all targets and boxes that no edit changes, for a worker."""
        with self.lock:
            return self.annotations.copy()

    def effort_report(self) -> EffortReport:
        """Count the boxes that people have drawn.

        Raises:
            ProjectError: an edit cannot be read.
        """
        with self.lock:
            self.document.flush()
            return report_effort(self.document.project, n_frames=len(self.source))

    # --- carrying boxes ----------------------------------------------------------

    @property
    def run(self) -> Run | None:
        """The run that goes on, or None."""
        return None if self._run is None or self._run.is_over else self._run

    def propagate(
        self,
        start: int,
        *,
        target_ids: Sequence[int] | None = None,
        direction: Direction = Direction.FORWARD,
        until: Until | int = Until.END,
        overwrite: Overwrite = Overwrite.MACHINE,
    ) -> Run:
        """Carry boxes from a frame on; iterate over the run to do the work.

        Args:
            start: the frame to begin with.
            target_ids: whose boxes; all targets with a box in that frame if None.
            direction: which way.
            until: how far, or the last frame to fill.
            overwrite: what may be replaced.

        Raises:
            FrameIndexError: `start` or `until` is no frame of the video.
            EditError: a target has no box in frame `start`, or `until` lies on the
                other side of it.
        """
        check_frame(self.source, start)
        if not isinstance(until, Until):
            check_frame(self.source, until)
            _check_side(start, until, direction)
        steps = {Direction.FORWARD: [1], Direction.BACKWARD: [-1]}
        with self.lock:
            chosen = self._choose_targets(start, target_ids)
            run = self._take_run(f"Carried {direction.value} from frame {start}")
            segments = [
                segment
                for step in steps.get(direction, [1, -1])
                for target_id in chosen
                for segment in plan_one_way(
                    self.annotations[target_id],
                    start,
                    step=step,
                    until=until,
                    n_frames=len(self.source),
                    fuse=self.config.fuse,
                )
            ]
            for segment in segments:
                segment.ends_when_lost = until is Until.LOST
                if overwrite is Overwrite.NOTHING:
                    segment.gaps_only = self._gaps(segment.target_id)
            run.add(segments, work_frame=start)
            return run

    def teach(self, target_id: int, frame_index: int) -> Run:
        """Let a drawn box teach, and carry it to the drawn boxes on both sides.

        Without one on a side, as far as the target has boxes. Iterate over the run to
        do the work; `Run.report` says what changed, `reject` takes it back.

        Raises:
            EditError: the target has no drawn box in that frame.
        """
        with self.lock:
            target = self.annotations[target_id]
            box = target.boxes.get(frame_index)
            if box is None or not box.is_human:
                raise EditError(
                    f"{target.info.name} has no drawn box in frame {frame_index} to "
                    "learn from. Draw one there."
                )
            run = self._take_run(
                f"{target.info.name} corrected around frame {frame_index}",
                kind=TEACH_KIND,
            )
            run.work_around(target_id, frame_index)
            return run

    def correct(
        self, target_id: int, frame_index: int, box_xywh: Sequence[float]
    ) -> Run:
        """Draw a box and let it teach; see `Editor.draw_box` and `teach`."""
        with self.lock:
            self.edit.draw_box(target_id, frame_index, box_xywh)
            return self.teach(target_id, frame_index)

    def read_box(
        self, target_id: int, frame_index: int, rough_xywh: Sequence[float]
    ) -> BoxXywh:
        """Let a tracker read a target's box at the middle of a rough one.

        For a position that a person points at, such as before `Editor.pick_peak`;
        nothing is changed. For a worker: it waits for the frame that a run is at.

        Args:
            target_id: whose box.
            frame_index: in which frame.
            rough_xywh: about its size, its middle on the target's, in image pixels.

        Returns:
            The box; the rough one where no tracker has learned the target yet.

        Raises:
            FrameIndexError: the video has no such frame.
            BoxError: the box cannot be used.
            FrameError: the frame cannot be read.
        """
        check_frame(self.source, frame_index)
        rough = fit_drawn_box(
            rough_xywh, width=self.source.width, height=self.source.height
        )
        if not self.pool.knows(target_id):
            return rough
        return self.pool.read_box(target_id, self.source.read(frame_index), rough)

    def stop(self) -> None:
        """End a run before its next frame; what it found stays. Returns at once."""
        if self._run is not None:
            self._run.cancel()
            self._run = None

    def prepare(self) -> None:
        """Load a tracker ahead of its first use; for a worker."""
        self.pool.prepare()

    def reject(self, run: Run) -> None:
        """Take back what a run has changed: one step of undo. Accepting is no step.

        Raises:
            EditError: something else was done since.
        """
        with self.lock:
            if not self.document.is_last(run):
                raise EditError(
                    "Something else was done since that run. Undo goes back step by "
                    "step."
                )
            self.edit.undo()

    # --- where to look -----------------------------------------------------------

    def work_list(self, limit: int = 20) -> list[WorkStop]:
        """Return the frames whose correction is expected to save most boxes."""
        with self.lock:
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

        It is not offered again until its box changes, also after days. In a project
        that is for looking only, it is remembered until the session ends.
        """
        with self.lock:
            place = stop.target_id, stop.frame_index
            self._passed_over.add(*place, self.box(*place))
            with suppress(ProjectError):
                self.document.project.remember(_LOOKED, self._passed_over.to_json())

    def looks_good(self, target_id: int, frame_index: int) -> bool:
        """Whether a person looked at a box, left it as it was, and it is still so."""
        with self.lock:
            box = self.box(target_id, frame_index)
            return self._passed_over.has(target_id, frame_index, box)

    @property
    def is_done(self) -> bool:
        """Whether a person said that the video needs no more work."""
        return bool(self.document.project.recall(DONE))

    def mark_done(self, is_done: bool) -> None:
        """Say that the video needs no more work, or that it does; no edit.

        Raises:
            ProjectError: it cannot be written.
        """
        with self.lock:
            self.document.project.remember(DONE, is_done)

    def count_to_check(self) -> int:
        """Number of boxes that `self_check` leaves out, at most."""
        with self.lock:
            counts = [len(t.boxes.human_frames()) for t in self.annotations]
        return sum(count for count in counts if count > 1)

    def self_check(self, *, longest: int = 200) -> Iterator[HeldOut]:
        """Leave each drawn box out in turn; collect the answers in a `SelfCheck`.

        Slow: each box is a fresh tracker that learns all others. For a worker, while no
        run goes on.

        Args:
            longest: the most frames to run for one box.

        Raises:
            FrameError: a frame cannot be read.
        """
        with self.lock:
            ids = [target.target_id for target in self.annotations]
        tracker = self.pool.make()
        for target_id in ids:
            target = self.annotations.find(target_id)
            if target is not None:
                yield from check_target(
                    target, self.source, self.cuts, tracker, longest=longest
                )

    # --- helpers -----------------------------------------------------------------

    def _on_drawn(self, target_id: int, drawn: Box, old: Box | None) -> None:
        """Note what a drawn box corrects; let a run that it lies in the way of know."""
        if old is not None and not old.is_human:
            self._replaced[target_id, drawn.frame_index] = old.box_xywh
        if self.run is not None:
            self.run.on_drawn(target_id, drawn.frame_index)

    def _on_edited(self, edit: Edit) -> None:
        """Forget targets that are gone; let a run know that it may have been hit."""
        for target_id in edit.target_ids:
            if target_id not in self.annotations:
                self.pool.forget(target_id)
        if self.run is not None:
            self.run.on_edited(edit)

    def _take_run(self, text: str, *, kind: str = "run") -> Run:
        """Return the run that goes on, or a new one."""
        if self._run is None or self._run.is_over:
            self._run = Run(
                self.document,
                self.source,
                self.pool,
                self.cuts,
                config=self.config,
                replaced=self._replaced,
                text=text,
                kind=kind,
            )
        return self._run

    def _choose_targets(self, start: int, wanted: Sequence[int] | None) -> list[int]:
        chosen = list(self.annotations.boxes_at(start)) if wanted is None else wanted
        without = [t for t in chosen if start not in self.annotations[t].boxes]
        if without or not chosen:
            names = ", ".join(self.annotations[t].info.name for t in without)
            raise EditError(
                f"There is no box of {names or 'any target'} in frame {start} to go "
                "on from. Draw one there, or start from a frame that has one."
            )
        return list(dict.fromkeys(chosen))

    def _gaps(self, target_id: int) -> frozenset[int]:
        with_box = self.annotations[target_id].boxes.frames().tolist()
        return frozenset(range(len(self.source))) - frozenset(with_box)


def _check_side(start: int, until: int, direction: Direction) -> None:
    if direction is Direction.BOTH:
        raise EditError(
            f"A run both ways cannot end at one frame, got {until}. Choose a direction."
        )
    is_ahead = until >= start
    if is_ahead != (direction is Direction.FORWARD):
        raise EditError(
            f"Frame {until} does not lie {direction.value} of frame {start}. Choose "
            "the direction that leads there."
        )
