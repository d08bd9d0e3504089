"""Which leg of a run goes next.

Always the one whose next frame is nearest to where the person works: the frame just
corrected, or the one on the screen. Legs of other targets that are to look at the same
frame in the same direction go along, so that a frame is read once for all of them.
Legs on both sides of a frame take turns of several frames: going to and fro at each one
would make a video file slow to read.
"""

from __future__ import annotations

from fcot_engine.annotation.changes import Edit, SetBoxes
from fcot_engine.annotation.legs import Leg, LegState, Stretch

__all__ = ["LegQueue"]

_TURN_FRAMES = 8  # by which a leg may be further away than the nearest one


class LegQueue:
    """The stretches that are not done yet; guarded by the lock of the document."""

    def __init__(self) -> None:
        self._stretches: list[Stretch] = []
        self._work_frame: int | None = None
        self._view_frame: int | None = None
        self._latest: Leg | None = None

    @property
    def n_left(self) -> int:
        """Frames to look at, each target and way counted."""
        return sum(leg.n_left for s in self._stretches for leg in s.legs)

    def add(self, stretches: list[Stretch], *, work_frame: int) -> None:
        """Take on more work, to be begun around a frame."""
        self._stretches += stretches
        self._work_frame = work_frame

    def look_at(self, frame_index: int) -> None:
        """Do frames around this one early, too."""
        self._view_frame = frame_index

    def remove(self, stretch: Stretch) -> None:
        """Put a stretch aside."""
        self._stretches.remove(stretch)

    def stretch_of(self, leg: Leg) -> Stretch | None:
        """Return the stretch that a leg belongs to, None if it was dropped."""
        return next((s for s in self._stretches if leg in s.legs), None)

    def is_ahead(self, target_id: int, frame_index: int) -> bool:
        """Whether a frame of a target lies in a stretch that is not done."""
        return any(_covers(s, target_id, frame_index) for s in self._stretches)

    def take_out(self, target_id: int, frame_index: int) -> list[Stretch]:
        """Drop and return the stretches of a target that a frame lies in."""
        hit = [s for s in self._stretches if _covers(s, target_id, frame_index)]
        self._stretches = [s for s in self._stretches if s not in hit]
        return hit

    def drop_edited(self, edit: Edit, gone: set[int]) -> list[Stretch]:
        """Drop and return the stretches whose boxes an edit has changed.

        Args:
            edit: just carried out.
            gone: targets that are no more.
        """
        changes = [change for change in edit.changes if isinstance(change, SetBoxes)]
        dropped = [
            stretch
            for stretch in self._stretches
            if stretch.target_id in gone
            or any(_touches(change, stretch) for change in changes)
        ]
        self._stretches = [s for s in self._stretches if s not in dropped]
        return dropped

    def choose(self) -> list[Leg]:
        """Return the legs to advance next, all at the same frame; empty when done."""
        legs = [leg for s in self._stretches for leg in s.legs]
        busy = {
            (leg.target_id, leg.step) for leg in legs if leg.state is LegState.RUNNING
        }
        free = [
            leg
            for stretch in self._stretches
            for leg in stretch.legs
            if leg.state is LegState.RUNNING
            or (
                leg.state is LegState.WAITING
                and (leg.target_id, leg.step) not in busy
                and stretch.may_start(leg)
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
        for leg in free:
            if leg.cursor == best.cursor and leg.step == best.step:
                group.setdefault(leg.target_id, leg)
        return list(group.values())

    def _distance(self, leg: Leg) -> tuple[int, int]:
        places = [f for f in (self._work_frame, self._view_frame) if f is not None]
        nearest = min((abs(leg.cursor - frame) for frame in places), default=0)
        return nearest, 0 if leg.state is LegState.RUNNING else 1


def _covers(stretch: Stretch, target_id: int, frame_index: int) -> bool:
    is_inside = stretch.first_frame <= frame_index <= stretch.last_frame
    return stretch.target_id == target_id and is_inside


def _touches(change: SetBoxes, stretch: Stretch) -> bool:
    frames = change.frames
    inside = (frames >= stretch.first_frame) & (frames <= stretch.last_frame)
    return change.target_id == stretch.target_id and bool(inside.any())
