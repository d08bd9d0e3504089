"""Target filters: cross-correlation with one filter, and its exact adjoint.

A filter of odd side keeps the size of the map and its cell i stays centred at
(i + 0.5) * stride; a filter of even side gives one more cell, cell i centred at
i * stride. Both use zero padding of `side // 2`.

A convolution with a single output channel is a bad case for CPU libraries, so both
directions are one matrix product over channels and one fold of shifted maps.

Features may come in half precision, as the sample memory holds them. They are converted
a few samples at a time, so that no full copy in single precision is ever held.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from fcot_engine.errors import ShapeError

_CACHED_BYTES = 3 * 1024**2
"""Converted features that a CPU thread works on at once; they stay in its cache. One
optimiser step on 53 samples of 59x72x72 with a 7x7 filter, one busy thread, 2026-11-22:
121 ms; 149 ms on features converted before; 197 ms with 48 MiB here."""
_CONVERTED_BYTES = 48 * 1024**2
"""The same on other devices, where small pieces cost more in launches than they save,
and the limit with many threads: with 50 samples of the paper's network the tracker
stays below 350 MB."""


def apply_filter(features: Tensor, target_filter: Tensor) -> Tensor:
    """Score every cell of some feature maps with one filter (`*` in Eq. 1).

    Args:
        features: `(*, N, C, H, W)`: N maps for each filter.
        target_filter: `(*, C, k, k)`.

    Returns:
        Scores, `(*, N, H, W)` for odd k, `(*, N, H + 1, W + 1)` for even k, in the
        filter's precision.

    Raises:
        ShapeError: channels or dimensions do not fit.
    """
    _check_pair(features, target_filter)
    dtype = target_filter.dtype
    if _is_half_of(features, dtype):
        parts = [_apply(p, target_filter) for p in _convert_parts(features, dtype)]
        return torch.cat(parts, -3)
    return _apply(features, target_filter)


def _apply(features: Tensor, target_filter: Tensor) -> Tensor:
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
        `(*, C, k, k)`, so that <apply_filter(x, f), s> = <f, correlate(x, s)>, in the
        precision of the scores.
    """
    if _is_half_of(features, scores.dtype):
        summed, start = None, 0
        for part in _convert_parts(features, scores.dtype):
            part_scores = scores.narrow(-3, start, part.shape[-4])
            start += part.shape[-4]
            added = _correlate(part, part_scores, side)
            summed = added if summed is None else summed + added
        assert summed is not None
        return summed
    return _correlate(features, scores, side)


def _correlate(features: Tensor, scores: Tensor, side: int) -> Tensor:
    *lead, n, c, height, width = features.shape
    before = side - 1 - side // 2
    after = (side - 1) - before - (1 - side % 2)
    padded = F.pad(scores, (before, after, before, after))
    columns = F.unfold(padded.reshape(-1, 1, *padded.shape[-2:]), side)
    columns = columns.view(*lead, n, side * side, height * width)
    summed = (columns @ features.flatten(-2).transpose(-1, -2)).sum(-3)  # (*, k*k, C)
    return summed.transpose(-1, -2).reshape(*lead, c, side, side).flip(-1, -2)


def _is_half_of(features: Tensor, dtype: torch.dtype) -> bool:
    return features.dtype == torch.float16 and dtype != torch.float16


def _convert_parts(features: Tensor, dtype: torch.dtype) -> Iterator[Tensor]:
    """Convert a few samples at a time; each part is good until the next one.

    All parts share one buffer: freed buffers between small results that stay leave
    holes, which took 170 MB for 50 samples of the paper's network. Gradients need the
    parts later, so with them each has its own.
    """
    parts = features.split(_part_length(features, dtype), -4)
    buffer = (
        None
        if torch.is_grad_enabled()
        else parts[0].new_empty(parts[0].shape, dtype=dtype)
    )
    for part in parts:
        if buffer is None:
            yield part.to(dtype)
        else:
            yield buffer.narrow(-4, 0, part.shape[-4]).copy_(part)


def _part_length(features: Tensor, dtype: torch.dtype) -> int:
    """How many samples to convert at once; one sample at least."""
    limit = _CONVERTED_BYTES
    if features.device.type == "cpu":
        limit = min(limit, _CACHED_BYTES * torch.get_num_threads())
    n_samples = max(features.shape[-4], 1)
    sample_bytes = features.numel() // n_samples * dtype.itemsize
    return max(limit // max(sample_bytes, 1), 1)


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
