"""Target filters: cross-correlation with one filter, and its exact adjoint.

A filter of odd side keeps the size of the map and its cell i stays centred at
(i + 0.5) * stride; a filter of even side gives one more cell, cell i centred at
i * stride. Both use zero padding of `side // 2`.

A convolution with a single output channel is a bad case for CPU libraries, so both
directions are one matrix product over channels and one fold of shifted maps.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from fcot_engine.errors import ShapeError

__all__ = ["apply_filter", "correlate_with_scores"]


def apply_filter(features: Tensor, target_filter: Tensor) -> Tensor:
    """Score every cell of some feature maps with one filter (`*` in Eq. 1).

    Args:
        features: `(*, N, C, H, W)`: N maps for each filter.
        target_filter: `(*, C, k, k)`.

    Returns:
        Scores, `(*, N, H, W)` for odd k, `(*, N, H + 1, W + 1)` for even k.

    Raises:
        ShapeError: channels or dimensions do not fit.
    """
    _check_pair(features, target_filter)
    *lead, n, _, height, width = features.shape
    k = target_filter.shape[-1]
    taps = target_filter.flip(-1, -2).flatten(-2).transpose(-1, -2)  # (*, k*k, C)
    products = taps.unsqueeze(-3) @ features.flatten(-2)  # (*, N, k*k, H*W)
    padded = F.fold(
        products.reshape(-1, k * k, height * width),
        (height + k - 1, width + k - 1),
        kernel_size=k,
    )
    start, extra = k - 1 - k // 2, 1 - k % 2
    rows, columns = height + extra, width + extra
    scores = padded[:, 0, start : start + rows, start : start + columns]
    return scores.reshape(*lead, n, rows, columns)


def correlate_with_scores(features: Tensor, scores: Tensor, *, side: int) -> Tensor:
    """Adjoint of `apply_filter` with respect to the filter, summed over the N maps.

    Args:
        features: `(*, N, C, H, W)`.
        scores: `(*, N, H', W')`, as `apply_filter` returns for a filter of this side.
        side: side k of the filter.

    Returns:
        `(*, C, k, k)`, so that <apply_filter(x, f), s> = <f, correlate(x, s)>.
    """
    *lead, n, c, height, width = features.shape
    before = side - 1 - side // 2
    after = (side - 1) - before - (1 - side % 2)
    padded = F.pad(scores, (before, after, before, after))
    columns = F.unfold(padded.reshape(-1, 1, *padded.shape[-2:]), side)
    columns = columns.view(*lead, n, side * side, height * width)
    summed = (columns @ features.flatten(-2).transpose(-1, -2)).sum(-3)  # (*, k*k, C)
    return summed.transpose(-1, -2).reshape(*lead, c, side, side).flip(-1, -2)


def _check_pair(features: Tensor, target_filter: Tensor) -> None:
    if features.ndim != target_filter.ndim + 1 or target_filter.ndim < 3:
        raise ShapeError(
            "features must have shape (*, N, C, H, W) and target_filter (*, C, k, k), "
            f"got {tuple(features.shape)} and {tuple(target_filter.shape)}."
        )
    if features.shape[-3] != target_filter.shape[-3]:
        raise ShapeError(
            f"features and target_filter must have the same channels, got "
            f"{features.shape[-3]} and {target_filter.shape[-3]}."
        )
