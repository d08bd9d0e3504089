"""Boxes: one by one for people to read, and as rows of numbers.

A target's boxes are rows of one numpy array (`BoxTable`), so that a run of thousands of
frames is stored, compared, undone and written in one go. `Box` is one of them.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fcot_engine.geometry import BoxXywh
from fcot_engine.tracker import Maker

__all__ = [
    "ROW",
    "Box",
    "BoxTable",
    "Boxes",
    "Frames",
    "Maker",
    "Makers",
    "Origin",
    "Rows",
    "are_human",
    "center_shift_px",
    "differ",
    "empty_rows",
    "paired_iou",
    "to_rows",
]

Rows = NDArray[np.void]
"""Array of `ROW`s, shape (n,)."""
Frames = NDArray[np.int64]
"""Frame numbers, 0-based, shape (n,)."""
Boxes = NDArray[np.float64]
"""x, y, width, height in image pixels, shape (n, 4)."""

ROW = np.dtype(
    [
        ("origin", "u1"),
        ("is_lost", "u1"),
        ("maker", "<u2"),
        ("box", "<f8", (4,)),
        ("score", "<f8"),
        ("look_alike", "<f4"),
        ("disagreement", "<f4"),
    ]
)
"""A box in numbers; a row of zeros stands for "no box here"."""

_FIRST_CAPACITY = 64  # rows

NOBODY = Maker()
"""Of a box that a person drew."""


class Origin(enum.IntEnum):
    """Where a box came from."""

    NONE = 0
    """There is no box."""
    HUMAN = 1
    """Drawn by a person."""
    CORRECTED = 2
    """Drawn by a person in place of a box that a machine had put there."""
    TRACKED = 3
    """Found by a tracker, going one way or both ways."""
    INTERPOLATED = 4
    """Laid evenly between two other boxes."""
    IMPORTED = 5
    """Read from a file that does not say who drew it; machines may change it."""

    @property
    def is_human(self) -> bool:
        """Whether a person stands behind the box."""
        return self in (Origin.HUMAN, Origin.CORRECTED)

    @property
    def word(self) -> str:
        """How files call it."""
        return self.name.lower()


class Makers:
    """Numbers for makers, so that a row needs two bytes for them; 0 is nobody."""

    def __init__(self) -> None:
        self._makers = [NOBODY]

    def __getitem__(self, number: int) -> Maker:
        return self._makers[number]

    def __iter__(self) -> Iterator[Maker]:
        """Makers in the order of their numbers."""
        return iter(self._makers)

    def number_of(self, maker: Maker) -> int:
        """Return the number of a maker, a new one for a new maker."""
        if maker not in self._makers:
            self._makers.append(maker)
        return self._makers.index(maker)

    def copy(self) -> Makers:
        """Return an independent list with the same numbers."""
        copied = Makers()
        copied._makers = list(self._makers)
        return copied


@dataclass(frozen=True)
class Box:
    """The box of one target in one frame."""

    frame_index: int
    """0-based."""
    box_xywh: BoxXywh
    """Image pixels; see `fcot_engine.geometry.boxes`."""
    origin: Origin
    score: float = 1.0
    """Confidence of the tracker in [0, 1]; 1 for a box that a person drew."""
    is_lost: bool = False
    """The tracker did not see the target; the box is its last known place."""
    look_alike: float | None = None
    """Height of the second peak of the score map over that of the first, in [0, 1];
    None where it is not known."""
    disagreement: float | None = None
    """1 - IoU of the forward and the backward run; None where there was only one."""
    maker: Maker = NOBODY

    @property
    def is_human(self) -> bool:
        """Whether a person drew the box."""
        return self.origin.is_human

    def to_rows(self, makers: Makers) -> Rows:
        """Return the box as one row, shape (1,)."""
        return to_rows([self], makers)

    @classmethod
    def from_row(cls, frame_index: int, row: Any, makers: Makers) -> Box:
        """Make a box of a row that holds one."""
        x, y, w, h = row["box"].tolist()
        return cls(
            frame_index,
            (x, y, w, h),
            Origin(int(row["origin"])),
            score=float(row["score"]),
            is_lost=bool(row["is_lost"]),
            look_alike=_or_none(row["look_alike"]),
            disagreement=_or_none(row["disagreement"]),
            maker=makers[int(row["maker"])],
        )


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def to_rows(boxes: Sequence[Box], makers: Makers) -> Rows:
    """Return boxes as rows, shape (n,); their frame numbers are left out."""
    rows = empty_rows(len(boxes))
    if not len(boxes):
        return rows
    rows["origin"] = [box.origin for box in boxes]
    rows["is_lost"] = [box.is_lost for box in boxes]
    rows["maker"] = [makers.number_of(box.maker) for box in boxes]
    rows["box"] = [box.box_xywh for box in boxes]
    rows["score"] = [box.score for box in boxes]
    rows["look_alike"] = [_or_nan(box.look_alike) for box in boxes]
    rows["disagreement"] = [_or_nan(box.disagreement) for box in boxes]
    return rows


def empty_rows(count: int) -> Rows:
    """Return rows that hold no box."""
    return np.zeros(count, ROW)


def are_human(rows: Rows) -> NDArray[np.bool_]:
    """Tell of each row whether a person drew its box, shape (n,)."""
    origin = rows["origin"]
    return np.asarray((origin == Origin.HUMAN) | (origin == Origin.CORRECTED))


def differ(a: Rows, b: Rows) -> NDArray[np.bool_]:
    """Tell of each pair of rows whether they differ in any bit, shape (n,)."""
    width = ROW.itemsize
    left = np.ascontiguousarray(a).view(np.uint8).reshape(-1, width)
    right = np.ascontiguousarray(b).view(np.uint8).reshape(-1, width)
    return np.asarray((left != right).any(axis=1))


class BoxTable:
    """Boxes by frame number; one row a frame, from frame 0 to the last box.

    In a project `fcot_engine.annotation.changes` alone writes to it.

    Args:
        makers: numbers of the makers, common to all targets of a video.
    """

    def __init__(self, makers: Makers | None = None) -> None:
        self._makers = Makers() if makers is None else makers
        self._rows = empty_rows(0)

    def __len__(self) -> int:
        """Number of boxes."""
        return int(np.count_nonzero(self._rows["origin"]))

    def __contains__(self, frame_index: object) -> bool:
        if not isinstance(frame_index, int | np.integer):
            return False
        row = int(frame_index)
        return 0 <= row < len(self._rows) and bool(self._rows["origin"][row])

    def __iter__(self) -> Iterator[Box]:
        """Boxes in the order of their frames."""
        frames = self.frames()
        rows = self._rows[frames]
        # columns at once: reading row by row takes ten times as long
        columns = [rows[name].tolist() for name in rows.dtype.names or ()]
        origins = list(Origin)
        for frame, origin, is_lost, maker, box, *rest in zip(
            frames.tolist(), *columns, strict=True
        ):
            x, y, w, h = box
            score, look_alike, disagreement = rest
            yield Box(
                frame,
                (x, y, w, h),
                origins[origin],
                score=score,
                is_lost=bool(is_lost),
                look_alike=_or_none(look_alike),
                disagreement=_or_none(disagreement),
                maker=self._makers[maker],
            )

    def get(self, frame_index: int) -> Box | None:
        """Return the box of a frame, or None."""
        if frame_index not in self:
            return None
        return Box.from_row(frame_index, self._rows[frame_index], self._makers)

    def frames(self) -> Frames:
        """Frames that have a box, ascending."""
        return np.flatnonzero(self._rows["origin"])

    def makers(self) -> list[Maker]:
        """Who made the boxes, in the order of first use; nobody is left out."""
        numbers = self._rows["maker"][self.frames()].tolist()
        return [self._makers[number] for number in dict.fromkeys(numbers) if number]

    def human_frames(self) -> Frames:
        """Frames whose box a person drew, ascending."""
        return np.flatnonzero(are_human(self._rows))

    def human_before(self, frame_index: int) -> int | None:
        """Return the nearest frame before this one with a human box, or None."""
        human = self.human_frames()
        count = int(np.searchsorted(human, frame_index))
        return int(human[count - 1]) if count else None

    def human_after(self, frame_index: int) -> int | None:
        """Return the nearest frame behind this one with a human box, or None."""
        human = self.human_frames()
        count = int(np.searchsorted(human, frame_index, side="right"))
        return int(human[count]) if count < len(human) else None

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

    def put_box(self, box: Box) -> None:
        """Write one box."""
        self.put_boxes([box])

    def put_boxes(self, boxes: Sequence[Box]) -> None:
        """Write boxes of different frames."""
        frames = np.array([box.frame_index for box in boxes], np.int64)
        self.put(frames, to_rows(boxes, self._makers))

    def copy(self, makers: Makers) -> BoxTable:
        """Return an independent table with the same boxes and copied makers."""
        copied = BoxTable(makers)
        copied._rows = self._rows.copy()
        return copied

    def _make_room(self, length: int) -> None:
        if length <= len(self._rows):
            return
        grown = np.zeros(max(length, 2 * len(self._rows), _FIRST_CAPACITY), ROW)
        grown[: len(self._rows)] = self._rows
        self._rows = grown


def paired_iou(a_xywh: Boxes, b_xywh: Boxes) -> NDArray[np.float64]:
    """Intersection over union of paired boxes.

    Args:
        a_xywh: shape `(*, 4)`, image pixels.
        b_xywh: same shape.

    Returns:
        IoU in [0, 1], shape `(*)`; NaN where a box has one.

    Example:
        >>> paired_iou(np.array([0.0, 0, 2, 2]), np.array([1.0, 0, 2, 2])).round(3)
        np.float64(0.333)
    """
    top_left = np.maximum(a_xywh[..., :2], b_xywh[..., :2])
    bottom_right = np.minimum(
        a_xywh[..., :2] + a_xywh[..., 2:], b_xywh[..., :2] + b_xywh[..., 2:]
    )
    inter = np.maximum(bottom_right - top_left, 0).prod(axis=-1)
    union = a_xywh[..., 2:].prod(axis=-1) + b_xywh[..., 2:].prod(axis=-1) - inter
    return np.asarray(inter / np.maximum(union, 1e-7))[()]


def center_shift_px(a_xywh: Boxes, b_xywh: Boxes) -> NDArray[np.float64]:
    """Distance of the centres of paired boxes in pixels, `(*, 4)` to `(*)`."""
    shift = (a_xywh[..., :2] + a_xywh[..., 2:] / 2) - (
        b_xywh[..., :2] + b_xywh[..., 2:] / 2
    )
    return np.asarray(np.hypot(shift[..., 0], shift[..., 1]))[()]
