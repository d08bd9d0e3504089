"""What the timeline shows; no Qt, no napari."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from psygnal import Signal

from fcot_engine.annotation import Rows
from napari_fcot.timeline.columns import Columns, ColumnSpan
from napari_fcot.timeline.marks import Mark
from napari_fcot.timeline.target_line import TargetLine
from napari_fcot.timeline.target_row import FrameSpan, TargetRow
from napari_fcot.timeline.time_axis import TimeAxis

__all__ = ["StopMark", "TimelineModel"]


@dataclass(frozen=True)
class StopMark:
    """A frame that is worth a look."""

    frame_index: int
    track_id: int | None = None
    """The target that it is about; None for the frame as a whole."""
    text: str = ""
    """Why, in a few words."""


class TimelineModel:
    """The rows of all targets, marks on the time axis, and where one is.

    Changing one frame costs the columns that show it, however long the video is.
    """

    frames_changed = Signal(int, int, int)
    """Some frames of one target: track id, first frame, last frame."""
    row_changed = Signal(int)
    """A whole row: track id."""
    layout_changed = Signal()
    """Other targets, another video, other marks, another selected target."""
    frame_changed = Signal(int)
    """Another frame is on the screen."""

    def __init__(self, n_frames: int = 0) -> None:
        self._n_frames = n_frames
        self._rows: dict[int, TargetRow] = {}
        self._columns: dict[int, Columns] = {}
        self._cuts: tuple[int, ...] = ()
        self._stops: tuple[StopMark, ...] = ()
        self._selected_id: int | None = None
        self._frame_index = 0

    # --- what is shown -------------------------------------------------------

    @property
    def n_frames(self) -> int:
        """Length of the video; 0 without one."""
        return self._n_frames

    @property
    def rows(self) -> list[TargetRow]:
        """The targets from top to bottom."""
        return list(self._rows.values())

    @property
    def all_marks(self) -> Mark:
        """Every mark that some frame of some target has."""
        found = Mark.NONE
        for row in self._rows.values():
            found |= row.all_marks
        return found

    @property
    def selected_id(self) -> int | None:
        """The selected target, or None."""
        return self._selected_id

    @property
    def frame_index(self) -> int:
        """The frame on the screen, 0-based."""
        return self._frame_index

    @property
    def cuts(self) -> tuple[int, ...]:
        """Frames that begin a new shot, in order."""
        return self._cuts

    @property
    def stops(self) -> tuple[StopMark, ...]:
        """Frames worth a look; the first one is where to go next."""
        return self._stops

    def row(self, track_id: int) -> TargetRow | None:
        """Return the row of a target, or None."""
        return self._rows.get(track_id)

    def columns(self, track_id: int, axis: TimeAxis, density: float = 1.0) -> Columns:
        """Return a row reduced to pixel columns; kept until the view changes."""
        known = self._columns.get(track_id)
        if known is None or known.axis != axis or known.density != density:
            known = Columns.reduce(self._rows[track_id], axis, density)
            self._columns[track_id] = known
        return known

    def columns_of(self, track_id: int, frames: FrameSpan) -> ColumnSpan | None:
        """Return which of the columns last asked for show these frames, or None."""
        known = self._columns.get(track_id)
        return None if known is None else known.columns_of(frames)

    # --- changes -------------------------------------------------------------

    def reset(self, n_frames: int = 0) -> None:
        """Start with another video, without targets and marks."""
        self._n_frames = n_frames
        self._rows.clear()
        self._columns.clear()
        self._cuts = ()
        self._stops = ()
        self._selected_id = None
        self._frame_index = 0
        self.layout_changed.emit()

    def show_targets(
        self, lines: Sequence[TargetLine], selected_id: int | None
    ) -> None:
        """Show these targets; cheap if nothing changed.

        A target that was there keeps its boxes; a new one has none until `load`.
        """
        known = [row.line for row in self._rows.values()]
        is_same = list(lines) == known and selected_id == self._selected_id
        if is_same:
            return
        rows, self._rows = self._rows, {}
        for line in lines:
            row = rows.get(line.track_id) or TargetRow(line, self._n_frames)
            if row.describe(line):
                self._columns.pop(line.track_id, None)
            self._rows[line.track_id] = row
        self._columns = {
            key: kept for key, kept in self._columns.items() if key in self._rows
        }
        self._selected_id = selected_id
        self.layout_changed.emit()

    def load(self, target_id: int, rows: Rows) -> None:
        """Take all boxes of one target anew; unknown targets are left out.

        Args:
            target_id: whose boxes.
            rows: from frame 0 on, as `BoxTable.rows` gives them; may be shorter or
                longer than the video. They are copied.
        """
        row = self._rows.get(target_id)
        if row is None:
            return
        row.load(rows)
        self._columns.pop(target_id, None)
        self.row_changed.emit(target_id)

    def put_rows(self, target_id: int, first: int, rows: Rows) -> None:
        """Take the boxes of a stretch that changed; unknown targets are left out.

        Args:
            target_id: whose boxes.
            first: frame of the first row, 0-based.
            rows: dtype `ROW`; rows of zeros take boxes away.

        Raises:
            FrameIndexError: `first` is negative.
        """
        row = self._rows.get(target_id)
        frames = None if row is None else row.put(first, rows)
        if row is None or frames is None:
            return
        known = self._columns.get(target_id)
        if known is not None:
            known.update(row, frames)
        self.frames_changed.emit(target_id, *frames)

    def show_frame(self, frame_index: int) -> None:
        """Tell which frame is on the screen."""
        if frame_index != self._frame_index:
            self._frame_index = frame_index
            self.frame_changed.emit(frame_index)

    def mark_cuts(self, frames: Iterable[int]) -> None:
        """Show where new shots begin; frames outside of the video are left out."""
        cuts = tuple(sorted(f for f in set(frames) if 0 <= f < self._n_frames))
        if cuts != self._cuts:
            self._cuts = cuts
            self.layout_changed.emit()

    def mark_stops(self, stops: Iterable[StopMark]) -> None:
        """Show where to look, the next stop first; those outside are left out."""
        inside = tuple(s for s in stops if 0 <= s.frame_index < self._n_frames)
        if inside != self._stops:
            self._stops = inside
            self.layout_changed.emit()
