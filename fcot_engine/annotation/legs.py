"""Parts of a propagation: one target, one way, from a box to a last frame.

A `Stretch` is the frames between two boxes (its pins), or between one box and an open
end. Between two pins two legs run towards each other and are fused. The leg that starts
where the person is looking is the first one: its boxes are shown and written at once,
and the fused ones replace them when the other leg has arrived.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, field

import numpy as np

from fcot_engine.annotation.boxes import Box, Frames
from fcot_engine.annotation.fusion import FusedPath, RunPath, fuse_paths
from fcot_engine.geometry import BoxXywh

__all__ = ["Leg", "LegState", "Stretch"]


class LegState(enum.Enum):
    """How far a leg is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"


@dataclass(eq=False)  # a leg is itself, whatever it has found
class Leg:
    """One run of one tracker."""

    target_id: int
    start: int
    """A frame with a box."""
    last: int
    """The last frame to look at: a far pin's frame, or the last one to fill."""
    is_first: bool
    """Whether its boxes are written at once."""
    has_far_pin: bool
    """Whether `last` has a box already, so that it is looked at but not filled."""
    state: LegState = LegState.WAITING
    cursor: int = 0
    """The next frame."""
    found: dict[int, Box] = field(default_factory=dict)
    """By frame number."""
    at_own_pin: BoxXywh | None = None
    """Where the target was seen in the frame it starts from."""
    at_far_pin: BoxXywh | None = None
    """Where the target was seen in the far pin's frame."""
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
        if self.state is LegState.DONE:
            return 0
        return max((self.last - self.cursor) * self.step + 1, 0)

    def advance(self) -> None:
        """Go on to the next frame; done behind the last one."""
        self.cursor += self.step
        if (self.cursor - self.last) * self.step > 0:
            self.state = LegState.DONE

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
        return RunPath(boxes, scores, is_lost, self.at_own_pin, self.at_far_pin)


@dataclass(eq=False)
class Stretch:
    """Frames to fill of one target."""

    target_id: int
    legs: list[Leg]
    """One, or two that run towards each other."""
    gaps_only: frozenset[int] | None = None
    """The frames that may be filled; None for all."""
    ends_when_lost: bool = False
    """End a leg when the target is not seen for a while."""
    may_rejoin: bool = False
    """End when the first leg agrees with the old boxes again."""

    @classmethod
    def between(
        cls, target_id: int, left: int, right: int, *, from_left: bool
    ) -> Stretch:
        """Make a stretch between two boxes.

        Args:
            target_id: whose boxes.
            left: frame of one box.
            right: frame of the other one.
            from_left: whether the first leg starts at the left box.
        """
        forward = Leg(target_id, left, right, is_first=from_left, has_far_pin=True)
        backward = Leg(target_id, right, left, is_first=not from_left, has_far_pin=True)
        both = [forward, backward]
        return cls(target_id, both if from_left else both[::-1])

    @classmethod
    def open(
        cls, target_id: int, start: int, last: int, *, has_far_pin: bool = False
    ) -> Stretch:
        """Make a stretch from a box to a last frame, forward or backward."""
        leg = Leg(target_id, start, last, is_first=True, has_far_pin=has_far_pin)
        return cls(target_id, [leg])

    @property
    def first_frame(self) -> int:
        """Leftmost frame of the stretch, its pin included."""
        return min(min(leg.start, leg.last) for leg in self.legs)

    @property
    def last_frame(self) -> int:
        """Rightmost frame of the stretch, its pin included."""
        return max(max(leg.start, leg.last) for leg in self.legs)

    @property
    def is_done(self) -> bool:
        """Whether all legs have ended."""
        return all(leg.state is LegState.DONE for leg in self.legs)

    def adopt(self, old: Leg) -> None:
        """Go on with a leg under way, if it is one of these with another end."""
        for place, leg in enumerate(self.legs):
            is_same = (leg.start, leg.step) == (old.start, old.step)
            if is_same and (leg.last - old.cursor) * leg.step >= 0:
                old.last, old.has_far_pin = leg.last, leg.has_far_pin
                old.is_first = leg.is_first
                self.legs[place] = old

    def may_start(self, leg: Leg) -> bool:
        """Whether it is known where a leg starts: where the first one ends."""
        first = self.legs[0]
        return leg is first or not self.may_rejoin or first.state is LegState.DONE

    def shorten(self, leg: Leg, frame_index: int) -> None:
        """End a leg at a frame whose old box it has met; the others start there."""
        leg.last = frame_index
        leg.has_far_pin = True
        leg.found.pop(frame_index, None)
        leg.state = LegState.DONE
        for other in self.legs:
            if other is not leg and other.state is LegState.WAITING:
                other.start = frame_index
                other.cursor = frame_index + other.step

    def fuse(self, left: Box, right: Box) -> tuple[Frames, list[Box]]:
        """Fuse both legs between two pins.

        Returns:
            Frames that a leg has reached, and their boxes.
        """
        frames = np.arange(self.first_frame + 1, self.last_frame)
        forward, backward = sorted(self.legs, key=lambda leg: -leg.step)
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
        second_ratio=main.second_ratio,
        disagreement=None if math.isnan(disagreement) else disagreement,
        maker=main.maker,
    )
