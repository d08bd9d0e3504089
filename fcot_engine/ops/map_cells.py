"""What the cells of a map stand for: points, distances, and offsets to a box.

Offsets are the distances from a point to the four sides of a box (Eq. 3 of the paper):
four values in the order left, right, top, bottom, in pixels of the network input.
Cell (row i, column j) of a feature map speaks for the point
`((j + 0.5) * stride, (i + 0.5) * stride)`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from fcot_engine.errors import check_last_dim


def cell_points(
    size: tuple[int, int],
    *,
    stride: float,
    offset: float = 0.5,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
) -> Tensor:
    """Centres of all cells of a map, in pixels of the network input.

    Args:
        size: rows and columns of the map.
        stride: pixels a cell.
        offset: where cell 0 is centred, in cells.
        device: where the result lives.
        dtype: floating type of the result; the default one if None.

    Returns:
        (x, y) of each cell, shape `(rows, columns, 2)`.

    Example:
        >>> cell_points((1, 2), stride=4)
        tensor([[[2., 2.],
                 [6., 2.]]])
    """
    rows, columns = size
    dtype = dtype or torch.get_default_dtype()
    y = (torch.arange(rows, device=device, dtype=dtype) + offset) * stride
    x = (torch.arange(columns, device=device, dtype=dtype) + offset) * stride
    return torch.stack([x.expand(rows, -1), y[:, None].expand(-1, columns)], dim=-1)


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


def encode_offsets(boxes_xyxy: Tensor, points_xy: Tensor) -> Tensor:
    """Distances from points to the sides of boxes.

    Args:
        boxes_xyxy: shape `(*, 4)`, in the frame of the points.
        points_xy: shape `(*, 2)`, broadcastable to the boxes.

    Returns:
        Left, right, top, bottom, shape `(*, 4)`; negative on a side that the point
        lies beyond.

    Raises:
        ShapeError: a last dimension is wrong.

    Example:
        >>> box = torch.tensor([10.0, 20.0, 40.0, 60.0])
        >>> encode_offsets(box, torch.tensor([15.0, 50.0]))
        tensor([ 5., 25., 30., 10.])
    """
    check_last_dim(boxes_xyxy, 4, name="boxes_xyxy")
    check_last_dim(points_xy, 2, name="points_xy")
    x0, y0, x1, y1 = boxes_xyxy.unbind(dim=-1)
    x, y = points_xy.unbind(dim=-1)
    return torch.stack([x - x0, x1 - x, y - y0, y1 - y], dim=-1)


def decode_offsets(points_xy: Tensor, offsets_lrtb: Tensor) -> Tensor:
    """Boxes from points and the distances to their sides; undoes `encode_offsets`.

    Args:
        points_xy: shape `(*, 2)`, in pixels.
        offsets_lrtb: left, right, top, bottom in pixels, shape `(*, 4)`.

    Returns:
        Corner boxes, shape `(*, 4)`.

    Raises:
        ShapeError: a last dimension is wrong.

    Example:
        >>> point = torch.tensor([15.0, 50.0])
        >>> decode_offsets(point, torch.tensor([5.0, 25.0, 30.0, 10.0]))
        tensor([10., 20., 40., 60.])
    """
    check_last_dim(points_xy, 2, name="points_xy")
    check_last_dim(offsets_lrtb, 4, name="offsets_lrtb")
    left, right, top, bottom = offsets_lrtb.unbind(dim=-1)
    x, y = points_xy.unbind(dim=-1)
    return torch.stack([x - left, y - top, x + right, y + bottom], dim=-1)
