"""Modulated deformable convolution (v2), 3x3, padding 1, one group.

Each of the nine taps reads the map at its own fractional place and is scaled by its
own modulation. All taps are read by one bilinear `grid_sample`; a matrix product with
the kernel follows. This needs no extension and is faster on CPU than a fused loop.
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
    grid = _sampling_grid(offsets)  # (N, 9 * H, W, 2)
    taps = F.grid_sample(
        features, grid, mode="bilinear", padding_mode="zeros", align_corners=False
    )
    taps = taps.view(n, channels, TAPS, height, width) * modulation.unsqueeze(1)
    columns = taps.reshape(n, channels * TAPS, height * width)
    out = weight.reshape(out_channels, channels * TAPS) @ columns  # (N, out, H * W)
    if bias is not None:
        out = out + bias[:, None]
    return out.view(n, out_channels, height, width)


def _sampling_grid(offsets: Tensor) -> Tensor:
    """Places all taps read, in the units of `grid_sample`, shape `(N, 9 * H, W, 2)`."""
    n, _, height, width = offsets.shape
    moved = offsets.view(n, TAPS, 2, height, width)
    reach = torch.arange(KERNEL_SIDE, device=offsets.device, dtype=offsets.dtype) - 1
    tap_y = reach.repeat_interleave(KERNEL_SIDE)[:, None, None]  # (9, 1, 1)
    tap_x = reach.repeat(KERNEL_SIDE)[:, None, None]
    row = torch.arange(height, device=offsets.device, dtype=offsets.dtype)[:, None]
    column = torch.arange(width, device=offsets.device, dtype=offsets.dtype)
    y = moved[:, :, 0] + tap_y + row  # (N, 9, H, W), cell i centred at i
    x = moved[:, :, 1] + tap_x + column
    grid = torch.stack([(2 * x + 1) / width - 1, (2 * y + 1) / height - 1], dim=-1)
    return grid.view(n, TAPS * height, width, 2)


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
