"""Precise RoI Pooling in plain PyTorch.

Each bin of a box is the exact mean of the bilinearly interpolated feature map over
the bin, with zeros outside the map. The interpolant is a sum of separable hat
functions, so pooling is two small matrix products, `A_y F A_x^T`, and is
differentiable in the features and in the box.
"""

from __future__ import annotations

import torch
from torch import Tensor

from fcot_engine.errors import ConfigError, ShapeError, check_last_dim, check_ndim


def prroi_pool(
    features: Tensor,
    boxes_xyxy: Tensor,
    output_size: int | tuple[int, int],
    *,
    stride: float,
    offset: float = 0.0,
) -> Tensor:
    """Pool boxes of feature maps to a fixed size, exactly.

    A pixel coordinate `px` is the feature coordinate `px / stride - offset`, where
    cell i has its centre at the whole number i. So `offset=0.5` is our convention,
    cells centred at `(i + 0.5) * stride`, and `offset=0` the one of the released
    FCOT code, cells centred at `i * stride`.

    Args:
        features: feature maps, shape `(N, C, H, W)`.
        boxes_xyxy: boxes in pixels of the network input, shape `(N, 4)` for one box
            a map, or `(N, K, 4)` for K boxes a map.
        output_size: bins on each side, or (rows, columns).
        stride: pixels of the network input a feature cell.
        offset: feature coordinate of the corner of the input, negated, in cells.

    Returns:
        Means over the bins, shape `(N, C, rows, columns)` or
        `(N, K, C, rows, columns)`. A bin without area gives 0.

    Raises:
        ShapeError: features are not `(N, C, H, W)`, or boxes do not fit them.
        ConfigError: a bin count or the stride is not positive.

    Example:
        >>> ramp = torch.arange(4.0).expand(1, 1, 4, 4)
        >>> prroi_pool(ramp, torch.tensor([[0.0, 0.0, 16.0, 16.0]]), 1, stride=8)
        tensor([[[[1.]]]])
    """
    check_ndim(features, 4, name="features", layout="N, C, H, W")
    check_last_dim(boxes_xyxy, 4, name="boxes_xyxy")
    if boxes_xyxy.ndim not in (2, 3) or boxes_xyxy.shape[0] != features.shape[0]:
        raise ShapeError(
            f"boxes_xyxy must have shape ({features.shape[0]}, 4) or "
            f"({features.shape[0]}, K, 4) for these features, got "
            f"{tuple(boxes_xyxy.shape)}."
        )
    rows, columns = (
        (output_size, output_size) if isinstance(output_size, int) else output_size
    )
    if rows < 1 or columns < 1 or not stride > 0:
        raise ConfigError(
            "prroi_pool needs at least one bin a side and a stride above 0, got "
            f"output_size={output_size} and stride={stride}."
        )
    boxes = boxes_xyxy.to(features.dtype) / stride - offset
    if boxes.ndim == 2:
        boxes = boxes.unsqueeze(1)  # (N, K, 4)
    height, width = features.shape[-2:]
    mean_y = _bin_weights(boxes[..., 1], boxes[..., 3], rows, height)  # (N, K, rows, H)
    mean_x = _bin_weights(boxes[..., 0], boxes[..., 2], columns, width)
    pooled = mean_y.unsqueeze(2) @ features.unsqueeze(1)  # (N, K, C, rows, W)
    pooled = pooled @ mean_x.unsqueeze(2).transpose(-1, -2)  # (N, K, C, rows, columns)
    return pooled.squeeze(1) if boxes_xyxy.ndim == 2 else pooled


def _bin_weights(start: Tensor, end: Tensor, bins: int, cells: int) -> Tensor:
    """Weight of each cell in the mean over each bin, one axis.

    Args:
        start: where the box begins, in cells, shape `(*)`.
        end: where it ends; before `start` means a box without size.
        bins: equal parts the box is cut into.
        cells: length of the map on this axis.

    Returns:
        Weights, shape `(*, bins, cells)`; 0 for a box without size.
    """
    size = (end - start).clamp(min=0) / bins  # (*)
    steps = torch.arange(bins + 1, device=start.device, dtype=start.dtype)
    edges = start[..., None] + size[..., None] * steps  # (*, bins + 1)
    index = torch.arange(cells, device=start.device, dtype=start.dtype)
    integral = _hat_integral(edges[..., None] - index)  # (*, bins + 1, cells)
    area = integral[..., 1:, :] - integral[..., :-1, :]
    # The rounded edges decide: dividing by the nominal size would scale small bins
    # by the rounding error of their edges.
    extent = edges[..., 1:] - edges[..., :-1]  # (*, bins)
    has_size = extent > 0
    divisor = torch.where(has_size, extent, torch.ones_like(extent))
    return area / divisor[..., None] * has_size[..., None].to(area.dtype)


def _hat_integral(u: Tensor) -> Tensor:
    """Integral from -inf to u of the hat function max(0, 1 - |u|)."""
    u = u.clamp(-1, 1)
    return 0.5 + u - u * u.abs() / 2
