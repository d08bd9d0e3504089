"""How far each cell lies from the target, as a number and as triangular bins.

The classifier learns label, mask and weight as functions of this distance: each is a
table with one value a bin, read out linearly between neighbouring bins.
"""

from __future__ import annotations

import torch
from torch import Tensor

from fcot_engine.checks import check_last_dim
from fcot_engine.errors import ConfigError

__all__ = ["distance_bins", "distance_map"]


def distance_map(
    centers_xy: Tensor,
    size: tuple[int, int],
    *,
    stride: float,
    offset: float = 0.0,
) -> Tensor:
    """Distance of every cell of a map to a point.

    Cell i is centred at `(i + offset) * stride` pixels: `offset=0` for the score maps
    of even filters, 0.5 for feature maps and the maps of odd filters.

    Args:
        centers_xy: points in pixels of the network input, shape `(*, 2)`.
        size: rows and columns of the map.
        stride: pixels a cell.
        offset: where cell 0 is centred, in cells.

    Returns:
        Euclidean distance in cells, shape `(*, rows, columns)`.

    Raises:
        ShapeError: the last dimension of `centers_xy` is not 2.

    Example:
        >>> distance_map(torch.tensor([16.0, 0.0]), (1, 3), stride=16)
        tensor([[1., 0., 1.]])
    """
    check_last_dim(centers_xy, 2, name="centers_xy")
    rows, columns = size
    cells = centers_xy / stride - offset
    row = torch.arange(rows, device=cells.device, dtype=cells.dtype)
    column = torch.arange(columns, device=cells.device, dtype=cells.dtype)
    dy = row[:, None] - cells[..., 1, None, None]  # (*, rows, 1)
    dx = column - cells[..., 0, None, None]  # (*, 1, columns)
    return (dy.square() + dx.square()).sqrt()


def distance_bins(distances: Tensor, *, count: int = 100, width: float = 0.1) -> Tensor:
    """Spread distances over triangular bins that add up to 1.

    Bin k peaks at `k * width` and falls to 0 at its neighbours; the last one stays at
    1 for everything farther away.

    Args:
        distances: in cells, not negative, shape `(*, H, W)`.
        count: number of bins, at least 2.
        width: distance between two bins, in cells.

    Returns:
        Weights in [0, 1], shape `(*, count, H, W)`.

    Raises:
        ConfigError: fewer than 2 bins, or a width that is not positive.

    Example:
        >>> distance_bins(torch.tensor([[0.25, 9.0]]), count=3, width=1.0)[:, 0]
        tensor([[0.7500, 0.0000],
                [0.2500, 0.0000],
                [0.0000, 1.0000]])
    """
    if count < 2 or not width > 0:
        raise ConfigError(
            "distance_bins needs at least 2 bins and a width above 0, got "
            f"count={count} and width={width}."
        )
    position = (distances / width).unsqueeze(-3)  # (*, 1, H, W)
    peaks = torch.arange(count, device=distances.device, dtype=distances.dtype)
    relative = position - peaks[:, None, None]  # (*, count, H, W)
    inner = (1 - relative[..., :-1, :, :].abs()).clamp(min=0)
    last = (1 + relative[..., -1:, :, :]).clamp(0, 1)
    return torch.cat([inner, last], dim=-3)
