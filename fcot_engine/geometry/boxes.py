"""Boxes, and the one coordinate convention of this project.

Coordinates are continuous image pixels: x to the right, y down, the origin at the
top left *corner* of the top left pixel. Pixel (row i, column j) covers
[j, j + 1) x [i, i + 1) and has its centre at (j + 0.5, i + 0.5). A box covers
[x, x + w) x [y, y + h): its far edge is `x + w`, with no "- 1" anywhere, so the box
of a whole frame is (0, 0, width, height).

- `xywh`: top left corner and size, the form of files, of the public interface and of
  annotation tools. `xyxy`: two corners. `cxcywh`: centre and size.
- A feature map of stride s has cells that cover s x s pixels; cell i is centred at
  (i + 0.5) * s (Eq. 3 of the paper). Filters of even size give maps with one more
  cell, whose cell i is centred at i * s.
- Other conventions are converted once, at the border: files in `fcot_engine.formats`,
  napari's (t, y, x) with pixel centres on whole numbers in `napari_fcot.layers`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from fcot_engine.errors import BoxError, check_last_dim

BoxXywh = tuple[float, float, float, float]
"""One box outside of tensors: x, y, width, height in image pixels."""

MIN_SIDE_PX = 1e-3
"""A box with a shorter side has no area."""
_SLIP_SHARE = 0.1


def xywh_to_xyxy(boxes_xywh: Tensor) -> Tensor:
    """Turn top-left-and-size boxes into corner boxes, shape `(*, 4)` to `(*, 4)`.

    Example:
        >>> xywh_to_xyxy(torch.tensor([1.0, 2.0, 3.0, 4.0]))
        tensor([1., 2., 4., 6.])
    """
    check_last_dim(boxes_xywh, 4, name="boxes_xywh")
    return torch.cat(
        [boxes_xywh[..., :2], boxes_xywh[..., :2] + boxes_xywh[..., 2:]], -1
    )


def xyxy_to_xywh(boxes_xyxy: Tensor) -> Tensor:
    """Turn corner boxes into top-left-and-size boxes, shape `(*, 4)` to `(*, 4)`."""
    check_last_dim(boxes_xyxy, 4, name="boxes_xyxy")
    return torch.cat(
        [boxes_xyxy[..., :2], boxes_xyxy[..., 2:] - boxes_xyxy[..., :2]], -1
    )


def box_iou(a_xyxy: Tensor, b_xyxy: Tensor) -> Tensor:
    """Intersection over union of paired boxes.

    Args:
        a_xyxy: boxes in image pixels, shape `(*, 4)`.
        b_xyxy: boxes in the same frame, broadcastable to `a_xyxy`.

    Returns:
        IoU in [0, 1], shape `(*)`; 0 where the boxes do not overlap.

    Raises:
        ShapeError: the last dimension of an input is not 4.

    Example:
        >>> box_iou(torch.tensor([0., 0., 2., 2.]), torch.tensor([1., 0., 3., 2.]))
        tensor(0.3333)
    """
    check_last_dim(a_xyxy, 4, name="a_xyxy")
    check_last_dim(b_xyxy, 4, name="b_xyxy")
    top_left = torch.maximum(a_xyxy[..., :2], b_xyxy[..., :2])
    bottom_right = torch.minimum(a_xyxy[..., 2:], b_xyxy[..., 2:])
    inter = (bottom_right - top_left).clamp(min=0).prod(dim=-1)  # (*)
    union = _area(a_xyxy) + _area(b_xyxy) - inter  # (*)
    return inter / union.clamp(min=1e-7)  # two empty boxes give 0, not NaN


def _area(boxes_xyxy: Tensor) -> Tensor:
    return (boxes_xyxy[..., 2:] - boxes_xyxy[..., :2]).clamp(min=0).prod(dim=-1)


def check_box(box_xywh: Sequence[float], *, name: str = "box") -> BoxXywh:
    """Return a box of a frame that is not known: only its form is checked.

    Args:
        box_xywh: x, y, width, height in image pixels.
        name: how the message calls the box.

    Raises:
        BoxError: not four finite numbers, or no area.
    """
    if len(box_xywh) != 4:
        raise BoxError(
            f"{name} must be four numbers x, y, width, height; got {len(box_xywh)} of "
            "them. Write it as X,Y,W,H in pixels."
        )
    x, y, w, h = (float(value) for value in box_xywh)
    shown = _show(x, y, w, h)
    if not all(math.isfinite(value) for value in (x, y, w, h)):
        raise BoxError(
            f"{name} must be four finite numbers, got {shown}. Draw it again."
        )
    if w < MIN_SIDE_PX or h < MIN_SIDE_PX:
        raise BoxError(
            f"{name} must have a width and a height above 0, got {shown}. "
            "Draw it again."
        )
    return x, y, w, h


def check_box_in_frame(
    box_xywh: Sequence[float], *, width: int, height: int, name: str = "box"
) -> BoxXywh:
    """Return a usable box, cut at the frame's border.

    A box that reaches over the border is cut, since people draw so; a box that has no
    part inside, or that is larger than the frame on both sides, is refused.

    Args:
        box_xywh: x, y, width, height in image pixels.
        width: width of the frame in pixels.
        height: height of the frame in pixels.
        name: how the message calls the box.

    Raises:
        BoxError: not four finite numbers, no area, outside, or larger than the frame.
    """
    x, y, w, h = check_box(box_xywh, name=name)
    shown = _show(x, y, w, h)
    left, top, right, bottom = (
        max(x, 0.0),
        max(y, 0.0),
        min(x + w, width),
        min(y + h, height),
    )
    if right - left < MIN_SIDE_PX or bottom - top < MIN_SIDE_PX:
        raise BoxError(
            f"{name} lies outside the frame of {width}x{height} pixels: {shown}. "
            "Draw it on the object."
        )
    if w > width + 1 and h > height + 1:
        raise BoxError(
            f"{name} is larger than the frame of {width}x{height} pixels: {shown}. "
            "Draw it tightly around the object."
        )
    return left, top, right - left, bottom - top


def _show(x: float, y: float, w: float, h: float) -> str:
    return f"x={x:g}, y={y:g}, width={w:g}, height={h:g}"


def fit_drawn_box(
    box_xywh: Sequence[float], *, width: int, height: int, name: str = "box"
) -> BoxXywh:
    """Return a box that a person drew as it counts: the one rule for the border.

    What reaches over the border by a little was meant to end there, and is cut. More
    than a tenth of its area is no slip: the person draws targets as a whole, also
    where the picture ends, and the box stays as it is.

    Args:
        box_xywh: x, y, width, height in image pixels.
        width: width of the frame in pixels.
        height: height of the frame in pixels.
        name: how the message calls the box.

    Raises:
        BoxError: see `check_box_in_frame`.

    Example:
        >>> fit_drawn_box((-1.0, 0.0, 20.0, 20.0), width=100, height=50)
        (0.0, 0.0, 19.0, 20.0)
        >>> fit_drawn_box((-5.0, 0.0, 20.0, 20.0), width=100, height=50)
        (-5.0, 0.0, 20.0, 20.0)
    """
    cut = check_box_in_frame(box_xywh, width=width, height=height, name=name)
    whole = check_box(box_xywh, name=name)
    is_slip = share_outside(whole, width=width, height=height) <= _SLIP_SHARE
    return cut if is_slip else whole


def cut_to_frame(box_xywh: BoxXywh, *, width: int, height: int) -> BoxXywh:
    """Return the part of a box inside the frame; it must have one.

    Example:
        >>> cut_to_frame((-10.0, 5.0, 40.0, 20.0), width=100, height=20)
        (0.0, 5.0, 30.0, 15.0)
    """
    x, y, w, h = box_xywh
    if x >= 0 and y >= 0 and x + w <= width and y + h <= height:
        return box_xywh  # as it is, to the last bit
    left, top = max(x, 0.0), max(y, 0.0)
    return left, top, min(x + w, width) - left, min(y + h, height) - top


def share_outside(box_xywh: BoxXywh, *, width: int, height: int) -> float:
    """Return which share of a box's area lies outside of the frame, in [0, 1].

    Example:
        >>> share_outside((-10.0, 5.0, 40.0, 10.0), width=100, height=20)
        0.25
    """
    _, _, w, h = box_xywh
    _, _, inside_w, inside_h = cut_to_frame(box_xywh, width=width, height=height)
    return 1 - max(inside_w, 0.0) * max(inside_h, 0.0) / (w * h)
