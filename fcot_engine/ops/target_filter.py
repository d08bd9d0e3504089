"""Target filters: cross-correlation with one filter, and its exact adjoint.

A filter of odd side keeps the size of the map and its cell i stays centred at
(i + 0.5) * stride; a filter of even side gives one more cell, cell i centred at
i * stride. Both use zero padding of `side // 2`.

A convolution with a single output channel is a bad case for CPU libraries, so both
directions are one matrix product over channels, and shifted additions.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from fcot_engine.checks import check_ndim
from fcot_engine.errors import ShapeError

__all__ = ["apply_filter", "correlate_with_scores"]


def apply_filter(features: Tensor, target_filter: Tensor) -> Tensor:
    """Score every cell of some feature maps with one filter (`*` in Eq. 1).

    Args:
        features: `(N, C, H, W)`.
        target_filter: `(C, k, k)`.

    Returns:
        Scores, `(N, H, W)` for odd k, `(N, H + 1, W + 1)` for even k.

    Raises:
        ShapeError: channels or dimensions do not fit.
    """
    _check_pair(features, target_filter)
    n, c, height, width = features.shape
    k = target_filter.shape[-1]
    taps = target_filter.permute(1, 2, 0).reshape(k * k, c)
    products = (taps @ features.reshape(n, c, height * width)).view(
        n, k, k, height, width
    )
    padded = features.new_zeros(n, height + k - 1, width + k - 1)
    for row in range(k):
        for column in range(k):
            top, left = k - 1 - row, k - 1 - column
            padded[:, top : top + height, left : left + width] += products[
                :, row, column
            ]
    return _crop(padded, height, width, k)


def correlate_with_scores(features: Tensor, scores: Tensor, *, side: int) -> Tensor:
    """Adjoint of `apply_filter` with respect to the filter, summed over the maps.

    Args:
        features: `(N, C, H, W)`.
        scores: `(N, H', W')`, as `apply_filter` returns for a filter of this side.
        side: side k of the filter.

    Returns:
        `(C, k, k)`, so that <apply_filter(x, f), s> = <f, correlate(x, s)>.
    """
    check_ndim(features, 4, name="features", layout="N, C, H, W")
    n, c, height, width = features.shape
    pad = _uncrop(height, side)
    padded = F.pad(scores, pad)
    shifted = torch.stack(
        [
            padded[:, top : top + height, left : left + width]
            for top in range(side - 1, -1, -1)
            for left in range(side - 1, -1, -1)
        ],
        dim=1,
    ).reshape(n, side * side, height * width)
    flat = features.reshape(n, c, height * width)
    summed = torch.bmm(shifted, flat.transpose(1, 2)).sum(0)  # (k*k, C)
    return summed.view(side, side, c).permute(2, 0, 1)


def _check_pair(features: Tensor, target_filter: Tensor) -> None:
    check_ndim(features, 4, name="features", layout="N, C, H, W")
    check_ndim(target_filter, 3, name="target_filter", layout="C, k, k")
    if features.shape[1] != target_filter.shape[0]:
        raise ShapeError(
            f"features and target_filter must have the same channels, got "
            f"{features.shape[1]} and {target_filter.shape[0]}."
        )


def _crop(padded: Tensor, height: int, width: int, k: int) -> Tensor:
    """Full correlation (H + k - 1) cut to zero padding of k // 2."""
    start = k - 1 - k // 2
    extra = 1 - k % 2
    return padded[:, start : start + height + extra, start : start + width + extra]


def _uncrop(size: int, k: int) -> tuple[int, int, int, int]:
    """Padding that undoes `_crop` on both axes."""
    before = k - 1 - k // 2
    after = (k - 1) - before - (1 - k % 2)
    return before, after, before, after
