"""Carrying boxes on from what a person drew: runs, corrections that teach, undo."""

from __future__ import annotations

from collections.abc import Sequence

from fcot_engine.annotation.box_rows import Box, Maker
from fcot_engine.annotation.document import Document
from fcot_engine.annotation.editor import AnnotationEditor
from fcot_engine.annotation.edits import Edit
from fcot_engine.annotation.planning import plan_one_way
from fcot_engine.annotation.propagation_config import (
    Direction,
    Overwrite,
    PropagationConfig,
    Until,
)
from fcot_engine.annotation.run import Run
from fcot_engine.annotation.shot_cuts import ShotCuts
from fcot_engine.annotation.taught_tracker import TrackerFactory, TrackerRoom
from fcot_engine.errors import EditError
from fcot_engine.geometry import BoxXywh
from fcot_engine.session import BoxReader
from fcot_engine.video import FrameSource

__all__ = ["AnnotationPropagator"]


class AnnotationPropagator(AnnotationEditor):
    """An editor with trackers that learn from what a person draws.

    A `Run` that `propagate` or `correct` returns does nothing by itself: iterate over
    it, in the same thread or in one worker. One run goes on at a time: asking for more
    while it does gives it more to do, and drawing in its way makes it go on from the
    new box.

    Args:
        source: the video.
        make_tracker: makes trackers, two for each target that is carried both ways; let
            them share one network. Called by runs and checks only.
        document: annotations, history and project; new ones in memory if None.
        config: how boxes are carried.
        maker: which engine and weights `make_tracker` uses, noted with each box.
    """

    def __init__(
        self,
        source: FrameSource,
        make_tracker: TrackerFactory,
        *,
        document: Document | None = None,
        config: PropagationConfig | None = None,
        maker: Maker | None = None,
    ) -> None:
        super().__init__(source, document)
        self.config = config or PropagationConfig()
        self.cuts = ShotCuts(source)
        self._room = TrackerRoom(make_tracker)
        self._maker = maker or Maker("fcot", "")
        self._run: Run | None = None
        self._replaced: dict[tuple[int, int], BoxXywh] = {}

    # --- edits -------------------------------------------------------------------

    def draw_box(
        self, target_id: int, frame_index: int, box_xywh: Sequence[float]
    ) -> Box:
        """Put a box that a person drew and return it as it was put.

        A run that is to fill the frame goes on from the new box; otherwise nothing is
        carried, see `teach`. See `AnnotationEditor.draw_box` for the rest.
        """
        with self.document.lock:
            old = self._box_before(target_id, frame_index)
            drawn = super().draw_box(target_id, frame_index, box_xywh)
            self._go_on_from(target_id, drawn, old)
            return drawn

    def pick_peak(
        self,
        target_id: int,
        frame_index: int,
        box_xywh: Sequence[float],
        not_boxes: Sequence[Sequence[float]] | None = None,
    ) -> Box:
        """Move a box to another peak of the score map; return it as it was put.

        A run that is to fill the frame goes on from there; otherwise nothing is
        carried, see `teach`. See `AnnotationEditor.pick_peak` for the rest.
        """
        with self.document.lock:
            old = self._box_before(target_id, frame_index)
            picked = super().pick_peak(target_id, frame_index, box_xywh, not_boxes)
            self._go_on_from(target_id, picked, old)
            return picked

    def remove_target(self, target_id: int) -> None:
        """Take a target away with all of its boxes, and what was learned of it."""
        with self.document.lock:
            super().remove_target(target_id)
            self._room.forget(target_id)

    def undo(self) -> Edit:
        """Take the last edit or run back and return it; a run that goes on ends.

        Raises:
            EditError: there is nothing to take back.
        """
        with self.document.lock:
            self.stop()
            return super().undo()

    def redo(self) -> Edit:
        """Repeat what was taken back last, and return it; a run that goes on ends.

        Raises:
            EditError: there is nothing to repeat.
        """
        with self.document.lock:
            self.stop()
            return super().redo()

    def reject(self, run: Run) -> None:
        """Take back what a run has changed: one step of undo. Accepting is no step.

        Raises:
            EditError: something else was done since.
        """
        with self.document.lock:
            if not self.document.is_last(run):
                raise EditError(
                    "Something else was done since that run. Undo goes back step by "
                    "step."
                )
            self.undo()

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
        self._check_frame(start)
        if not isinstance(until, Until):
            self._check_frame(until)
            _check_side(start, until, direction)
        steps = {Direction.FORWARD: [1], Direction.BACKWARD: [-1]}
        with self.document.lock:
            chosen = self._choose_targets(start, target_ids)
            run = self._take_run(f"Carried {direction.value} from frame {start}")
            stretches = [
                stretch
                for step in steps.get(direction, [1, -1])
                for target_id in chosen
                for stretch in plan_one_way(
                    self.annotations[target_id],
                    start,
                    step=step,
                    until=until,
                    n_frames=len(self.source),
                    fuse=self.config.fuse,
                )
            ]
            for stretch in stretches:
                stretch.ends_when_lost = until is Until.LOST
                if overwrite is Overwrite.NOTHING:
                    stretch.gaps_only = self._gaps(stretch.target_id)
            run.add(stretches, work_frame=start)
            return run

    def teach(self, target_id: int, frame_index: int) -> Run:
        """Let a drawn box teach, and carry it to the drawn boxes on both sides.

        Without one on a side, as far as the target has boxes. Iterate over the run to
        do the work; `Run.report` says what changed, `reject` takes it back.

        Raises:
            EditError: the target has no drawn box in that frame.
        """
        with self.document.lock:
            target = self.annotations[target_id]
            box = target.boxes.get(frame_index)
            if box is None or not box.is_human:
                raise EditError(
                    f"{target.info.name} has no drawn box in frame {frame_index} to "
                    "learn from. Draw one there."
                )
            run = self._take_run(
                f"{target.info.name} corrected around frame {frame_index}"
            )
            run.work_around(target_id, frame_index)
            return run

    def correct(
        self, target_id: int, frame_index: int, box_xywh: Sequence[float]
    ) -> Run:
        """Draw a box and let it teach; see `draw_box` and `teach`."""
        with self.document.lock:
            self.draw_box(target_id, frame_index, box_xywh)
            return self.teach(target_id, frame_index)

    def read_box(
        self, target_id: int, frame_index: int, rough_xywh: Sequence[float]
    ) -> BoxXywh:
        """Let a tracker read a target's box at the middle of a rough one.

        For a place that a person points at, such as before `pick_peak`; nothing is
        changed. For a worker: it waits for the frame that a run is at.

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
        self._check_frame(frame_index)
        rough = self._usable(rough_xywh)
        taught = self._room.find(target_id)
        if taught is None or not isinstance(taught.tracker, BoxReader):
            return rough
        frame_rgb = self.source.read(frame_index)
        with self._room.lock:
            return taught.tracker.read_box(frame_rgb, rough)

    def stop(self) -> None:
        """End a run before its next frame; what it found stays. Returns at once."""
        if self._run is not None:
            self._run.cancel()
            self._run = None

    def prepare(self) -> None:
        """Load a tracker ahead of its first use; for a worker."""
        self._room.prepare()

    # --- helpers -----------------------------------------------------------------

    def _do(self, edit: Edit) -> None:
        super()._do(edit)
        if self.run is not None and edit.kind not in ("draw_box", "pick_peak"):
            self.run.on_edited(edit)

    def _box_before(self, target_id: int, frame_index: int) -> Box | None:
        target = self.annotations.find(target_id)
        return None if target is None else target.boxes.get(frame_index)

    def _go_on_from(self, target_id: int, drawn: Box, old: Box | None) -> None:
        """Note what a drawn box corrects; let a run that it lies in the way of know."""
        if old is not None and not old.is_human:
            self._replaced[target_id, drawn.frame_index] = old.box_xywh
        if self.run is not None:
            self.run.on_drawn(target_id, drawn.frame_index)

    def _take_run(self, text: str) -> Run:
        """Return the run that goes on, or a new one."""
        if self._run is None or self._run.is_over:
            self._run = Run(
                self.document,
                self.source,
                self._room,
                self.cuts,
                config=self.config,
                maker=self._maker,
                replaced=self._replaced,
                text=text,
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
    is_ahead = until >= start
    if direction is Direction.BOTH or is_ahead != (direction is Direction.FORWARD):
        raise EditError(
            f"Frame {until} does not lie {direction.value} of frame {start}. Choose "
            "the direction that leads there."
        )
