"""Boxes around something that moves or stands out, without any detector.

The motion of the camera is taken for a shift of the whole picture, found by phase
correlation. What differs after that shift moves by itself; edges count a little, too.
Of many random boxes those win that have more of both inside than in the ring around.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from fcot_engine.geometry import box_iou, xyxy_to_xywh
from fcot_engine.training._draws import Draws

_LONG_SIDE = 160  # cells of the saliency map
_EDGE_SHARE = 0.25
_CANDIDATES = 3000
_SIZES = (0.12, 0.5)  # square root of the area over the shorter side of the frame
_RATIOS = (0.4, 2.5)  # width over height
_RING = 1.6  # side of box and ring together over that of the box
_MIN_CONTRAST = 0.15
_MAX_OVERLAP = 0.2
_MIN_SIDE_PX = 12.0
_PEAKS = 6  # shifts that are tried


def propose_boxes(
    frame: NDArray[np.uint8], later: NDArray[np.uint8], count: int, draw: Draws
) -> list[tuple[float, float, float, float]]:
    """Propose boxes in a frame, the most salient first.

    Args:
        frame: RGB, `(H, W, 3)`.
        later: another frame of the same video, a few frames on.
        count: the most boxes to return; they hardly overlap.
        draw: draws the candidates, on the CPU.

    Returns:
        x, y, width, height in image pixels; fewer than `count`, even none, where
        nothing stands out.
    """
    height, width = frame.shape[:2]
    saliency = measure_saliency(frame, later)
    cell_px = width / saliency.shape[1]
    boxes = _draw_boxes(saliency.shape, draw)
    inside, ring = _measure_contrast(saliency, boxes)
    contrast = (inside - ring) / (inside + ring).clamp(min=1e-6)
    size = (boxes[:, 2:] - boxes[:, :2]).prod(-1).sqrt()
    is_large = (boxes[:, 2:] - boxes[:, :2]).amin(-1) * cell_px >= _MIN_SIDE_PX
    # without its size the most salient spot of an object would be best
    score = (inside - ring) * size * is_large
    chosen: list[int] = []
    for place in score.argsort(descending=True).tolist():
        if len(chosen) == count or contrast[place] < _MIN_CONTRAST:
            break
        if not is_large[place]:
            break
        if not chosen or bool(
            (box_iou(boxes[chosen], boxes[place]) < _MAX_OVERLAP).all()
        ):
            chosen.append(place)
    scale = torch.tensor([width / saliency.shape[1], height / saliency.shape[0]] * 2)
    found = xyxy_to_xywh(boxes[chosen] * scale)
    return [(x, y, w, h) for x, y, w, h in found.tolist()]


def measure_saliency(frame: NDArray[np.uint8], later: NDArray[np.uint8]) -> Tensor:
    """Where things move by themselves, or have edges.

    Args:
        frame: RGB, `(H, W, 3)`.
        later: another frame of the same size.

    Returns:
        A map of the first frame with a long side of 160 cells, `(h, w)`, mean about 1.
    """
    a, b = _shrink(frame), _shrink(later)
    difference = _difference(a, b, find_shift(a, b))
    step_x, step_y = torch.zeros_like(a), torch.zeros_like(a)
    step_x[:, 1:-1] = (a[:, 2:] - a[:, :-2]).abs()
    step_y[1:-1] = (a[2:] - a[:-2]).abs()
    edges = step_x + step_y
    # along an edge a part of a cell of shift makes a difference that is no motion
    moved = (difference - 0.5 * edges).clamp(min=0)
    moved, edges = (
        _smooth(each) / each.mean().clamp(min=1e-3) for each in (moved, edges)
    )
    return (1 - _EDGE_SHARE) * moved + _EDGE_SHARE * edges


def find_shift(a: Tensor, b: Tensor) -> tuple[int, int]:
    """Cells by which most of `b` is shifted against `a`, down and right.

    The highest peaks of the phase correlation are tried, and no shift at all.

    Args:
        a: a gray picture, `(h, w)`.
        b: another one of that size.

    Example:
        >>> picture = torch.rand(40, 60, generator=torch.Generator().manual_seed(0))
        >>> find_shift(picture, torch.roll(picture, (3, -5), (0, 1)))
        (3, -5)
    """
    height, width = a.shape
    window = torch.hann_window(height)[:, None] * torch.hann_window(width)
    spectra = [torch.fft.rfft2((each - each.mean()) * window) for each in (a, b)]
    cross = spectra[1] * spectra[0].conj()
    peaks = torch.fft.irfft2(cross / cross.abs().clamp(min=1e-6), s=(height, width))
    highest = peaks.flatten().topk(_PEAKS).indices.tolist()
    shifts = [(0, 0)]
    for down, right in (divmod(place, width) for place in highest):
        shifts.append(
            (
                down - height if down > height // 2 else down,
                right - width if right > width // 2 else right,
            )
        )
    # a high peak may belong to a bright object: most of the picture decides
    return min(shifts, key=lambda shift: float(_difference(a, b, shift).median()))


def _difference(a: Tensor, b: Tensor, shift: tuple[int, int]) -> Tensor:
    """What is left after a shift; 0 where the shift brought in the other side."""
    difference = (a - torch.roll(b, (-shift[0], -shift[1]), (0, 1))).abs()
    _clear_border_(difference, *shift)
    return difference


def _shrink(frame: NDArray[np.uint8]) -> Tensor:
    """Gray in [0, 1], at most 160 cells long."""
    gray = torch.from_numpy(frame.mean(axis=2, dtype=np.float32) / 255)
    ratio = min(1.0, _LONG_SIDE / max(gray.shape))
    size = [max(2, round(side * ratio)) for side in gray.shape]
    return F.interpolate(gray[None, None], size, mode="area")[0, 0]


def _clear_border_(difference: Tensor, down: int, right: int) -> None:
    """Set to 0 what the shift brought in from the other side."""
    height, width = difference.shape
    if down > 0:
        difference[height - down :] = 0
    elif down < 0:
        difference[:-down] = 0
    if right > 0:
        difference[:, width - right :] = 0
    elif right < 0:
        difference[:, :-right] = 0


def _smooth(cells: Tensor) -> Tensor:
    return F.avg_pool2d(cells[None, None], 3, 1, 1, count_include_pad=False)[0, 0]


def _draw_boxes(size: torch.Size, draw: Draws) -> Tensor:
    """Random corner boxes inside a map, whole cells, `(N, 4)`."""
    height, width = size
    side = draw.log_uniform(*_SIZES, _CANDIDATES) * min(height, width)
    ratio = draw.log_uniform(*_RATIOS, _CANDIDATES).sqrt()
    w = (side * ratio).clamp(2, width)
    h = (side / ratio).clamp(2, height)
    x = draw.uniform(0, 1, _CANDIDATES) * (width - w)
    y = draw.uniform(0, 1, _CANDIDATES) * (height - h)
    return torch.stack([x, y, x + w, y + h], -1).round()


def _measure_contrast(saliency: Tensor, boxes_xyxy: Tensor) -> tuple[Tensor, Tensor]:
    """Mean saliency inside of boxes and in the rings around them, `(N,)` each."""
    height, width = saliency.shape
    sums = F.pad(saliency.cumsum(0).cumsum(1), (1, 0, 1, 0))
    center = (boxes_xyxy[:, :2] + boxes_xyxy[:, 2:]) / 2
    half = (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]) / 2 * _RING
    around = torch.cat([center - half, center + half], -1).round()
    limit = torch.tensor([width, height, width, height])
    around = torch.minimum(around.clamp(min=0), limit)
    inside, n_inside = _sum_boxes(sums, boxes_xyxy)
    total, n_total = _sum_boxes(sums, around)
    ring = (total - inside) / (n_total - n_inside).clamp(min=1)
    return inside / n_inside.clamp(min=1), ring


def _sum_boxes(sums: Tensor, boxes_xyxy: Tensor) -> tuple[Tensor, Tensor]:
    left, top, right, bottom = boxes_xyxy.long().unbind(-1)
    total = (
        sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
    )
    return total, (right - left) * (bottom - top)
