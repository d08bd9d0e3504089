"""One box as a row of numbers, and what it is made of.

A target's boxes are rows of one numpy array, so that a run of thousands of frames is
stored, compared, undone and written in one go. `Box` is one row for people to read.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fcot_engine.geometry import BoxXywh

__all__ = [
    "ROW",
    "Box",
    "Frames",
    "Maker",
    "Makers",
    "Origin",
    "Rows",
    "are_human",
    "differ",
    "empty_rows",
]

Rows = NDArray[np.void]
"""Array of `ROW`s, shape (n,)."""
Frames = NDArray[np.int64]
"""Frame numbers, 0-based, shape (n,)."""

ROW = np.dtype(
    [
        ("origin", "u1"),
        ("is_lost", "u1"),
        ("maker", "<u2"),
        ("box", "<f8", (4,)),
        ("score", "<f8"),
        ("second_peak", "<f4"),
        ("disagreement", "<f4"),
    ]
)
"""A box in numbers; a row of zeros stands for "no box here"."""


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


@dataclass(frozen=True)
class Maker:
    """What found a box."""

    engine: str = ""
    """Such as `fcot-lite`; empty for a box that a person drew."""
    weights: str = ""
    """Name or hash of the weights."""


class Makers:
    """Numbers for makers, so that a row needs two bytes for them; 0 is nobody."""

    def __init__(self) -> None:
        self._makers = [Maker()]

    def __getitem__(self, number: int) -> Maker:
        return self._makers[number]

    def number_of(self, maker: Maker) -> int:
        """Return the number of a maker, a new one for a new maker."""
        if maker not in self._makers:
            self._makers.append(maker)
        return self._makers.index(maker)


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
    second_peak: float | None = None
    """Height of the second peak of the score map over that of the first, in [0, 1];
    None where it is not known."""
    disagreement: float | None = None
    """1 - IoU of the forward and the backward run; None where there was only one."""
    maker: Maker = Maker()

    @property
    def is_human(self) -> bool:
        """Whether a person drew the box."""
        return self.origin.is_human

    def to_rows(self, makers: Makers) -> Rows:
        """Return the box as one row, shape (1,)."""
        row = empty_rows(1)
        row["origin"] = self.origin
        row["is_lost"] = self.is_lost
        row["maker"] = makers.number_of(self.maker)
        row["box"] = self.box_xywh
        row["score"] = self.score
        row["second_peak"] = _or_nan(self.second_peak)
        row["disagreement"] = _or_nan(self.disagreement)
        return row

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
            second_peak=_or_none(row["second_peak"]),
            disagreement=_or_none(row["disagreement"]),
            maker=makers[int(row["maker"])],
        )


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


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
