"""How likely a frame's box is wrong, from what is known without the truth."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fcot_engine.annotation.boxes import Frames, Rows, are_human
from fcot_engine.errors import ConfigError

__all__ = ["FEATURES", "Feature", "RiskModel", "describe_frames"]

Values = NDArray[np.float64]

Feature = Callable[[Frames, Rows], Values]
"""Makes one number of each box of a target: 0 nothing odd, 1 very odd.

Takes the frames that have a box, ascending, shape (n,), and their rows; returns (n,).
"""

_AROUND = 5  # frames on each side that a size is compared with
_UNCHECKED = 0.3  # disagreement that is taken for a run without another one
_FAR_FRAMES = 30.0
_WAY_SHARE = 0.3  # enough that the frame beyond a jump comes before the one at it


def _low_score(frames: Frames, rows: Rows) -> Values:
    """1 minus the tracker's score."""
    return np.asarray(1 - rows["score"])


def _is_lost(frames: Frames, rows: Rows) -> Values:
    """1 where the tracker did not see the target."""
    return np.asarray(rows["is_lost"].astype(np.float64))


def _second_ratio(frames: Frames, rows: Rows) -> Values:
    """Second peak over first one, 0 where that is not known."""
    return np.nan_to_num(rows["second_ratio"].astype(np.float64), nan=0.0)


def _disagreement(frames: Frames, rows: Rows) -> Values:
    """1 - IoU of the forward and the backward run.

    Where there was only one, nobody has checked it: that is not the same as agreement.
    """
    found = rows["disagreement"].astype(np.float64)
    return np.nan_to_num(found, nan=_UNCHECKED)


def _far_from_drawn(frames: Frames, rows: Rows) -> Values:
    """How far the next box that a person drew is, 0.5 at 30 frames, 1 without any."""
    human = frames[are_human(rows)]
    if not len(human):
        return np.ones(len(frames))
    place = np.searchsorted(human, frames)
    before = np.abs(frames - human[np.maximum(place - 1, 0)])
    behind = np.abs(human[np.minimum(place, len(human) - 1)] - frames)
    distance = np.minimum(before, behind)
    return np.asarray(distance / (distance + _FAR_FRAMES))


def _jump(frames: Frames, rows: Rows) -> Values:
    """How far a box lies off the middle of its neighbours, in box sizes, at most 1.

    Two frames with a jump between them are both off the middle. The one beyond the jump
    is the odder one: the other lies where the way from its drawn box leads.
    """
    boxes = np.asarray(rows["box"])
    off = np.zeros(len(frames))
    if len(frames) > 2:
        centers = boxes[:, :2] + boxes[:, 2:] / 2
        share = (frames[1:-1] - frames[:-2]) / (frames[2:] - frames[:-2])
        middle = centers[:-2] + share[:, None] * (centers[2:] - centers[:-2])
        size = np.sqrt(np.maximum(boxes[1:-1, 2:].prod(axis=1), 1e-9))
        off[1:-1] = np.hypot(*(centers[1:-1] - middle).T) / size
    human = frames[are_human(rows)]
    if len(human):  # else nobody knows where the way begins
        ahead = _off_the_way(frames, rows)
        back = _off_the_way(-frames[::-1], rows[::-1])[::-1]
        ahead = np.where(frames < human[0], np.inf, ahead)
        back = np.where(frames > human[-1], np.inf, back)
        way = np.minimum(off, np.minimum(ahead, back))
        off = _WAY_SHARE * way + (1 - _WAY_SHARE) * off
    return np.minimum(off, 1.0)


def _off_the_way(frames: Frames, rows: Rows) -> Values:
    """Distance of each box from where the two before it lead, in box sizes.

    The first two boxes have no way behind them and may lie anywhere.
    """
    boxes = np.asarray(rows["box"])
    off = np.full(len(frames), np.inf)
    if len(frames) > 2:
        centers = boxes[:, :2] + boxes[:, 2:] / 2
        share = (frames[2:] - frames[1:-1]) / (frames[1:-1] - frames[:-2])
        expected = centers[1:-1] + share[:, None] * (centers[1:-1] - centers[:-2])
        size = np.sqrt(np.maximum(boxes[2:, 2:].prod(axis=1), 1e-9))
        off[2:] = np.hypot(*(centers[2:] - expected).T) / size
    return off


