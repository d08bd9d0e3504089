"""The regression branch: feature head, model generator, inputs of the rectifier.

A regression model is a matrix of shape (4, D), one row for each of left, right, top and
bottom. Its D inputs at one cell are

- the k x k x C learned features around the cell (the paper's 3 x 3 x 256),
- one constant, so that the model holds the mean box as well,
- optionally a wider window of fixed features, which teaches a size from the given box
  alone, without any training.

The first two blocks are a convolution and a bias; `DetailWindow` makes the third.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fcot_engine.config.network import FINE_STRIDE, RegressorConfig
from fcot_engine.ops.roi_pooling import prroi_pool

__all__ = ["DetailWindow", "RegressionBranch", "gather_patches"]


class DetailWindow(NamedTuple):
    """How the fixed features of one target enter its regression model."""

    taps: Tensor
    """Weight of each tap, `(side * side,)`, falling with the target's size."""
    mean: Tensor
    """Mean input over the given samples, `(fixed channels * side * side,)`."""

    def normalise(self, patches: Tensor) -> Tensor:
        """Weight and centre raw patches, `(*, channels * side * side)`."""
        channels = patches.shape[-1] // len(self.taps)
        return patches * self.taps.repeat(channels) - self.mean


class RegressionBranch(nn.Module):
    """Everything of the box regression that is learned offline."""

    def __init__(
        self, config: RegressorConfig, *, decoder_width: int, fixed_channels: int
    ) -> None:
        super().__init__()
        self.config = config
        self.fixed_channels = fixed_channels if config.detail_side else 0
        self.head = nn.Sequential(
            *_conv_bn(decoder_width, config.channels),
            *_conv_bn(config.channels, config.channels),
        )
        self.generator_head = nn.Sequential(*_conv_bn(decoder_width, config.channels))
        size = self.learned_size
        self.generator = nn.Linear(size, 4 * size)
        nn.init.zeros_(self.generator.weight)
        nn.init.zeros_(self.generator.bias)
        self.eta = nn.Parameter(torch.tensor(config.regularisation))

    @property
    def learned_size(self) -> int:
        """Number of learned inputs, k * k * C."""
        return self.config.channels * self.config.filter_side**2

    @property
    def input_size(self) -> int:
        """D: learned inputs, the constant, fixed inputs."""
        detail = self.fixed_channels * self.config.detail_side**2
        return self.learned_size + 1 + detail

    def generate(self, decoder_map: Tensor, boxes_xywh: Tensor) -> Tensor:
        """Make regression models from the look of some targets (the generator).

        The constant row holds the half sizes of the boxes, so a model of a network
        without training says "the target keeps its size".

        Args:
            decoder_map: `(N, C4, H, W)`.
            boxes_xywh: `(N, 4)` in patch pixels.

        Returns:
            Mean model over the N samples, shape `(4, D)`.
        """
        return self.generate_each(decoder_map, boxes_xywh).mean(0)

    def generate_each(self, decoder_map: Tensor, boxes_xywh: Tensor) -> Tensor:
        """Make one regression model a sample, `(N, 4, D)`; see `generate`."""
        corners = torch.cat(
            [boxes_xywh[:, :2], boxes_xywh[:, :2] + boxes_xywh[:, 2:]], 1
        )
        pooled = prroi_pool(
            self.generator_head(decoder_map),
            corners,
            self.config.filter_side,
            stride=FINE_STRIDE,
            offset=0.5,
        ).flatten(1)
        learned = self.generator(pooled).view(-1, 4, self.learned_size)
        half = boxes_xywh[:, [2, 2, 3, 3]] / 2 / self.config.offset_unit_px
        constant = half[..., None] / self.config.bias_value
        detail = learned.new_zeros(
            len(learned), 4, self.input_size - self.learned_size - 1
        )
        return torch.cat([learned, constant, detail], -1)

    def learned_inputs(self, regression_map: Tensor, cells: Tensor) -> Tensor:
        """Learned inputs and the constant at one cell of each map.

        Args:
            regression_map: output of `head`, `(N, C, H, W)`.
            cells: `(N, 2)` whole numbers, column and row.

        Returns:
            `(N, learned_size + 1)`.
        """
        patches = gather_patches(regression_map, cells, side=self.config.filter_side)
        constant = patches.new_full((len(patches), 1), self.config.bias_value)
        return torch.cat([patches / self.learned_size**0.5, constant], -1)

    def offset_maps(self, regression_map: Tensor, models: Tensor) -> Tensor:
        """Offsets in every cell from the learned inputs and the constant (Eq. 2).

        Args:
            regression_map: output of `head`, `(B, N, C, H, W)`.
            models: `(B, 4, D)` or `(B, 4, learned_size + 1)`, one for N maps each.

        Returns:
            Left, right, top, bottom in patch pixels, `(B, N, 4, H, W)`.
        """
        height, width = regression_map.shape[-2:]
        side = self.config.filter_side
        columns = F.unfold(regression_map.flatten(0, 1), side, padding=side // 2)
        columns = columns.unflatten(0, regression_map.shape[:2])  # (B, N, k*k*C, H*W)
        size = self.learned_size
        learned = models[..., :size] / size**0.5
        offsets: Tensor = learned[:, None] @ columns + models[
            :, None, :, size, None
        ] * (self.config.bias_value)
        maps: Tensor = (offsets * self.config.offset_unit_px).unflatten(
            -1, (height, width)
        )
        return maps

    def detail_patches(self, fixed_map: Tensor, cells: Tensor) -> Tensor:
        """Raw fixed inputs at one cell of each map, `(N, channels * side * side)`."""
        return gather_patches(
            fixed_map,
            cells,
            side=self.config.detail_side,
            dilation=self.config.detail_dilation,
        )

    def detail_window(self, target_wh: Tensor, patches: Tensor) -> DetailWindow:
        """Fit the window to a target's size and centre it on the given samples.

        Args:
            target_wh: width and height in patch pixels, `(2,)`.
            patches: raw patches of the given samples, `(N, channels * side * side)`.
        """
        side, dilation = self.config.detail_side, self.config.detail_dilation
        place = torch.arange(side, device=patches.device) - side // 2
        place = place * dilation * FINE_STRIDE
        spread = self.config.detail_window * target_wh.clamp(min=FINE_STRIDE)
        weight_x = torch.exp(-0.5 * (place / spread[0]) ** 2)
        weight_y = torch.exp(-0.5 * (place / spread[1]) ** 2)
        taps = (weight_y[:, None] * weight_x[None, :]).flatten()
        centred = patches * taps.repeat(patches.shape[1] // len(taps))
        mean = centred.mean(0)
        power = (centred - mean).square().sum(1).mean()
        scale = power.clamp(min=1e-6).rsqrt()  # inputs have a mean power of one
        return DetailWindow(taps * scale, mean * scale)


def gather_patches(
    maps: Tensor, cells: Tensor, *, side: int, dilation: int = 1
) -> Tensor:
    """Read the cells around one cell of each map, zero outside.

    Args:
        maps: `(N, C, H, W)`.
        cells: `(N, 2)` whole numbers, column and row, inside the maps.
        side: cells along each axis, odd.
        dilation: distance of two of them.

    Returns:
        `(N, C * side * side)`, in the order of a convolution's kernel.
    """
    reach = side // 2 * dilation
    padded = F.pad(maps, (reach, reach, reach, reach))
    steps = torch.arange(side, device=maps.device) * dilation
    rows = cells[:, 1, None] + steps  # (N, side)
    columns = cells[:, 0, None] + steps
    sample = torch.arange(len(maps), device=maps.device)[:, None, None]
    patches = padded[sample, :, rows[:, :, None], columns[:, None, :]]  # (N, s, s, C)
    return patches.permute(0, 3, 1, 2).flatten(1)


def _conv_bn(before: int, after: int) -> tuple[nn.Module, ...]:
    conv = nn.Conv2d(before, after, 3, padding=1, bias=False)
    # batch norm: the same for patches of any size, unlike group norm
    return conv, nn.BatchNorm2d(after), nn.ReLU()
