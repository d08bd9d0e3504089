"""One path out of two: forward from the left anchor, backward from the right one.

Three steps, each a function:

1. *Close.* A run that also looked at the anchors' frames knows where it would have put
   the boxes there. If that overlaps what a person drew, the difference is habit or
   drift, and it is taken out evenly along the way.
2. *Switch.* Where the two runs are on different objects a mean box would lie between
   them, on neither. Drift only grows with the distance from the own anchor, so there is
   one frame before which the forward run is trusted and from which on the backward one
   is: the frame with the highest sum of scores, less what jumping there costs.
3. *Blend.* Where the two agree, boxes are averaged by score and by nearness to the own
   anchor. Between agreement and disagreement the weights pass over smoothly.

At the ends the weight of the far run is 0, so the path goes through both anchors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fcot_engine.annotation.boxes import Boxes, paired_iou
from fcot_engine.errors import ShapeError
from fcot_engine.geometry import BoxXywh

_CLOSES_IOU = 0.5
_APART_IOU, _TOGETHER_IOU = 0.3, 0.7  # between them, blending fades into switching
_JUMP_COST = 1.0  # of a jump to a box that does not overlap, in units of score
_LOST_SCORE = 0.02  # a place where the target was not seen still counts a little
_MIN_SIDE_PX = 1.0


@dataclass(frozen=True, eq=False)  # arrays do not compare to one bool
class RunPath:
    """What one run found in the frames between two anchors, in their order."""

    boxes_xywh: Boxes
    """Shape (n, 4), NaN in frames that the run did not reach."""
    scores: NDArray[np.float64]
    """In [0, 1], shape (n,)."""
    is_lost: NDArray[np.bool_]
    """Shape (n,)."""
    at_own_anchor: BoxXywh | None = None
    """Where the run put the box in its own anchor's frame; None if it did not look."""
    at_far_anchor: BoxXywh | None = None
    """Where the run put the box in the far anchor's frame; None if it did not look."""

    @property
    def is_there(self) -> NDArray[np.bool_]:
        """Whether the run reached a frame, shape (n,)."""
        return np.asarray(np.isfinite(self.boxes_xywh).all(axis=1))


@dataclass(frozen=True, eq=False)
class FusedPath:
    """The path between the anchors."""

    boxes_xywh: Boxes
    """Shape (n, 4), NaN in frames that neither run reached."""
    scores: NDArray[np.float64]
    """In [0, 1], shape (n,); lowered where the two runs disagree."""
    is_lost: NDArray[np.bool_]
    """Neither run saw the target, shape (n,)."""
    disagreement: NDArray[np.float64]
    """1 - IoU of the runs, closed at the anchors, shape (n,); NaN for one run alone."""
    forward_weight: NDArray[np.float64]
    """Share of the forward run in each box, in [0, 1], shape (n,)."""


def fuse_paths(
    forward: RunPath, backward: RunPath, left_xywh: Boxes, right_xywh: Boxes
) -> FusedPath:
    """Fuse two runs over the n frames between two anchors; see the module's docstring.

    Args:
        forward: the run that began at the left anchor.
        backward: the run that began at the right anchor.
        left_xywh: box in the frame before the first one, image pixels, shape (4,).
        right_xywh: box in the frame behind the last one, shape (4,).

    Raises:
        ShapeError: the two paths differ in length.
    """
    n = len(forward.scores)
    if len(backward.scores) != n:
        raise ShapeError(
            f"Both paths must cover the same frames, got {n} and "
            f"{len(backward.scores)} of them."
        )
    position = np.arange(1, n + 1) / (n + 1)  # of a frame between the anchors, 0 to 1
    ahead = _close(forward, left_xywh, right_xywh, position)
    back = _close(backward, right_xywh, left_xywh, 1 - position)
    trust_ahead, trust_back = _trust(forward), _trust(backward)
    agreement = np.where(
        forward.is_there & backward.is_there, paired_iou(ahead, back), 0.0
    )
    weight = _weigh(
        trust_ahead,
        trust_back,
        agreement,
        position,
        _place_jumps(ahead, back, left_xywh, right_xywh),
    )
    weight = np.where(forward.is_there, weight, 0.0)
    weight = np.where(backward.is_there, weight, np.where(forward.is_there, 1.0, 0.0))
    boxes = _mix(ahead, back, weight)
    disagreement = 1 - paired_iou(ahead, back)
    scores = weight * forward.scores + (1 - weight) * backward.scores
    # two runs on different places: one of them is wrong, nobody knows which
    certainty = 0.5 + 0.5 * np.clip(agreement / _CLOSES_IOU, 0, 1)
    doubt = np.where(forward.is_there & backward.is_there, certainty, 1.0)
    is_lost = np.where(weight > 0.5, forward.is_lost, backward.is_lost)
    reached = forward.is_there | backward.is_there
    return FusedPath(
        boxes_xywh=boxes,
        scores=np.where(reached, scores * doubt, 0.0),
        is_lost=np.asarray(is_lost & reached),
        disagreement=np.asarray(disagreement),
        forward_weight=weight,
    )


