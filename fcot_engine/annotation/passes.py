"""What a run does, part by part: which frames, in which direction, in which order.

A `TrackingPass` is one target carried in one direction, from a box to a last frame. A
`Segment` is the frames between two boxes (its anchors), or between one box and an open
end. Between two anchors two passes run towards each other and are fused. The pass that
starts where the person is looking is the first one: its boxes are shown and written at
once, and the fused ones replace them when the other pass has arrived.

The `PassQueue` always gives the pass whose next frame is nearest to where the person
works: the frame just corrected, or the one on the screen. Passes of other targets that
are to look at the same frame in the same direction go along, so that a frame is read
once, and goes through the network once, for all of them. Passes on both sides of a
frame take turns of several frames: going to and fro at each one would make a video file
slow to read.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, field

import numpy as np

from fcot_engine.annotation.boxes import Box, Frames
from fcot_engine.annotation.changes import Edit, SetBoxes
from fcot_engine.annotation.fusion import FusedPath, RunPath, fuse_paths
from fcot_engine.annotation.propagation import Until
from fcot_engine.annotation.targets import AnnotatedTarget
from fcot_engine.geometry import BoxXywh


class PassState(enum.Enum):
    """How far a pass is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"


@dataclass(eq=False)  # a pass is itself, whatever it has found
class TrackingPass:
    """One run of one tracker."""

    target_id: int
    start: int
    """A frame with a box."""
    last: int
    """The last frame to look at: a far anchor's frame, or the last one to fill."""
    is_first: bool
    """Whether its boxes are written at once."""
    has_far_anchor: bool
    """Whether `last` has a box already, so that it is looked at but not filled."""
    state: PassState = PassState.WAITING
    cursor: int = 0
    """The next frame."""
    found: dict[int, Box] = field(default_factory=dict)
    """By frame number."""
    at_own_anchor: BoxXywh | None = None
    """Where the target was seen in the frame it starts from."""
    at_far_anchor: BoxXywh | None = None
    """Where the target was seen in the far anchor's frame."""
    lost_in_a_row: int = 0
    agreed_in_a_row: int = 0

    def __post_init__(self) -> None:
        self.cursor = self.start + self.step

    @property
    def step(self) -> int:
        """1 forward, -1 backward."""
        return 1 if self.last >= self.start else -1

    @property
    def n_left(self) -> int:
        """Frames that it still has to look at."""
        if self.state is PassState.DONE:
            return 0
        return max((self.last - self.cursor) * self.step + 1, 0)

    def advance(self) -> None:
        """Go on to the next frame; done behind the last one."""
        self.cursor += self.step
        if (self.cursor - self.last) * self.step > 0:
            self.state = PassState.DONE

    def path(self, frames: Frames) -> RunPath:
        """Return what was found in some frames."""
        boxes = np.full((len(frames), 4), np.nan)
        scores = np.zeros(len(frames))
        is_lost = np.zeros(len(frames), np.bool_)
        for place, frame in enumerate(frames.tolist()):
            box = self.found.get(frame)
            if box is not None:
                boxes[place] = box.box_xywh
                scores[place] = box.score
                is_lost[place] = box.is_lost
        return RunPath(boxes, scores, is_lost, self.at_own_anchor, self.at_far_anchor)


