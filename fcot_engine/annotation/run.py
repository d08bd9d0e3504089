"""One pass over the video that carries boxes of several targets.

A run is a queue of legs (see `legs.py` and `leg_queue.py`) and advances some of them by
one frame at a time.

A person may draw and edit while it goes on: nothing has to be cancelled. A new box in
a stretch replaces the legs around it by new ones that start from it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from fcot_engine.annotation.box_paths import paired_iou
from fcot_engine.annotation.boxes import Box, Origin
from fcot_engine.annotation.change_report import TargetReport
from fcot_engine.annotation.changes import Edit
from fcot_engine.annotation.document import Document
from fcot_engine.annotation.found_writer import FoundWriter
from fcot_engine.annotation.leg_queue import LegQueue
from fcot_engine.annotation.legs import Leg, LegState, Stretch
from fcot_engine.annotation.planning import plan_around
from fcot_engine.annotation.propagation_config import PropagationConfig
from fcot_engine.annotation.run_events import (
    FrameDone,
    Fused,
    Note,
    NoteKind,
    RunEvent,
    Stage,
)
from fcot_engine.annotation.shot_cuts import ShotCuts
from fcot_engine.annotation.targets import AnnotatedTarget, SpanKind, rejected_at
from fcot_engine.annotation.tracker_pool import TrackerPool
from fcot_engine.geometry import BoxXywh
from fcot_engine.tracker import ScoreMaps, TrackResult, Verdict
from fcot_engine.video import FrameSource

__all__ = ["Run"]


class Run:
    """Carries boxes; iterate over it in a worker, or in the calling thread.

    What it has found is in the annotations at once and stays, whatever happens later.
    All of it is one step of undo, unless a person edits in between.
    """

    def __init__(
        self,
        document: Document,
        source: FrameSource,
        pool: TrackerPool,
        cuts: ShotCuts,
        *,
        config: PropagationConfig,
        replaced: dict[tuple[int, int], BoxXywh],
        text: str,
    ) -> None:
        self._document = document
        self._source = source
        self._pool = pool
        self._cuts = cuts
        self._config = config
        self._replaced = replaced
        self._writer = FoundWriter(
            document, self, text=text, write_every_s=config.write_every_s
        )
        self._queue = LegQueue()
        self._notes: list[Note] = []
        self._n_done = 0
        self._is_cancelled = False
        self._is_over = False

    # --- from any thread ---------------------------------------------------------

    @property
    def is_over(self) -> bool:
        """Whether it has ended, by itself or cancelled: it takes no more work."""
        return self._is_over or self._is_cancelled

    @property
    def progress(self) -> tuple[int, int]:
        """Frames looked at and frames in all, each target and way counted."""
        with self._document.lock:
            return self._n_done, self._n_done + self._queue.n_left

    def cancel(self) -> None:
        """End before the next frame; what was found stays. Returns at once."""
        with self._document.lock:
            self._is_cancelled = True

    def look_at(self, frame_index: int) -> None:
        """Do the frames around this one first."""
        with self._document.lock:
            self._queue.look_at(frame_index)

    def add(self, stretches: list[Stretch], *, work_frame: int) -> None:
        """Take on more work, to be begun around a frame."""
        with self._document.lock:
            self._queue.add(stretches, work_frame=work_frame)

    def report(self) -> list[TargetReport]:
        """Say which frames changed and by how much."""
        with self._document.lock:
            return self._writer.report()

    def on_drawn(self, target_id: int, frame_index: int) -> None:
        """Go on from a box that a person drew meanwhile, if it lies in the way."""
        with self._document.lock:
            if self._queue.is_ahead(target_id, frame_index):
                self.work_around(target_id, frame_index)

    def work_around(self, target_id: int, frame_index: int) -> None:
        """Carry a box that a person drew to the drawn boxes on both sides.

        That replaces work on stretches that the frame lies in.
        """
        with self._document.lock:
            hit = self._queue.take_out(target_id, frame_index)
            first = min((s.first_frame for s in hit), default=frame_index)
            last = max((s.last_frame for s in hit), default=frame_index)
            around = plan_around(
                self._document.annotations[target_id],
                frame_index,
                fuse=self._config.fuse,
                may_rejoin=self._config.rejoin_frames is not None,
                reach=(first, last),
            )
            under_way = [
                leg for s in hit for leg in s.legs if leg.state is LegState.RUNNING
            ]
            for stretch, leg in itertools.product(around, under_way):
                stretch.adopt(leg)
            self._queue.add(around, work_frame=frame_index)

    def on_edited(self, edit: Edit) -> None:
        """Drop what no longer holds after an edit other than a drawn box."""
        with self._document.lock:
            gone = {t for t in edit.target_ids if t not in self._document.annotations}
            for stretch in self._queue.drop_edited(edit, gone):
                place = stretch.target_id, stretch.first_frame
                text = f"Target {place[0]}: stopped, because it was changed"
                self._notes.append(Note(NoteKind.TARGET_CHANGED, *place, text))

    # --- in the worker -----------------------------------------------------------

    def __iter__(self) -> Iterator[RunEvent]:
        """Do the work step by step.

        Raises:
            FrameError: a frame cannot be read.
            BoxError: a box to learn cannot be used.
            ProjectError: boxes cannot be written down.
        """
        try:
            while not self._is_cancelled:
                with self._document.lock:
                    notes, self._notes = self._notes, []
                    group = self._queue.choose()
                    self._is_over = not group  # nobody adds work from here on
                yield from notes
                if not group:
                    break
                yield from self._advance(group)
        finally:
            self._is_over = True
            self._document.close_run(self)

    def _advance(self, group: list[Leg]) -> Iterator[RunEvent]:
        """Bring some legs of different targets one frame on."""
        for leg in group:
            if leg.state is LegState.WAITING:
                yield from self._begin(leg)
            if self._is_cancelled:
                return
        frame_index, step = group[0].cursor, group[0].step
        is_cut = self._config.stop_at_cuts and self._cuts.is_cut(
            frame_index if step > 0 else frame_index + 1
        )
        frame_rgb = self._source.read(frame_index)
        notes: list[RunEvent] = []
        going: dict[int, Leg] = {}
        for leg in group:
            if self._is_cancelled:
                return
            if leg.state is LegState.RUNNING and self._is_wanted(leg):
                boundary = self._find_boundary(leg, is_cut=is_cut)
                if boundary is None:
                    going[leg.target_id] = leg
                else:
                    notes += self._end(leg, boundary)
        results: dict[int, TrackResult] = {}
        if going:
            with self._pool.lock:
                if self._is_cancelled:
                    return
                results = self._pool.track(step, frame_rgb, list(going))
        boxes: dict[int, Box] = {}
        maps: dict[int, ScoreMaps] = {}
        for target_id, result in results.items():
            if self._is_cancelled:
                return
            if result.score_maps is not None:
                maps[target_id] = result.score_maps
            box, more = self._accept(going[target_id], frame_index, result)
            notes += more
            if box is not None:
                boxes[target_id] = box
        yield FrameDone(frame_index, boxes, maps)
        yield from notes

    def _begin(self, leg: Leg) -> Iterator[RunEvent]:
        """Teach a leg's tracker what it does not know and put it on the start box."""
        with self._document.lock:
            target = self._target_of(leg)
            stretch = self._queue.stretch_of(leg)
            start = None if target is None else target.boxes.get(leg.start)
            if target is None or stretch is None or start is None:
                leg.state = LegState.DONE
                if stretch is not None:
                    self._settle(stretch)
                return
            drawn = [target.boxes.get(int(f)) for f in target.boxes.human_frames()]
            name, rejections = target.info.name, target.info.rejections
        if not self._pool.has(leg.step):
            yield Stage("Loading the network")
            self._pool.prepare()
        boxes = [box for box in drawn if box]
        for given in self._pool.missing(
            leg.target_id, leg.step, boxes, start, rejections
        ):
            yield Stage(f"Learning the box of {name} in frame {given.frame_index}")
            if not self._teach(leg, given, rejected_at(rejections, given.frame_index)):
                return
        self._place(leg, start, is_fused=len(stretch.legs) > 1)
        with self._document.lock:
            if leg.state is LegState.WAITING:
                leg.state = LegState.RUNNING

    def _teach(self, leg: Leg, given: Box, not_boxes: tuple[BoxXywh, ...]) -> bool:
        """Teach one box; return False if the run was cancelled before."""
        frame_rgb = self._source.read(given.frame_index)
        replaced = self._replaced.get((leg.target_id, given.frame_index))
        with self._pool.lock:
            if not self._is_cancelled:
                self._pool.teach(
                    leg.target_id,
                    leg.step,
                    given,
                    frame_rgb,
                    replaced_xywh=replaced,
                    not_boxes=not_boxes,
                )
        return not self._is_cancelled

    def _place(self, leg: Leg, start: Box, *, is_fused: bool) -> None:
        """Put a tracker on the start box; see how it meets it, for a fusion."""
        frame_rgb = self._source.read(leg.start) if is_fused else None
        target_id, step = leg.target_id, leg.step
        with self._pool.lock:
            if self._is_cancelled:
                return
            self._pool.place(target_id, step, start.box_xywh)
            if frame_rgb is not None:  # its habit, where that differs from the person's
                seen = self._pool.track(step, frame_rgb, [target_id])[target_id]
                is_lost = seen.verdict is Verdict.LOST
                leg.at_own_pin = None if is_lost else seen.box_xywh
                self._pool.place(target_id, step, start.box_xywh)

    def _target_of(self, leg: Leg) -> AnnotatedTarget | None:
        if self._queue.stretch_of(leg) is None:
            return None
        annotations = self._document.annotations
        return annotations.find(leg.target_id)

    def _is_wanted(self, leg: Leg) -> bool:
        """Whether nobody has dropped the leg meanwhile."""
        with self._document.lock:
            return self._queue.stretch_of(leg) is not None

    def _find_boundary(self, leg: Leg, *, is_cut: bool) -> Note | None:
        """Say why a leg may not go on to its next frame, or None."""
        with self._document.lock:
            target = self._target_of(leg)
            span = None if target is None else target.span_at(leg.cursor)
        if is_cut:
            kind, reason = NoteKind.SHOT_CUT, "a new shot begins"
        elif span is not None and span.kind is SpanKind.OUT_OF_VIEW:
            kind, reason = NoteKind.OUT_OF_VIEW, "it is out of view from there on"
        else:
            return None
        name = "" if target is None else f"{target.info.name}: "
        text = f"{name}stopped at frame {leg.cursor}, {reason}"
        return Note(kind, leg.target_id, leg.cursor, text)

    def _accept(
        self, leg: Leg, frame_index: int, result: TrackResult
    ) -> tuple[Box | None, list[RunEvent]]:
        """Take what a tracker found; return the box that was written, and notes."""
        with self._document.lock:
            target = self._target_of(leg)
            stretch = self._queue.stretch_of(leg)
            if target is None or stretch is None or self._is_cancelled:
                leg.state = LegState.DONE
                return None, []
            self._n_done += 1
            box = self._to_box(frame_index, result)
            if leg.has_far_pin and frame_index == leg.last:
                leg.at_far_pin = None if box.is_lost else box.box_xywh
                leg.advance()
                return None, self._settle(stretch)
            if stretch.may_rejoin and self._has_rejoined(leg, box, target):
                stretch.shorten(leg, frame_index)
                text = f"{target.info.name}: agrees again from frame {frame_index}"
                note = Note(NoteKind.REJOINED, leg.target_id, frame_index, text)
                return None, [note, *self._settle(stretch)]
            leg.found[frame_index] = box
            if leg.is_first:
                self._writer.put(leg.target_id, [box], allowed=stretch.gaps_only)
            leg.advance()
            leg.lost_in_a_row = leg.lost_in_a_row + 1 if box.is_lost else 0
            if (
                stretch.ends_when_lost
                and leg.lost_in_a_row >= self._config.lost_patience
            ):
                return box, self._give_up(leg, stretch, target)
            return box if leg.is_first else None, self._settle(stretch)

    def _to_box(self, frame_index: int, result: TrackResult) -> Box:
        return Box(
            frame_index,
            result.box_xywh,
            Origin.TRACKED,
            score=float(result.score),
            is_lost=result.verdict is Verdict.LOST,
            second_ratio=result.second_ratio,
            maker=self._pool.maker,
        )

    def _has_rejoined(self, leg: Leg, box: Box, target: AnnotatedTarget) -> bool:
        """Count frames in a row that agree with the old boxes; True at the last one."""
        if not leg.is_first:
            return False
        old = target.boxes.get(box.frame_index)
        agrees = (
            old is not None
            and not old.is_lost
            and not box.is_lost
            and paired_iou(np.array(old.box_xywh), np.array(box.box_xywh))
            >= self._config.rejoin_iou
        )
        leg.agreed_in_a_row = leg.agreed_in_a_row + 1 if agrees else 0
        return leg.agreed_in_a_row >= (self._config.rejoin_frames or 1)

    def _give_up(
        self, leg: Leg, stretch: Stretch, target: AnnotatedTarget
    ) -> list[RunEvent]:
        """End a leg that has not seen its target for a while; take those boxes back."""
        last_seen = leg.cursor - (leg.lost_in_a_row + 1) * leg.step
        lost = [f for f in leg.found if (f - last_seen) * leg.step > 0]
        for frame in lost:
            del leg.found[frame]
        if leg.is_first:
            self._writer.take_away(leg.target_id, lost, allowed=stretch.gaps_only)
        text = f"{target.info.name}: lost after frame {last_seen}"
        note = Note(NoteKind.LOST, leg.target_id, last_seen + leg.step, text)
        return self._end(leg, note, stretch)

    def _end(
        self, leg: Leg, note: Note, stretch: Stretch | None = None
    ) -> list[RunEvent]:
        with self._document.lock:
            leg.state = LegState.DONE
            stretch = stretch or self._queue.stretch_of(leg)
            return [note, *(self._settle(stretch) if stretch else [])]

    def _settle(self, stretch: Stretch) -> list[RunEvent]:
        """Fuse a stretch whose legs have all ended, and put it aside."""
        if not stretch.is_done:
            return []
        self._queue.remove(stretch)
        if len(stretch.legs) < 2:
            return []
        table = self._document.annotations[stretch.target_id].boxes
        left = table.get(stretch.first_frame)
        right = table.get(stretch.last_frame)
        if left is None or right is None:
            return []
        frames, boxes = stretch.fuse(left, right)
        if not len(frames):
            return []
        self._writer.put(stretch.target_id, boxes, allowed=stretch.gaps_only)
        return [Fused(stretch.target_id, int(frames[0]), int(frames[-1]))]
