"""Modulated deformable convolution (v2), 3x3, padding 1, one group.

Each of the nine taps reads the map at its own fractional place and is scaled by its
own modulation. A reading is a weighted sum of four rows of the table cell x channel,
so one `embedding_bag` makes all of them and a matrix product with the kernel follows.
That needs no extension and runs on every device; unlike `grid_sample` it takes cells
as they are, without scaling them to [-1, 1] and back, and its gradient is a quick
scatter of whole rows.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fcot_engine.checks import check_ndim
from fcot_engine.errors import ShapeError

__all__ = ["ModulatedDeformConv2d", "modulated_deform_conv2d"]

KERNEL_SIDE = 3
TAPS = KERNEL_SIDE**2


def modulated_deform_conv2d(
    features: Tensor,
    offsets: Tensor,
    modulation: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
) -> Tensor:
    """Convolve 3x3 with every tap moved and scaled.

    Bilinear reading takes the map as zero outside, so a tap at a coordinate <= -1 or
    >= size reads 0 and one between -1 and 0 reads a part of the border cell.

    Args:
        features: shape `(N, C, H, W)`.
        offsets: shift of each tap in cells, shape `(N, 18, H, W)`, ordered (dy, dx)
            for the kernel positions row by row.
        modulation: factor of each tap, shape `(N, 9, H, W)`.
        weight: kernel, shape `(out, C, 3, 3)`.
        bias: shape `(out)`, or None.

    Returns:
        Shape `(N, out, H, W)`.

    Raises:
        ShapeError: the shapes do not fit together.
    """
    _check_shapes(features, offsets, modulation, weight)
    n, channels, height, width = features.shape
    out_channels = weight.shape[0]
    cells, weights = _bilinear_corners(offsets, modulation)
    table = features.permute(0, 2, 3, 1).reshape(n * height * width, channels)
    taps = F.embedding_bag(
        cells, table, mode="sum", per_sample_weights=weights.to(table.dtype)
    )  # (N * H * W * 9, C)
    columns = taps.view(n, height * width, TAPS * channels).transpose(1, 2)
    kernel = weight.permute(0, 2, 3, 1).reshape(out_channels, TAPS * channels)
    out = kernel @ columns  # (N, out, H * W)
    if bias is not None:
        out = out + bias[:, None]
    return out.view(n, out_channels, height, width)


def _bilinear_corners(offsets: Tensor, modulation: Tensor) -> tuple[Tensor, Tensor]:
    """Which cells each tap reads, and how much of each.

    Args:
        offsets: shape `(N, 18, H, W)`.
        modulation: shape `(N, 9, H, W)`.

    Returns:
        Cell numbers in the whole batch, long, and weights with the modulation in
        them, both of shape `(N * H * W * 9, 4)`. A cell outside the map has the
        number 0 and the weight 0.
    """
    n, _, height, width = offsets.shape
    reach = _count(KERNEL_SIDE, like=offsets) - KERNEL_SIDE // 2
    tap_y, tap_x = reach.repeat_interleave(KERNEL_SIDE), reach.repeat(KERNEL_SIDE)
    moved = offsets.view(n, TAPS, 2, height, width).permute(0, 3, 4, 1, 2)
    row = _count(height, like=offsets)[:, None, None]
    column = _count(width, like=offsets)[:, None]
    y = moved[..., 0] + tap_y + row  # (N, H, W, 9), cell i centred at i
    x = moved[..., 1] + tap_x + column
    top, left = y.detach().floor(), x.detach().floor()
    down, right = y - top, x - left  # parts of the lower and of the right cell

    rows = torch.stack([top, top, top + 1, top + 1], dim=-1)  # (N, H, W, 9, 4)
    columns = torch.stack([left, left + 1, left, left + 1], dim=-1)
    up = 1 - down
    weights = torch.stack(
        [up * (1 - right), up * right, down * (1 - right), down * right], dim=-1
    )
    weights = weights * modulation.permute(0, 2, 3, 1).unsqueeze(-1)

    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    nowhere = torch.zeros_like(rows)
    cells = torch.where(inside, rows, nowhere).long() * width
    cells = cells + torch.where(inside, columns, nowhere).long()
    first = torch.arange(n, device=offsets.device) * (height * width)
    cells = cells + first.view(n, 1, 1, 1, 1) * inside
    return cells.reshape(-1, 4), (weights * inside).reshape(-1, 4)


def _count(n: int, *, like: Tensor) -> Tensor:
    """0, 1, ..., n - 1 on the device and in the dtype of another tensor."""
    return torch.arange(n, device=like.device, dtype=like.dtype)


def _check_shapes(
    features: Tensor, offsets: Tensor, modulation: Tensor, weight: Tensor
) -> None:
    check_ndim(features, 4, name="features", layout="N, C, H, W")
    n, channels, height, width = features.shape
    for name, tensor, size in (
        ("offsets", offsets, 2 * TAPS),
        ("modulation", modulation, TAPS),
    ):
        if tensor.shape != (n, size, height, width):
            raise ShapeError(
                f"{name} must have shape {(n, size, height, width)} for these "
                f"features, got {tuple(tensor.shape)}."
            )
    if weight.ndim != 4 or weight.shape[1:] != (channels, KERNEL_SIDE, KERNEL_SIDE):
        raise ShapeError(
            f"weight must have shape (out, {channels}, 3, 3) for these features, got "
            f"{tuple(weight.shape)}."
        )


class ModulatedDeformConv2d(nn.Module):
    """3x3 deformable convolution that predicts its own offsets and modulation.

    `conv_offset_mask` starts at zero, so training starts from a plain convolution
    with every tap halved (the sigmoid of 0), and the offsets start at 0.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        """Make the layer.

        Args:
            in_channels: channels of the input.
            out_channels: channels of the output.
        """
        super().__init__()
        self.weight = nn.Parameter(
            torch.empty(out_channels, in_channels, KERNEL_SIDE, KERNEL_SIDE)
        )
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.conv_offset_mask = nn.Conv2d(
            in_channels, 3 * TAPS, KERNEL_SIDE, padding=KERNEL_SIDE // 2
        )
        bound = 1 / math.sqrt(in_channels * TAPS)
        nn.init.uniform_(self.weight, -bound, bound)
        nn.init.zeros_(self.conv_offset_mask.weight)
        assert self.conv_offset_mask.bias is not None
        nn.init.zeros_(self.conv_offset_mask.bias)

    def forward(self, features: Tensor) -> Tensor:
        """Map `(N, in, H, W)` to `(N, out, H, W)`."""
        predicted = self.conv_offset_mask(features)  # (N, 27, H, W)
        offsets, logits = predicted.split([2 * TAPS, TAPS], dim=1)
        return modulated_deform_conv2d(
            features, offsets, logits.sigmoid(), self.weight, self.bias
        )