@dataclass(eq=False)
class Segment:
    """Frames to fill of one target."""

    target_id: int
    passes: list[TrackingPass]
    """One, or two that run towards each other."""
    gaps_only: frozenset[int] | None = None
    """The frames that may be filled; None for all."""
    ends_when_lost: bool = False
    """End a pass when the target is not seen for a while."""
    may_rejoin: bool = False
    """End when the first one agrees with the old boxes again."""

    @classmethod
    def between(
        cls, target_id: int, left: int, right: int, *, from_left: bool
    ) -> Segment:
        """Make a segment between two boxes.

        Args:
            target_id: whose boxes.
            left: frame of one box.
            right: frame of the other one.
            from_left: whether the first one starts at the left box.
        """
        forward = TrackingPass(
            target_id, left, right, is_first=from_left, has_far_anchor=True
        )
        backward = TrackingPass(
            target_id, right, left, is_first=not from_left, has_far_anchor=True
        )
        both = [forward, backward]
        return cls(target_id, both if from_left else both[::-1])

    @classmethod
    def open(
        cls, target_id: int, start: int, last: int, *, has_far_anchor: bool = False
    ) -> Segment:
        """Make a segment from a box to a last frame, forward or backward."""
        pass_ = TrackingPass(
            target_id, start, last, is_first=True, has_far_anchor=has_far_anchor
        )
        return cls(target_id, [pass_])

    @property
    def first_frame(self) -> int:
        """Leftmost frame of the segment, its anchor included."""
        return min(min(pass_.start, pass_.last) for pass_ in self.passes)

    @property
    def last_frame(self) -> int:
        """Rightmost frame of the segment, its anchor included."""
        return max(max(pass_.start, pass_.last) for pass_ in self.passes)

    @property
    def is_done(self) -> bool:
        """Whether all passes have ended."""
        return all(pass_.state is PassState.DONE for pass_ in self.passes)

    def adopt(self, old: TrackingPass) -> None:
        """Go on with a pass under way, if it is one of these with another end."""
        for place, pass_ in enumerate(self.passes):
            is_same = (pass_.start, pass_.step) == (old.start, old.step)
            if is_same and (pass_.last - old.cursor) * pass_.step >= 0:
                old.last, old.has_far_anchor = pass_.last, pass_.has_far_anchor
                old.is_first = pass_.is_first
                self.passes[place] = old

    def may_start(self, pass_: TrackingPass) -> bool:
        """Whether it is known where a pass starts: where the first one ends."""
        first = self.passes[0]
        return pass_ is first or not self.may_rejoin or first.state is PassState.DONE

    def shorten(self, pass_: TrackingPass, frame_index: int) -> None:
        """End a pass at a frame whose old box it has met; the others start there."""
        pass_.last = frame_index
        pass_.has_far_anchor = True
        pass_.found.pop(frame_index, None)
        pass_.state = PassState.DONE
        for other in self.passes:
            if other is not pass_ and other.state is PassState.WAITING:
                other.start = frame_index
                other.cursor = frame_index + other.step

    def fuse(self, left: Box, right: Box) -> tuple[Frames, list[Box]]:
        """Fuse both passes between two anchors.

        Returns:
            Frames that a pass has reached, and their boxes.
        """
        frames = np.arange(self.first_frame + 1, self.last_frame)
        forward, backward = sorted(self.passes, key=lambda pass_: -pass_.step)
        path = fuse_paths(
            forward.path(frames),
            backward.path(frames),
            np.array(left.box_xywh),
            np.array(right.box_xywh),
        )
        boxes = [
            _fused_box(path, place, forward.found.get(frame), backward.found.get(frame))
            for place, frame in enumerate(frames.tolist())
        ]
        reached = [box for box in boxes if box is not None]
        return np.array([box.frame_index for box in reached], np.int64), reached


def _fused_box(
    path: FusedPath, place: int, ahead: Box | None, back: Box | None
) -> Box | None:
    main = ahead if path.forward_weight[place] > 0.5 else back
    main = main or ahead or back
    if main is None:
        return None
    x, y, w, h = path.boxes_xywh[place].tolist()
    disagreement = float(path.disagreement[place])
    return Box(
        main.frame_index,
        (x, y, w, h),
        main.origin,
        score=float(path.scores[place]),
        is_lost=bool(path.is_lost[place]),
        look_alike=main.look_alike,
        disagreement=None if math.isnan(disagreement) else disagreement,
        maker=main.maker,
    )


def plan_one_way(
    target: AnnotatedTarget,
    start: int,
    *,
    step: int,
    until: Until | int,
    n_frames: int,
    fuse: bool,
) -> list[Segment]:
    """Return the segments from a box on, forward or backward.

    Args:
        target: has a box in frame `start`.
        start: where to begin.
        step: 1 forward, -1 backward.
        until: how far, or the last frame to fill.
        n_frames: length of the video.
        fuse: whether frames between two boxes are run through both ways.
    """
    border = n_frames - 1 if step > 0 else 0
    if target.info.end_frame is not None and step > 0:
        border = min(border, target.info.end_frame)
    last = border
    if not isinstance(until, Until):
        last = min(until, border) if step > 0 else max(until, border)
    human = [int(frame) for frame in target.boxes.human_frames()]
    anchors = [f for f in human if 0 < (f - start) * step <= (last - start) * step]
    anchors.sort(key=lambda frame: frame * step)
    if until is Until.NEXT_HUMAN and anchors:
        anchors = anchors[:1]
        last = anchors[0]
    segments = []
    here = start
    for anchor in anchors:
        if abs(anchor - here) > 1:
            segments.append(_between(target, here, anchor, fuse=fuse))
        here = anchor
    if (last - here) * step > 0:
        segments.append(Segment.open(target.target_id, here, last))
    return segments


def plan_around(
    target: AnnotatedTarget,
    frame_index: int,
    *,
    fuse: bool,
    may_rejoin: bool,
    reach: tuple[int, int] | None = None,
) -> list[Segment]:
    """Return the segments on both sides of a box that a person just drew.

    They go to the neighbouring drawn boxes; where there is none, as far as the target
    has boxes.

    Args:
        target: has a box in frame `frame_index`.
        frame_index: where it was drawn.
        fuse: whether frames between two boxes are run through both ways.
        may_rejoin: whether to end where the boxes are as they were.
        reach: first and last frame that a run under way was meant to fill, too.
    """
    frames = target.boxes.frames()
    first, last = int(frames[0]), int(frames[-1])
    if reach is not None:
        first, last = min(first, reach[0]), max(last, reach[1])
    after = target.boxes.human_after(frame_index)
    before = target.boxes.human_before(frame_index)
    segments = []
    for anchor, border, step in ((after, last, 1), (before, first, -1)):
        if anchor is not None:
            if abs(anchor - frame_index) > 1:
                segments.append(_between(target, frame_index, anchor, fuse=fuse))
        elif (border - frame_index) * step > 0:
            segments.append(Segment.open(target.target_id, frame_index, border))
    for segment in segments:
        segment.may_rejoin = may_rejoin
    return segments


