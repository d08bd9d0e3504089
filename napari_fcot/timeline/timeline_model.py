"""What the timeline shows; no Qt, no napari."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import floor

import numpy as np
from psygnal import Signal

from fcot_engine.annotation import Rows
from napari_fcot.timeline.target_row import FrameSpan, Mark, TargetLine, TargetRow

REACH_PX = 4.0
"""A click so near to a stop or a human box means it."""
_NO_BOX = "no box"
_WORDS_SAID = {
    Mark.OCCLUDED: "occluded",
    Mark.OUT_OF_VIEW: "out of view",
    Mark.ENDED: "behind its end",
}


@dataclass(frozen=True)
class StopMark:
    """A frame that is worth a look."""

    frame_index: int
    target_id: int
    """The target that it is about."""
    text: str = ""
    """Why, in a few words."""


class TimelineModel:
    """The rows of all targets, marks on the time axis, and where one is."""

    boxes_changed = Signal(int, int, int)
    """Some frames of one target: target id, first and last frame."""
    layout_changed = Signal()
    """Other targets, another video, other marks, another selected target."""
    frame_changed = Signal(int)
    """Another frame is on the screen."""

    def __init__(self, n_frames: int = 0) -> None:
        self.n_frames = n_frames
        """Length of the video; 0 without one."""
        self.selected_id: int | None = None
        """The selected target, or None."""
        self.frame_index = 0
        """The frame on the screen, 0-based."""
        self.cuts: tuple[int, ...] = ()
        """Frames that begin a new shot, in order."""
        self.stops: tuple[StopMark, ...] = ()
        """Frames worth a look; the first one is where to go next."""
        self._rows: dict[int, TargetRow] = {}

    # --- what is shown -------------------------------------------------------

    @property
    def rows(self) -> list[TargetRow]:
        """The targets from top to bottom."""
        return list(self._rows.values())

    @property
    def all_marks(self) -> Mark:
        """Every mark but `GAP` that some frame of some target has."""
        found = Mark.NONE
        for row in self._rows.values():
            found |= row.all_marks
        return found

    @property
    def selected_row(self) -> TargetRow | None:
        """The selected target, or None."""
        return None if self.selected_id is None else self._rows.get(self.selected_id)

    def row(self, target_id: int) -> TargetRow | None:
        """Return the row of a target, or None."""
        return self._rows.get(target_id)

    def place_of(self, target_id: int | None) -> int | None:
        """Return how many rows are above that of a target; None if it has none."""
        ids = list(self._rows)
        return ids.index(target_id) if target_id in ids else None

    def frame_meant(
        self, at: float, frames_per_px: float, row: TargetRow | None = None
    ) -> int:
        """Return the frame that a click is about.

        Zoomed in it is the frame clicked on. Where a pixel stands for several frames it
        is the nearest stop or human box within reach, else a frame that was lost, else
        the one with the lowest score: what the pixel was painted for.

        Args:
            at: left border of the pixel clicked on, in frames; frame i reaches from
                i - 0.5 to i + 0.5.
            frames_per_px: how many frames are under a pixel.
            row: the target whose row was clicked, None for the ruler.
        """
        clicked = self._within(at)
        if frames_per_px <= 1 or row is None:
            return clicked
        reach = REACH_PX * frames_per_px
        near = self._within(at - reach), self._within(at + reach)
        stops = [
            stop.frame_index
            for stop in self.stops
            if stop.target_id == row.target_id
            and near[0] <= stop.frame_index <= near[1]
        ]
        for candidates in (stops, row.human_frames(*near).tolist()):
            if candidates:
                return int(min(candidates, key=lambda frame: abs(frame - clicked)))
        return _most_telling(row, (clicked, self._within(at + frames_per_px - 1)))

    def _within(self, at: float) -> int:
        return min(max(floor(at + 0.5), 0), max(0, self.n_frames - 1))

    def describe_frame(self, frame_index: int, row: TargetRow | None = None) -> str:
        """Say what is known of a target in a frame.

        Example:
            >>> TimelineModel(20).describe_frame(7, TargetRow(TargetLine(1, "cup"), 20))
            'Frame 7 · cup: no box'
        """
        text = f"Frame {frame_index}"
        if row is None:
            return text
        text += f" · {row.name}: {_describe(row, frame_index)}"
        for stop in self.stops:
            if (stop.frame_index, stop.target_id) == (frame_index, row.target_id):
                text += f" · worth a look{f' ({stop.text})' if stop.text else ''}"
        return text

    # --- changes -------------------------------------------------------------

    def reset(self, n_frames: int = 0) -> None:
        """Start with another video, without targets and marks."""
        self.n_frames = n_frames
        self._rows.clear()
        self.cuts, self.stops = (), ()
        self.selected_id = None
        self.frame_index = 0
        self.layout_changed.emit()

    def show_targets(
        self, lines: Sequence[TargetLine], selected_id: int | None
    ) -> None:
        """Show these targets; cheap if nothing changed.

        A target that was there keeps its boxes; a new one has none until `load`.
        """
        rows = self._rows
        known = [row.line for row in rows.values()]
        if list(lines) == known and selected_id == self.selected_id:
            return
        self._rows = {}
        for line in lines:
            row = rows.get(line.target_id) or TargetRow(line, self.n_frames)
            if row.line != line:
                row.describe(line)
            self._rows[line.target_id] = row
        self.selected_id = selected_id
        self.layout_changed.emit()

    def load(self, target_id: int, rows: Rows) -> None:
        """Take all boxes of one target anew; unknown targets are left out.

        Args:
            target_id: whose boxes.
            rows: from frame 0 on, as `BoxTable.rows` gives them; may be shorter or
                longer than the video. They are copied.
        """
        row = self._rows.get(target_id)
        if row is not None:
            row.load(rows)
            self.boxes_changed.emit(target_id, 0, self.n_frames - 1)

    def put_rows(self, target_id: int, first: int, rows: Rows) -> None:
        """Take the boxes of a segment that changed; unknown targets are left out.

        Args:
            target_id: whose boxes.
            first: frame of the first row, 0-based.
            rows: dtype `ROW`; rows of zeros take boxes away.
        """
        row = self._rows.get(target_id)
        if row is not None:
            self.boxes_changed.emit(target_id, *row.put(first, rows))

    def show_frame(self, frame_index: int) -> None:
        """Tell which frame is on the screen."""
        if frame_index != self.frame_index:
            self.frame_index = frame_index
            self.frame_changed.emit(frame_index)

    def mark_cuts(self, frames: Iterable[int]) -> None:
        """Show where new shots begin; frames outside of the video are left out."""
        cuts = tuple(sorted(f for f in set(frames) if 0 <= f < self.n_frames))
        if cuts != self.cuts:
            self.cuts = cuts
            self.layout_changed.emit()

    def mark_stops(self, stops: Iterable[StopMark]) -> None:
        """Show where to look, the next stop first; those outside are left out."""
        inside = tuple(s for s in stops if 0 <= s.frame_index < self.n_frames)
        if inside != self.stops:
            self.stops = inside
            self.layout_changed.emit()


def describe_range(frames: FrameSpan, name: str = "") -> str:
    """Say which frames are selected, how many, and of which target.

    Example:
        >>> describe_range((20, 29), "cup")
        'Frames 20 to 29 of cup selected (10)'
    """
    first, last = frames
    whose = f" of {name}" if name else ""
    return f"Frames {first} to {last}{whose} selected ({last - first + 1})"


def _most_telling(row: TargetRow, span: FrameSpan) -> int:
    """Return the first lost frame of a pixel, else the one of the lowest score."""
    first, last = span
    is_lost = row.marks[first : last + 1] & Mark.LOST != 0
    scores = row.scores[first : last + 1]
    if is_lost.any():
        return first + int(is_lost.argmax())
    if np.isnan(scores).all():
        return first
    return first + int(np.nanargmin(scores))


def _describe(row: TargetRow, frame_index: int) -> str:
    mark = row.mark_at(frame_index)
    said = [word for kind, word in _WORDS_SAID.items() if mark & kind]
    box = _describe_box(mark, float(row.scores[frame_index]))
    is_away = mark & (Mark.OUT_OF_VIEW | Mark.ENDED)
    return " · ".join(said if is_away and box == _NO_BOX else [box, *said])


def _describe_box(mark: Mark, score: float) -> str:
    if mark & Mark.CORRECTED:
        return "corrected by you"
    if mark & Mark.HUMAN:
        return "drawn by you"
    if mark & Mark.LOST:
        return f"lost, score {score:.2f}"
    if mark & Mark.IMPORTED:
        return f"imported, score {score:.2f}"
    if mark & Mark.MACHINE:
        return f"tracked, score {score:.2f}"
    return "interpolated" if mark & Mark.INTERPOLATED else _NO_BOX
