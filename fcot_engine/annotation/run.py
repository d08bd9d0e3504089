"""One pass over the video that carries boxes of several targets.

A run is a queue of passes (see `passes.py`) and advances some of them by one frame at a
time.

A person may draw and edit while it goes on: nothing has to be cancelled. A new box in
a segment replaces the passes around it by new ones that start from it.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence

import numpy as np

from fcot_engine.annotation.boxes import (
    Box,
    Frames,
    Origin,
    Rows,
    empty_rows,
    paired_iou,
)
from fcot_engine.annotation.changes import (
    Change,
    Edit,
    TargetReport,
    merge_changes,
    report_changes,
)
from fcot_engine.annotation.document import Document
from fcot_engine.annotation.edits import put_found
from fcot_engine.annotation.passes import (
    PassQueue,
    PassState,
    Segment,
    TrackingPass,
    plan_around,
)
from fcot_engine.annotation.propagation import (
    FrameDone,
    Fused,
    Note,
    NoteKind,
    PropagationConfig,
    RunEvent,
    Stage,
)
from fcot_engine.annotation.shot_cuts import ShotCuts
from fcot_engine.annotation.targets import AnnotatedTarget, SpanKind, rejected_at
from fcot_engine.annotation.tracker_pool import TrackerPool
from fcot_engine.geometry import BoxXywh
from fcot_engine.tracker import ScoreMaps, TrackResult, Verdict
from fcot_engine.video import FrameSource

_MOST_CHANGES = 256  # merging at each frame would take quadratic time


class FoundWriter:
    """One run's edit, part by part, and what it has changed so far.

    Args:
        document: the annotations.
        key: the run, so that its parts become one step of undo.
        text: what the step is called.
        kind: see `Edit`.
        write_every_s: how long parts may stay unwritten.
    """

    def __init__(
        self,
        document: Document,
        key: object,
        *,
        text: str,
        kind: str,
        write_every_s: float,
    ) -> None:
        self._document = document
        self._key = key
        self._text = text
        self._kind = kind
        self._write_every_s = write_every_s
        self._changes: list[Change] = []

    def put(
        self,
        target_id: int,
        boxes: Sequence[Box],
        *,
        allowed: Collection[int] | None = None,
    ) -> None:
        """Put boxes, in the order of their frames.

        Args:
            target_id: whose boxes.
            boxes: what was found.
            allowed: the only frames that may be changed; None for all.
        """
        kept = [box for box in boxes if allowed is None or box.frame_index in allowed]
        if kept:
            makers = self._document.annotations.makers
            rows = np.concatenate([box.to_rows(makers) for box in kept])
            frames = np.array([box.frame_index for box in kept], np.int64)
            self._write(target_id, frames, rows)

    def take_away(
        self,
        target_id: int,
        frames: Sequence[int],
        *,
        allowed: Collection[int] | None = None,
    ) -> None:
        """Take machine boxes away; see `put`."""
        kept = sorted(f for f in frames if allowed is None or f in allowed)
        if kept:
            self._write(target_id, np.array(kept, np.int64), empty_rows(len(kept)))

    def report(self) -> list[TargetReport]:
        """Say which frames changed and by how much."""
        return report_changes(tuple(self._changes))

    def _write(self, target_id: int, frames: Frames, rows: Rows) -> None:
        edit = put_found(
            self._document.annotations,
            {target_id: (frames, rows)},
            kind=self._kind,
            text=self._text,
        )
        self._document.add_found(self._key, edit, write_every_s=self._write_every_s)
        self._changes += edit.changes
        if len(self._changes) > _MOST_CHANGES:
            self._changes = list(merge_changes(tuple(self._changes)))


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
        kind: str = "run",
    ) -> None:
        self._document = document
        self._source = source
        self._pool = pool
        self._cuts = cuts
        self._config = config
        self._replaced = replaced
        self._writer = FoundWriter(
            document,
            self,
            text=text,
            kind=kind,
            write_every_s=config.write_every_s,
        )
        self._queue = PassQueue()
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

    def add(self, segments: list[Segment], *, work_frame: int) -> None:
        """Take on more work, to be begun around a frame."""
        with self._document.lock:
            self._queue.add(segments, work_frame=work_frame)

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

        That replaces work on segments that the frame lies in.
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
                pass_
                for s in hit
                for pass_ in s.passes
                if pass_.state is PassState.RUNNING
            ]
            for segment, pass_ in itertools.product(around, under_way):
                segment.adopt(pass_)
            self._queue.add(around, work_frame=frame_index)

    def on_edited(self, edit: Edit) -> None:
        """Drop what no longer holds after an edit other than a drawn box."""
        with self._document.lock:
            gone = {t for t in edit.target_ids if t not in self._document.annotations}
            for segment in self._queue.drop_edited(edit, gone):
                place = segment.target_id, segment.first_frame
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

    def _advance(self, group: list[TrackingPass]) -> Iterator[RunEvent]:
        """Bring some passes of different targets one frame on."""
        for pass_ in group:
            if pass_.state is PassState.WAITING:
                yield from self._begin(pass_)
            if self._is_cancelled:
                return
        frame_index, step = group[0].cursor, group[0].step
        is_cut = self._config.stop_at_cuts and self._cuts.is_cut(
            frame_index if step > 0 else frame_index + 1
        )
        frame_rgb = self._source.read(frame_index)
        notes: list[RunEvent] = []
        going: dict[int, TrackingPass] = {}
        for pass_ in group:
            if self._is_cancelled:
                return
            if pass_.state is PassState.RUNNING and self._is_wanted(pass_):
                boundary = self._find_boundary(pass_, is_cut=is_cut)
                if boundary is None:
                    going[pass_.target_id] = pass_
                else:
                    notes += self._end(pass_, boundary)
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

    def _begin(self, pass_: TrackingPass) -> Iterator[RunEvent]:
        """Teach a pass's tracker what it does not know and put it on the start box."""
        with self._document.lock:
            target = self._target_of(pass_)
            segment = self._queue.segment_of(pass_)
            start = None if target is None else target.boxes.get(pass_.start)
            if target is None or segment is None or start is None:
                pass_.state = PassState.DONE
                if segment is not None:
                    self._settle(segment)
                return
            drawn = [target.boxes.get(int(f)) for f in target.boxes.human_frames()]
            name, rejections = target.info.name, target.info.rejections
        if not self._pool.has(pass_.step):
            yield Stage("Loading the network")
            self._pool.prepare()
        boxes = [box for box in drawn if box]
        for given in self._pool.missing(
            pass_.target_id, pass_.step, boxes, start, rejections
        ):
            yield Stage(f"Learning the box of {name} in frame {given.frame_index}")
            if not self._teach(
                pass_, given, rejected_at(rejections, given.frame_index)
            ):
                return
        self._place(pass_, start, is_fused=len(segment.passes) > 1)
        with self._document.lock:
            if pass_.state is PassState.WAITING:
                pass_.state = PassState.RUNNING

    def _teach(
        self, pass_: TrackingPass, given: Box, not_boxes: tuple[BoxXywh, ...]
    ) -> bool:
        """Teach one box; return False if nobody wants the pass any more."""
        frame_rgb = self._source.read(given.frame_index)
        replaced = self._replaced.get((pass_.target_id, given.frame_index))
        with self._pool.lock:
            if not self._is_cancelled:
                self._pool.teach(
                    pass_.target_id,
                    pass_.step,
                    given,
                    frame_rgb,
                    replaced_xywh=replaced,
                    not_boxes=not_boxes,
                )
        return not self._is_cancelled and self._is_wanted(pass_)

    def _place(self, pass_: TrackingPass, start: Box, *, is_fused: bool) -> None:
        """Put a tracker on the start box; see how it meets it, for a fusion."""
        frame_rgb = self._source.read(pass_.start) if is_fused else None
        target_id, step = pass_.target_id, pass_.step
        with self._pool.lock:
            if self._is_cancelled:
                return
            self._pool.place(target_id, step, start.box_xywh)
            if frame_rgb is not None:  # its habit, where that differs from the person's
                seen = self._pool.track(step, frame_rgb, [target_id])[target_id]
                is_lost = seen.verdict is Verdict.LOST
                pass_.at_own_anchor = None if is_lost else seen.box_xywh
                self._pool.place(target_id, step, start.box_xywh)

    def _target_of(self, pass_: TrackingPass) -> AnnotatedTarget | None:
        if self._queue.segment_of(pass_) is None:
            return None
        annotations = self._document.annotations
        return annotations.find(pass_.target_id)

    def _is_wanted(self, pass_: TrackingPass) -> bool:
        """Whether nobody has dropped the pass meanwhile."""
        with self._document.lock:
            return self._queue.segment_of(pass_) is not None

    def _find_boundary(self, pass_: TrackingPass, *, is_cut: bool) -> Note | None:
        """Say why a pass may not go on to its next frame, or None."""
        with self._document.lock:
            target = self._target_of(pass_)
            span = None if target is None else target.span_at(pass_.cursor)
            end = None if target is None else target.info.end_frame
        if is_cut:
            kind, reason = NoteKind.SHOT_CUT, "a new shot begins"
        elif span is not None and span.kind is SpanKind.OUT_OF_VIEW:
            kind, reason = NoteKind.OUT_OF_VIEW, "it is out of view from there on"
        elif end is not None and pass_.step > 0 and pass_.cursor > end:
            kind, reason = NoteKind.TARGET_CHANGED, "a person said that it ends before"
        else:
            return None
        name = "" if target is None else f"{target.info.name}: "
        text = f"{name}stopped at frame {pass_.cursor}, {reason}"
        return Note(kind, pass_.target_id, pass_.cursor, text)

    def _accept(
        self, pass_: TrackingPass, frame_index: int, result: TrackResult
    ) -> tuple[Box | None, list[RunEvent]]:
        """Take what a tracker found; return the box that was written, and notes."""
        with self._document.lock:
            target = self._target_of(pass_)
            segment = self._queue.segment_of(pass_)
            if target is None or segment is None or self._is_cancelled:
                pass_.state = PassState.DONE
                return None, []
            self._n_done += 1
            box = self._to_box(frame_index, result)
            if pass_.has_far_anchor and frame_index == pass_.last:
                pass_.at_far_anchor = None if box.is_lost else box.box_xywh
                pass_.advance()
                return None, self._settle(segment)
            if segment.may_rejoin and self._has_rejoined(pass_, box, target):
                segment.shorten(pass_, frame_index)
                text = f"{target.info.name}: agrees again from frame {frame_index}"
                note = Note(NoteKind.REJOINED, pass_.target_id, frame_index, text)
                return None, [note, *self._settle(segment)]
            pass_.found[frame_index] = box
            if pass_.is_first:
                self._writer.put(pass_.target_id, [box], allowed=segment.gaps_only)
            pass_.advance()
            pass_.lost_in_a_row = pass_.lost_in_a_row + 1 if box.is_lost else 0
            if (
                segment.ends_when_lost
                and pass_.lost_in_a_row >= self._config.lost_patience
            ):
                return box, self._give_up(pass_, segment, target)
            return box if pass_.is_first else None, self._settle(segment)

    def _to_box(self, frame_index: int, result: TrackResult) -> Box:
        return Box(
            frame_index,
            result.box_xywh,
            Origin.TRACKED,
            score=float(result.score),
            is_lost=result.verdict is Verdict.LOST,
            look_alike=result.look_alike,
            maker=self._pool.maker,
        )

    def _has_rejoined(
        self, pass_: TrackingPass, box: Box, target: AnnotatedTarget
    ) -> bool:
        """Count frames in a row that agree with the old boxes; True at the last one."""
        if not pass_.is_first:
            return False
        old = target.boxes.get(box.frame_index)
        agrees = (
            old is not None
            and not old.is_lost
            and not box.is_lost
            and paired_iou(np.array(old.box_xywh), np.array(box.box_xywh))
            >= self._config.rejoin_iou
        )
        pass_.agreed_in_a_row = pass_.agreed_in_a_row + 1 if agrees else 0
        return pass_.agreed_in_a_row >= (self._config.rejoin_frames or 1)

    def _give_up(
        self, pass_: TrackingPass, segment: Segment, target: AnnotatedTarget
    ) -> list[RunEvent]:
        """End a pass that has lost its target for a while; take those boxes back."""
        last_seen = pass_.cursor - (pass_.lost_in_a_row + 1) * pass_.step
        lost = [f for f in pass_.found if (f - last_seen) * pass_.step > 0]
        for frame in lost:
            del pass_.found[frame]
        if pass_.is_first:
            self._writer.take_away(pass_.target_id, lost, allowed=segment.gaps_only)
        text = f"{target.info.name}: lost after frame {last_seen}"
        note = Note(NoteKind.LOST, pass_.target_id, last_seen + pass_.step, text)
        return self._end(pass_, note, segment)

    def _end(
        self, pass_: TrackingPass, note: Note, segment: Segment | None = None
    ) -> list[RunEvent]:
        with self._document.lock:
            pass_.state = PassState.DONE
            segment = segment or self._queue.segment_of(pass_)
            return [note, *(self._settle(segment) if segment else [])]

    def _settle(self, segment: Segment) -> list[RunEvent]:
        """Fuse a segment whose passes have all ended, and put it aside."""
        if not segment.is_done:
            return []
        self._queue.remove(segment)
        if len(segment.passes) < 2:
            return []
        table = self._document.annotations[segment.target_id].boxes
        left = table.get(segment.first_frame)
        right = table.get(segment.last_frame)
        if left is None or right is None:
            return []
        frames, boxes = segment.fuse(left, right)
        if not len(frames):
            return []
        self._writer.put(segment.target_id, boxes, allowed=segment.gaps_only)
        return [Fused(segment.target_id, int(frames[0]), int(frames[-1]))]