def _between(target: AnnotatedTarget, here: int, anchor: int, *, fuse: bool) -> Segment:
    if not fuse:
        return Segment.open(target.target_id, here, anchor, has_far_anchor=True)
    return Segment.between(
        target.target_id, min(here, anchor), max(here, anchor), from_left=here < anchor
    )


_TURN_FRAMES = 8  # by which a pass may be further away than the nearest one


class PassQueue:
    """The segments that are not done yet; guarded by the lock of the document."""

    def __init__(self) -> None:
        self._segments: list[Segment] = []
        self._work_frame: int | None = None
        self._view_frame: int | None = None
        self._latest: TrackingPass | None = None

    @property
    def n_left(self) -> int:
        """Frames to look at, each target and way counted."""
        return sum(pass_.n_left for s in self._segments for pass_ in s.passes)

    def add(self, segments: list[Segment], *, work_frame: int) -> None:
        """Take on more work, to be begun around a frame."""
        self._segments += segments
        self._work_frame = work_frame

    def look_at(self, frame_index: int) -> None:
        """Do frames around this one early, too."""
        self._view_frame = frame_index

    def remove(self, segment: Segment) -> None:
        """Put a segment aside."""
        self._segments.remove(segment)

    def segment_of(self, pass_: TrackingPass) -> Segment | None:
        """Return the segment that a pass belongs to, None if it was dropped."""
        return next((s for s in self._segments if pass_ in s.passes), None)

    def is_ahead(self, target_id: int, frame_index: int) -> bool:
        """Whether a frame of a target lies in a segment that is not done."""
        return any(_covers(s, target_id, frame_index) for s in self._segments)

    def take_out(self, target_id: int, frame_index: int) -> list[Segment]:
        """Drop and return the segments of a target that a frame lies in."""
        hit = [s for s in self._segments if _covers(s, target_id, frame_index)]
        self._segments = [s for s in self._segments if s not in hit]
        return hit

    def drop_edited(self, edit: Edit, gone: set[int]) -> list[Segment]:
        """Drop and return the segments whose boxes an edit has changed.

        Args:
            edit: just carried out.
            gone: targets that are no more.
        """
        changes = [change for change in edit.changes if isinstance(change, SetBoxes)]
        dropped = [
            segment
            for segment in self._segments
            if segment.target_id in gone
            or any(_touches(change, segment) for change in changes)
        ]
        self._segments = [s for s in self._segments if s not in dropped]
        return dropped

    def choose(self) -> list[TrackingPass]:
        """Return the passes to advance next, all at the same frame; empty when done."""
        passes = [pass_ for s in self._segments for pass_ in s.passes]
        busy = {
            (pass_.target_id, pass_.step)
            for pass_ in passes
            if pass_.state is PassState.RUNNING
        }
        free = [
            pass_
            for segment in self._segments
            for pass_ in segment.passes
            if pass_.state is PassState.RUNNING
            or (
                pass_.state is PassState.WAITING
                and (pass_.target_id, pass_.step) not in busy
                and segment.may_start(pass_)
            )
        ]
        if not free:
            return []
        best = min(free, key=self._distance)
        if self._latest in free:
            lead = self._distance(self._latest)[0] - self._distance(best)[0]
            best = self._latest if lead < _TURN_FRAMES else best
        self._latest = best
        group = {best.target_id: best}
        for pass_ in free:
            if pass_.cursor == best.cursor and pass_.step == best.step:
                group.setdefault(pass_.target_id, pass_)
        return list(group.values())

    def _distance(self, pass_: TrackingPass) -> tuple[int, int]:
        places = [f for f in (self._work_frame, self._view_frame) if f is not None]
        nearest = min((abs(pass_.cursor - frame) for frame in places), default=0)
        return nearest, 0 if pass_.state is PassState.RUNNING else 1


def _covers(segment: Segment, target_id: int, frame_index: int) -> bool:
    is_inside = segment.first_frame <= frame_index <= segment.last_frame
    return segment.target_id == target_id and is_inside


def _touches(change: SetBoxes, segment: Segment) -> bool:
    frames = change.frames
    inside = (frames >= segment.first_frame) & (frames <= segment.last_frame)
    return change.target_id == segment.target_id and bool(inside.any())
