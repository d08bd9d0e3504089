"""What the network is trained on: score labels, score loss and box loss."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from fcot_engine.errors import ConfigError, ShapeError, check_ndim
from fcot_engine.ops.map_cells import cell_points, distance_map, encode_offsets


def gaussian_label(
    centers_xy: Tensor,
    size: tuple[int, int],
    sigma: float,
    *,
    stride: float,
    offset: float = 0.0,
) -> Tensor:
    """Score map wanted for a target, with its peak between cells where it belongs.

    Args:
        centers_xy: target centres in pixels of the network input, shape `(*, 2)`.
        size: rows and columns of the map.
        sigma: standard deviation in cells.
        stride: pixels a cell.
        offset: where cell 0 is centred, in cells; see `distance_map`.

    Returns:
        Values in [0, 1], shape `(*, rows, columns)`; 1 exactly at the centre.

    Raises:
        ShapeError: the last dimension of `centers_xy` is not 2.
        ConfigError: sigma is not positive.
    """
    if not sigma > 0:
        raise ConfigError(f"sigma must be above 0 cells, got {sigma}.")
    distances = distance_map(centers_xy, size, stride=stride, offset=offset)
    return (-0.5 * (distances / sigma).square()).exp()


def hinge_classification_loss(
    scores: Tensor, labels: Tensor, *, threshold: float = 0.05
) -> Tensor:
    """Mean squared score error that forgives negative scores on the background.

    Where the label is below `threshold`, only a score above 0 is an error; elsewhere
    the score has to equal the label.

    Args:
        scores: any shape.
        labels: same shape, or broadcastable.
        threshold: labels below it are background.

    Returns:
        The loss, a scalar.

    Example:
        >>> scores = torch.tensor([-3.0, 1.0, 0.5])
        >>> hinge_classification_loss(scores, torch.tensor([0.0, 0.0, 1.0]))
        tensor(0.4167)
    """
    background = labels < threshold
    error = torch.where(background, scores.clamp(min=0), scores - labels)
    return error.square().mean()


def offset_iou_loss(
    offsets: Tensor,
    boxes_xyxy: Tensor,
    *,
    stride: float,
    radius: int = 2,
    unit: Literal["cells", "px"] = "cells",
    smooth: float = 1.0,
) -> Tensor:
    """Negative log IoU of predicted offsets around the target centres.

    `-ln((I + smooth) / (U + smooth))`, averaged over all cells that are supervised:
    those within `radius` of the centre's cell, in the map and inside the box.

    Args:
        offsets: left, right, top, bottom as predicted, shape `(N, 4, H, W)`.
        boxes_xyxy: true boxes in pixels of the network input, shape `(N, 4)`.
        stride: pixels a cell.
        radius: cells around the centre's cell that are supervised.
        unit: of the offsets, and so of the areas that `smooth` is added to.
        smooth: added to intersection and union, in squared units; 1 cell in the
            released code, a small number for the plain IoU. It must be above 0.

    Returns:
        The loss, a scalar, 0 where no cell is supervised.

    Raises:
        ShapeError: offsets are not `(N, 4, H, W)`, or the boxes not `(N, 4)`.
        ConfigError: smooth is not positive.
    """
    check_ndim(offsets, 4, name="offsets", layout="N, 4, H, W")
    if offsets.shape[:2] != (boxes_xyxy.shape[0], 4):
        raise ShapeError(
            f"offsets must have shape ({boxes_xyxy.shape[0]}, 4, H, W) for these "
            f"boxes, got {tuple(offsets.shape)}."
        )
    if not smooth > 0:
        raise ConfigError(f"smooth must be above 0, got {smooth}. Use e.g. 1e-6.")
    size = (offsets.shape[-2], offsets.shape[-1])
    targets, supervised = _offset_targets(
        boxes_xyxy, size, stride=stride, radius=radius
    )
    if unit == "cells":
        targets = targets / stride
    overlap = _area(torch.minimum(offsets, targets))  # (N, H, W)
    union = _area(offsets) + _area(targets) - overlap
    loss = -((overlap + smooth) / (union + smooth)).log()
    loss = torch.where(supervised, loss, torch.zeros_like(loss))
    return loss.sum() / supervised.sum().clamp(min=1)


def _offset_targets(
    boxes_xyxy: Tensor, size: tuple[int, int], *, stride: float, radius: int
) -> tuple[Tensor, Tensor]:
    """Offsets wanted around the centres of boxes, in pixels, and where they count.

    Returns:
        Left, right, top, bottom of every cell, `(N, 4, H, W)`, and which cells are
        near the centre and inside the box, bool, `(N, H, W)`.
    """
    points = cell_points(
        size, stride=stride, device=boxes_xyxy.device, dtype=boxes_xyxy.dtype
    )
    targets = encode_offsets(boxes_xyxy[:, None, None], points)  # (N, H, W, 4)
    centers = (boxes_xyxy[:, :2] + boxes_xyxy[:, 2:]) / 2
    center_cells = (
        (centers / stride).floor() + 0.5
    ) * stride  # (N, 2), a cell's middle
    away = (points - center_cells[:, None, None]).abs().amax(dim=-1)  # (N, H, W)
    near = away < (radius + 0.5) * stride
    inside = (targets > 0).all(dim=-1)
    return targets.permute(0, 3, 1, 2), near & inside


def _area(offsets: Tensor) -> Tensor:
    """Area of the boxes of `(N, 4, H, W)` offsets, `(N, H, W)`; 0 if turned over."""
    left, right, top, bottom = offsets.unbind(dim=1)
    return (left + right).clamp(min=0) * (top + bottom).clamp(min=0)
