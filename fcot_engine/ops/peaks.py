"""Peaks of score maps, finer than a cell."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from fcot_engine.errors import check_ndim


class Peak(NamedTuple):
    """One maximum of a score map."""

    row: int
    """Whole cell."""
    column: int
    """Whole cell."""
    value: float
    """Score in that cell."""


def find_peak(scores: Tensor) -> Peak:
    """Return the highest cell of a `(H, W)` map; the first one where two are equal."""
    check_ndim(scores, 2, name="scores", layout="H, W")
    row, column = divmod(int(scores.argmax()), scores.shape[1])
    return Peak(row, column, float(scores[row, column]))


def find_second_peak(
    scores: Tensor, first: Peak, *, size_cells: tuple[float, float]
) -> Peak:
    """Return the highest cell outside a rectangle around the first peak.

    Args:
        scores: `(H, W)`.
        first: the peak whose neighbourhood is left out.
        size_cells: width and height of the rectangle in cells.
    """
    height, width = scores.shape
    reach_x, reach_y = round(size_cells[0] / 2), round(size_cells[1] / 2)
    masked = scores.clone()
    top, bottom = max(first.row - reach_y, 0), min(first.row + reach_y + 1, height)
    left, right = max(first.column - reach_x, 0), min(first.column + reach_x + 1, width)
    masked[top:bottom, left:right] = -torch.inf
    if bool(torch.isinf(masked).all()):
        return Peak(first.row, first.column, 0.0)
    return find_peak(masked)


def refine_peak(scores: Tensor, peak: Peak) -> tuple[float, float]:
    """Position of a peak between the cells, by a parabola along each axis.

    Returns:
        Row and column as fractions of a cell, within half a cell of the peak.
    """
    return (
        peak.row + _parabola_vertex(scores[:, peak.column], peak.row),
        peak.column + _parabola_vertex(scores[peak.row], peak.column),
    )


def _parabola_vertex(line: Tensor, index: int) -> float:
    if not 0 < index < len(line) - 1:
        return 0.0
    before, here, after = line[index - 1 : index + 2].double().tolist()
    curvature = before - 2 * here + after
    if curvature >= 0:  # flat: the whole cell is the best answer
        return 0.0
    return float(min(max(0.5 * (before - after) / curvature, -0.5), 0.5))
