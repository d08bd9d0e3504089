"""Where one shot ends and the next begins.

Two neighbouring frames are compared by their colours and by a small picture of each. A
cut is a difference that stands out from those around it: a threshold relative to the
neighbours does not take a fast pan for a series of cuts. This is the idea of
PySceneDetect's adaptive detector, with other measures of difference.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fcot_engine.video import FrameSource

_GRID = 12  # sides of the small picture
_BINS = 8  # of each colour's histogram


@dataclass(frozen=True, kw_only=True)
class ShotCutConfig:
    """What counts as a cut."""

    least: float = 0.18
    """Difference below which nothing is a cut, in [0, 1]."""
    ratio: float = 3.0
    """How many times the mean difference around it a cut must have."""
    reach: int = 2
    """Neighbouring differences on each side that it is compared with."""


@dataclass(frozen=True, eq=False)
class FrameLook:
    """What a frame looks like, in a few numbers."""

    picture: NDArray[np.float32]
    """Mean colours of a coarse grid in [0, 1], shape (grid, grid, 3)."""
    colours: NDArray[np.float32]
    """Histogram of each colour over the frame, shape (3, bins), each of sum 1."""

    @classmethod
    def of(cls, frame_rgb: NDArray[np.uint8]) -> FrameLook:
        """Describe a frame, uint8 RGB of shape (height, width, 3)."""
        height, width = frame_rgb.shape[:2]
        step = max(1, min(height, width) // (8 * _GRID))
        small = frame_rgb[::step, ::step]
        rows = np.linspace(0, small.shape[0], min(_GRID, small.shape[0]) + 1)
        columns = np.linspace(0, small.shape[1], min(_GRID, small.shape[1]) + 1)
        starts = rows[:-1].astype(int), columns[:-1].astype(int)
        sums = np.add.reduceat(
            np.add.reduceat(small.astype(np.float32), starts[0], axis=0),
            starts[1],
            axis=1,
        )
        areas = np.outer(
            np.diff(np.append(starts[0], small.shape[0])),
            np.diff(np.append(starts[1], small.shape[1])),
        )
        levels = (small >> 5).reshape(-1, 3)
        counts = np.stack(
            [np.bincount(levels[:, c], minlength=_BINS) for c in range(3)]
        )
        return cls(
            (sums / (255 * areas[..., None])).astype(np.float32),
            (counts / len(levels)).astype(np.float32),
        )


def look_difference(a: FrameLook, b: FrameLook) -> float:
    """How different two frames look, in [0, 1].

    The mean of two measures: a cut changes colours and places alike, while a flash
    changes colours and a pan changes places.
    """
    places = float(np.abs(a.picture - b.picture).mean())
    colours = float(np.abs(a.colours - b.colours).sum(axis=1).mean() / 2)
    return (min(1.0, 2 * places) + colours) / 2


def find_cuts(
    differences: NDArray[np.float64], config: ShotCutConfig | None = None
) -> NDArray[np.int64]:
    """Return the frames that begin a new shot.

    Args:
        differences: entry i compares frame i with frame i - 1; entry 0 is not used.
        config: what counts as a cut.
    """
    config = config or ShotCutConfig()
    cuts = [
        i for i in range(1, len(differences)) if _stands_out(differences, i, config)
    ]
    return np.array(cuts, np.int64)


def _stands_out(
    differences: NDArray[np.float64], index: int, config: ShotCutConfig
) -> bool:
    value = differences[index]
    if not value >= config.least:
        return False
    first = max(1, index - config.reach)
    around = np.concatenate(
        [differences[first:index], differences[index + 1 : index + 1 + config.reach]]
    )
    around = around[np.isfinite(around)]
    return not len(around) or bool(value >= config.ratio * around.mean())


class ShotCuts:
    """Shot cuts of a video, found where somebody asks; any thread may ask.

    Args:
        source: the video.
        config: what counts as a cut.
    """

    def __init__(
        self, source: FrameSource, config: ShotCutConfig | None = None
    ) -> None:
        self._source = source
        self._config = config or ShotCutConfig()
        self._differences = np.full(len(source), np.nan)
        self._looks: dict[int, FrameLook] = {}
        self._lock = threading.Lock()

    def is_cut(self, frame_index: int) -> bool:
        """Whether a new shot begins with a frame; reads it and those around it.

        Raises:
            FrameError: a frame cannot be read.
        """
        if not 0 < frame_index < len(self._source):
            return False
        reach = self._config.reach
        with self._lock:
            self._measure(frame_index)
            if self._differences[frame_index] < self._config.least:
                return False
            last = min(frame_index + reach, len(self._source) - 1)
            for index in range(max(1, frame_index - reach), last + 1):
                self._measure(index)
            return _stands_out(self._differences, frame_index, self._config)

    def known(self) -> list[int]:
        """Cuts among the frames that were looked at so far."""
        with self._lock:
            cuts = find_cuts(self._differences, self._config)
        return [int(cut) for cut in cuts]

    @property
    def share_looked_at(self) -> float:
        """Share of the video's frames that were looked at, in [0, 1]."""
        with self._lock:
            known = np.isfinite(self._differences[1:])
        return float(known.mean()) if len(known) else 1.0

    def _measure(self, index: int) -> None:
        if np.isfinite(self._differences[index]):
            return
        before, here = self._look(index - 1), self._look(index)
        self._differences[index] = look_difference(before, here)

    def _look(self, index: int) -> FrameLook:
        if index not in self._looks:
            if len(self._looks) > 64:  # the last few frames are enough in either way
                self._looks.clear()
            self._looks[index] = FrameLook.of(self._source.read(index))
        return self._looks[index]
