"""All boxes of one target, by frame number."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fcot_engine.annotation.box_rows import (
    ROW,
    Box,
    Frames,
    Makers,
    Rows,
    are_human,
    empty_rows,
)

__all__ = ["BoxTable"]

_FIRST_CAPACITY = 64


class BoxTable:
    """Boxes by frame number; one row a frame, from frame 0 to the last box.

    Only `fcot_engine.annotation.changes` writes to it.
    """

    def __init__(self, makers: Makers) -> None:
        self._makers = makers
        self._rows = empty_rows(0)

    def __len__(self) -> int:
        """Number of boxes."""
        return int(np.count_nonzero(self._rows["origin"]))

    def __contains__(self, frame_index: object) -> bool:
        if not isinstance(frame_index, int | np.integer):
            return False
        place = int(frame_index)
        return 0 <= place < len(self._rows) and bool(self._rows["origin"][place])

    def __iter__(self) -> Iterator[Box]:
        """Boxes in the order of their frames."""
        for frame in self.frames():
            yield Box.from_row(int(frame), self._rows[frame], self._makers)

    def get(self, frame_index: int) -> Box | None:
        """Return the box of a frame, or None."""
        if frame_index not in self:
            return None
        return Box.from_row(frame_index, self._rows[frame_index], self._makers)

    def frames(self) -> Frames:
        """Frames that have a box, ascending."""
        return np.flatnonzero(self._rows["origin"])

    def human_frames(self) -> Frames:
        """Frames whose box a person drew, ascending."""
        return np.flatnonzero(are_human(self._rows))

    def human_before(self, frame_index: int) -> int | None:
        """Return the nearest frame before this one with a human box, or None."""
        human = self.human_frames()
        place = int(np.searchsorted(human, frame_index))
        return int(human[place - 1]) if place else None

    def human_after(self, frame_index: int) -> int | None:
        """Return the nearest frame behind this one with a human box, or None."""
        human = self.human_frames()
        place = int(np.searchsorted(human, frame_index, side="right"))
        return int(human[place]) if place < len(human) else None

    def take(self, frames: Frames) -> Rows:
        """Return the rows of some frames, rows of zeros where there is no box."""
        taken = empty_rows(len(frames))
        inside = frames < len(self._rows)
        taken[inside] = self._rows[frames[inside]]
        return taken

    def rows(self) -> Rows:
        """All rows from frame 0 on, as a view that cannot be written to."""
        view = self._rows.view()
        view.flags.writeable = False
        return view

    def put(self, frames: Frames, rows: Rows) -> None:
        """Write the rows of some frames; rows of zeros take boxes away."""
        if not len(frames):
            return
        self._make_room(int(frames.max()) + 1)
        self._rows[frames] = rows

    def _make_room(self, length: int) -> None:
        if length <= len(self._rows):
            return
        grown = np.zeros(max(length, 2 * len(self._rows), _FIRST_CAPACITY), ROW)
        grown[: len(self._rows)] = self._rows
        self._rows = grown