def _resize(frames: Frames, rows: Rows) -> Values:
    """How far a box's area is off those around it, as a logarithm, at most 1."""
    areas = np.log(np.maximum(np.asarray(rows["box"])[:, 2:].prod(axis=1), 1e-9))
    if not len(areas):
        return np.zeros(0)
    padded = np.pad(areas, _AROUND, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * _AROUND + 1)
    off = np.abs(areas - np.median(windows, axis=1))
    return np.asarray(np.minimum(off, 1.0))


def _doubt_since_drawn(frames: Frames, rows: Rows) -> Values:
    """The most doubtful moment between a box and the drawn box it comes from.

    Where a run may have gone over to something else, all that it finds later is in
    doubt, however sure it looks. Doubt is the second peak or a jump, whichever is
    higher; between two drawn boxes the side with less of it counts.
    """
    doubt = np.maximum(_second_ratio(frames, rows), _jump(frames, rows))
    human = are_human(rows)
    doubt[human] = 0.0
    sides = []
    for step in (1, -1):
        edges = [*np.flatnonzero(human[::step]).tolist(), len(frames)]
        since = np.ones(len(frames))  # no drawn box on this side: nothing to trust
        for start, end in itertools.pairwise(edges):
            since[start:end] = np.maximum.accumulate(doubt[::step][start:end])
        sides.append(since[::step])
    return np.minimum(*sides)


FEATURES: dict[str, Feature] = {
    "low_score": _low_score,
    "is_lost": _is_lost,
    "second_ratio": _second_ratio,
    "disagreement": _disagreement,
    "jump": _jump,
    "resize": _resize,
    "far_from_drawn": _far_from_drawn,
    "doubt_since_drawn": _doubt_since_drawn,
}
"""What the risk is made of, by name; others can be handed to `RiskModel`."""


def describe_frames(
    frames: Frames, rows: Rows, features: Mapping[str, Feature]
) -> Values:
    """Return all features of all boxes of a target, shape (n, number of features)."""
    columns = [feature(frames, rows) for feature in features.values()]
    return np.stack(columns, axis=1) if columns else np.zeros((len(frames), 0))


@dataclass(frozen=True, kw_only=True)
class RiskModel:
    """Chance that a box overlaps the target by less than half: a logistic curve.

    The default weights are a guess by reason: they order frames, their absolute values
    are not calibrated. `fit` makes calibrated ones of boxes whose truth is known.
    """

    weights: Mapping[str, float] = field(
        default_factory=lambda: {
            "low_score": 5.0,
            "is_lost": 2.0,
            "second_ratio": 2.0,
            "disagreement": 4.0,
            "jump": 2.0,
            "resize": 1.0,
            "far_from_drawn": 1.5,
            "doubt_since_drawn": 2.0,
        }
    )
    """Weight of each feature."""
    bias: float = -7.0
    """Risk of a frame with nothing odd about it, on the logistic scale."""
    features: Mapping[str, Feature] = field(default_factory=lambda: FEATURES)
    """What the weights are for."""

    def __post_init__(self) -> None:
        if set(self.weights) != set(self.features):
            raise ConfigError(
                f"There must be one weight for each of {', '.join(self.features)}; got "
                f"{', '.join(self.weights)}."
            )

    def rate(self, frames: Frames, rows: Rows) -> Values:
        """Return the risk of each box of a target, in [0, 1], shape (n,)."""
        return self.join(self.weigh(frames, rows))

    def weigh(self, frames: Frames, rows: Rows) -> Values:
        """Return what each feature adds to the risk of each box of a target.

        On the logistic scale, shape (n, number of features).
        """
        weights = np.array([self.weights[name] for name in self.features])
        return np.asarray(describe_frames(frames, rows, self.features) * weights)

    def join(self, weighed: Values) -> Values:
        """Make risks of what `weigh` returned, shape (n,)."""
        return _logistic(weighed.sum(axis=1) + self.bias)


def _logistic(x: Values) -> Values:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -60, 60))))
