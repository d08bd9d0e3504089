"""How well boxes agree with the truth: AUC, P20, SR50.

A frame counts if it has ground truth and is not the first one, whose box is given.
Absent targets are rows of NaN.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fcot_engine.errors import ShapeError

AUC_THRESHOLDS = np.linspace(0, 1, 21)
PRECISION_PX = 20.0
SUCCESS_IOU = 0.5
TINY_AREA = 1e-9
"""Keeps the IoU of two empty boxes at 0."""


@dataclass(frozen=True)
class Accuracy:
    """Three figures in [0, 1] about one pass over a sequence."""

    auc: float
    """Mean, over the IoU thresholds 0, 0.05 ... 1, of the share of frames above it."""
    p20: float
    """Share of frames whose box centre is within 20 px of the true one."""
    sr50: float
    """Share of frames with an IoU above 0.5."""


def overlaps(
    found_xywh: NDArray[np.float64], truth_xywh: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Intersection over union of paired boxes; NaN where one of them is NaN.

    Args:
        found_xywh: boxes in image pixels, shape (n, 4).
        truth_xywh: boxes in the same frames, shape (n, 4).

    Returns:
        Shape (n,).

    Raises:
        ShapeError: the shapes are not the same (n, 4).

    Example:
        >>> overlaps(np.array([[0.0, 0, 2, 2]]), np.array([[1.0, 0, 2, 2]])).round(3)
        array([0.333])
    """
    found, truth = _check_pair(found_xywh, truth_xywh)
    far = np.minimum(found[:, :2] + found[:, 2:], truth[:, :2] + truth[:, 2:])
    near = np.maximum(found[:, :2], truth[:, :2])
    common = np.maximum(far - near, 0.0).prod(axis=1)  # (n,)
    areas = found[:, 2:].prod(axis=1) + truth[:, 2:].prod(axis=1)
    return np.asarray(common / (areas - common + TINY_AREA))


def center_distances(
    found_xywh: NDArray[np.float64], truth_xywh: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Distance in pixels between the centres of paired boxes, (n, 4) to (n,)."""
    found, truth = _check_pair(found_xywh, truth_xywh)
    shift = (found[:, :2] + found[:, 2:] / 2) - (truth[:, :2] + truth[:, 2:] / 2)
    return np.hypot(shift[:, 0], shift[:, 1])


def is_visible(truth_xywh: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether a frame has ground truth, (n, 4) to (n,)."""
    return np.asarray(np.isfinite(truth_xywh).all(axis=1))


def measure(
    found_xywh: NDArray[np.float64], truth_xywh: NDArray[np.float64]
) -> Accuracy:
    """Compare the boxes of one pass with the truth.

    Args:
        found_xywh: the tracker's boxes, the given one first, shape (n, 4).
        truth_xywh: true boxes, NaN where the target is absent, shape (n, 4).

    Raises:
        ShapeError: the shapes differ, or no frame after the first has a true box.
    """
    counted = is_visible(truth_xywh)
    counted[:1] = False
    if not counted.any():
        raise ShapeError(
            "truth_xywh must have a box in a frame after the first, got "
            f"{len(truth_xywh)} rows without one."
        )
    found, truth = found_xywh[counted], truth_xywh[counted]
    overlap = overlaps(found, truth)
    above = overlap[None, :] > AUC_THRESHOLDS[:, None]  # (thresholds, frames)
    return Accuracy(
        auc=float(above.mean(axis=1).mean()),
        p20=float((center_distances(found, truth) <= PRECISION_PX).mean()),
        sr50=float((overlap > SUCCESS_IOU).mean()),
    )


def _check_pair(
    found_xywh: NDArray[np.float64], truth_xywh: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    found = np.asarray(found_xywh, dtype=np.float64)
    truth = np.asarray(truth_xywh, dtype=np.float64)
    if found.ndim != 2 or found.shape[1] != 4 or found.shape != truth.shape:
        raise ShapeError(
            "found_xywh and truth_xywh must both have shape (n, 4), got "
            f"{found.shape} and {truth.shape}."
        )
    return found, truth