def _close(
    path: RunPath,
    own_xywh: Boxes,
    far_xywh: Boxes,
    position: NDArray[np.float64],
) -> Boxes:
    """Bring a path to what was drawn at its anchors, evenly on the way, shape (n, 4).

    Args:
        path: as it was found.
        own_xywh: the anchor it began at, shape (4,).
        far_xywh: the anchor it ran to, shape (4,).
        position: 0 at the own anchor, 1 at the far one, shape (n,).
    """
    share = position[:, None]
    offset = (1 - share) * _residual(path.at_own_anchor, own_xywh)
    offset = offset + share * _residual(path.at_far_anchor, far_xywh)
    closed = path.boxes_xywh + offset
    closed[:, 2:] = np.maximum(closed[:, 2:], _MIN_SIDE_PX)
    return np.where(path.is_lost[:, None], path.boxes_xywh, closed)


def _residual(reached_xywh: BoxXywh | None, anchor_xywh: Boxes) -> Boxes:
    """Return what is missing from where a run arrived to a anchor, shape (4,)."""
    if reached_xywh is None:
        return np.zeros(4)
    reached, anchor = np.array(reached_xywh), np.asarray(anchor_xywh)
    return (
        anchor - reached if paired_iou(reached, anchor) >= _CLOSES_IOU else np.zeros(4)
    )


def _trust(path: RunPath) -> NDArray[np.float64]:
    """Score of each frame as a weight, shape (n,)."""
    seen = np.where(path.is_lost, _LOST_SCORE, np.maximum(path.scores, _LOST_SCORE))
    return np.where(path.is_there, seen, 0.0)


def _place_jumps(
    ahead: Boxes, back: Boxes, left_xywh: Boxes, right_xywh: Boxes
) -> NDArray[np.float64]:
    """Cost of going over from the forward to the backward run, shape (n + 1,).

    Entry m is for a backward run that begins with frame m. With 0 or n one run is used
    alone; then the jump is the one between its end and the far anchor.
    """
    before = np.concatenate([np.asarray(left_xywh)[None], ahead])
    behind = np.concatenate([back, np.asarray(right_xywh)[None]])
    overlap = np.nan_to_num(paired_iou(before, behind), nan=0.0)
    return np.asarray(_JUMP_COST * (1 - overlap))


def _weigh(
    trust_ahead: NDArray[np.float64],
    trust_back: NDArray[np.float64],
    agreement: NDArray[np.float64],
    position: NDArray[np.float64],
    jump_cost: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Share of the forward run in each frame, shape (n,)."""
    total_ahead = np.concatenate([[0.0], np.cumsum(trust_ahead)])
    total_back = trust_back.sum() - np.concatenate([[0.0], np.cumsum(trust_back)])
    gain = total_ahead + total_back - jump_cost
    # of equal frames take the middle one: each run is better near its own anchor
    best = np.flatnonzero(gain >= gain.max() - 1e-9)
    switch = int(best[len(best) // 2])
    switched = (np.arange(len(position)) < switch).astype(np.float64)
    near_ahead = trust_ahead * (1 - position)
    near_back = trust_back * position
    total = near_ahead + near_back
    blended = np.divide(
        near_ahead, total, out=np.full(len(total), 0.5), where=total > 0
    )
    fade = np.clip((agreement - _APART_IOU) / (_TOGETHER_IOU - _APART_IOU), 0, 1)
    fade = fade * fade * (3 - 2 * fade)
    return np.asarray(fade * blended + (1 - fade) * switched)


def _mix(ahead: Boxes, back: Boxes, weight: NDArray[np.float64]) -> Boxes:
    """Weighted mean that does not let NaN of an unused box through, shape (n, 4)."""
    share = weight[:, None]
    first = np.where(share > 0, ahead, 0.0) * share
    second = np.where(share < 1, back, 0.0) * (1 - share)
    return np.asarray(first + second)
