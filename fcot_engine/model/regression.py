"""The regression branches: a regression model is a matrix on local inputs.

It has the shape (4, D), one row for each of left, right, top and
bottom. Its D inputs at one cell are

- the k x k x C learned features around the cell (the paper's 3 x 3 x 256),
- where `constant` is set, one constant, so that the model holds the mean box as well,
- where `fixed_channels` is above 0, a wider window of fixed features.

The first two blocks are a convolution and a bias, Eq. 2; `DetailWindow` makes the
third.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fcot_engine.config import FINE_STRIDE, PaperNetworkConfig, RegressorConfig
from fcot_engine.geometry import xywh_to_xyxy
from fcot_engine.model.features import BoxFeatures
from fcot_engine.model.heads import FilterGeneratorHead, RegressionHead, conv_block
from fcot_engine.ops import prroi_pool


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


class RegressionBranch(nn.Module, ABC):
    """Everything of the box regression that is learned offline."""

    eta: nn.Parameter
    """Of Eq. 4, the rectifier's only parameter."""
    channels: int
    """C, of the regression map."""
    filter_side: int
    """k, side of the filter in cells."""
    offset_unit_px: float
    """Patch pixels per unit of the offsets that the filters answer."""
    input_scale: float = 1.0
    """Factor on the learned inputs."""
    constant: float | None = None
    """The constant input, or None for a branch without one."""
    is_positive: bool = False
    """Whether offsets below 0 count as 0 (a ReLU on the offset maps)."""
    fixed_channels: int = 0
    """Channels of the fixed features that are looked at, or 0."""
    detail_side: int = 0
    """Side in taps of the window on them."""
    detail_dilation: int = 1
    """Distance of two of these taps in cells."""
    detail_width: float = 1.0
    """Width of the Gaussian window on the taps, over the target's size."""

    @abstractmethod
    def generate_each(self, features: BoxFeatures, boxes_xywh: Tensor) -> Tensor:
        """Make one regression model a sample, `(N, 4, D)`; see `generate`."""

    def generate(self, features: BoxFeatures, boxes_xywh: Tensor) -> Tensor:
        """Make a regression model from the look of a target (the generator).

        Args:
            features: of N patches.
            boxes_xywh: `(N, 4)` in patch pixels.

        Returns:
            Mean model over the N samples, shape `(4, D)`.
        """
        return self.generate_each(features, boxes_xywh).mean(0)

    @property
    def learned_size(self) -> int:
        """Number of learned inputs, k * k * C."""
        return self.channels * self.filter_side**2

    @property
    def plain_size(self) -> int:
        """Number of learned inputs and the constant."""
        return self.learned_size + (self.constant is not None)

    @property
    def input_size(self) -> int:
        """D: learned inputs, the constant, fixed inputs."""
        return self.plain_size + self.fixed_channels * self.detail_side**2

    def learned_inputs(self, regression_map: Tensor, cells: Tensor) -> Tensor:
        """Learned inputs and the constant at one cell of each map.

        Args:
            regression_map: output of the head, `(N, C, H, W)`.
            cells: `(N, 2)` whole numbers, column and row.

        Returns:
            `(N, plain_size)`.
        """
        patches = gather_patches(regression_map, cells, side=self.filter_side)
        patches = patches * self.input_scale
        if self.constant is None:
            return patches
        constant = patches.new_full((len(patches), 1), self.constant)
        return torch.cat([patches, constant], -1)

    def offset_maps(self, regression_map: Tensor, models: Tensor) -> Tensor:
        """Offsets in every cell from the learned inputs and the constant (Eq. 2).

        Args:
            regression_map: output of the head, `(B, N, C, H, W)`.
            models: `(B, 4, D)` or `(B, 4, plain_size)`, one for N maps each.

        Returns:
            Left, right, top, bottom in patch pixels, `(B, N, 4, H, W)`.
        """
        height, width = regression_map.shape[-2:]
        side, size = self.filter_side, self.learned_size
        columns = F.unfold(regression_map.flatten(0, 1), side, padding=side // 2)
        columns = columns.unflatten(0, regression_map.shape[:2])  # (B, N, k*k*C, H*W)
        offsets = (models[..., :size] * self.input_scale)[:, None] @ columns
        if self.constant is not None:
            offsets = offsets + models[:, None, :, size, None] * self.constant
        if self.is_positive:
            offsets = offsets.relu()
        maps: Tensor = (offsets * self.offset_unit_px).unflatten(-1, (height, width))
        return maps

    def detail_patches(self, fixed_map: Tensor, cells: Tensor) -> Tensor:
        """Raw fixed inputs at one cell of each map, `(N, channels * side * side)`."""
        return gather_patches(
            fixed_map, cells, side=self.detail_side, dilation=self.detail_dilation
        )

    def detail_window(self, target_wh: Tensor, patches: Tensor) -> DetailWindow:
        """Fit the window to a target's size and centre it on the given samples.

        Args:
            target_wh: width and height in patch pixels, `(2,)`.
            patches: raw patches of the given samples, `(N, channels * side * side)`.
        """
        side, dilation = self.detail_side, self.detail_dilation
        offset = torch.arange(side, device=patches.device) - side // 2
        offset = offset * dilation * FINE_STRIDE
        spread = self.detail_width * target_wh.clamp(min=FINE_STRIDE)
        weight_x = torch.exp(-0.5 * (offset / spread[0]) ** 2)
        weight_y = torch.exp(-0.5 * (offset / spread[1]) ** 2)
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
    if len(maps) == 1 and maps.device.type == "cpu":  # all else need not be padded
        column, row = cells[0].tolist()
        top, left = max(row - reach, 0), max(column - reach, 0)
        maps = maps[..., top : row + reach + 1, left : column + reach + 1]
        cells = cells - cells.new_tensor([left, top])
    padded = F.pad(maps, (reach, reach, reach, reach))
    steps = torch.arange(side, device=maps.device) * dilation
    rows = cells[:, 1, None] + steps  # (N, side)
    columns = cells[:, 0, None] + steps
    sample = torch.arange(len(maps), device=maps.device)[:, None, None]
    patches = padded[sample, :, rows[:, :, None], columns[:, None, :]]  # (N, s, s, C)
    return patches.permute(0, 3, 1, 2).flatten(1)


class PaperRegression(RegressionBranch):
    """Branch of the paper (sections III-A c and III-B).

    Filters of 4 x 256 x 3 x 3 that answer offsets in cells, without a constant.
    """

    is_positive = True  # the released network ends with a ReLU

    def __init__(self, config: PaperNetworkConfig) -> None:
        super().__init__()
        self.channels = config.regression_channels
        self.filter_side = config.regression_side
        self.offset_unit_px = float(FINE_STRIDE)
        self.head = RegressionHead(
            config.decoder_width,
            config.head_width,
            config.regression_channels,
            groups=config.groups,
            deformable=config.deformable,
        )
        # pooled with cells centred at i * stride, as the released weights were trained
        self.generator = FilterGeneratorHead(
            config.decoder_width,
            config.head_width,
            config.regression_channels,
            filter_size=config.regression_side,
            pool_offset=0.0,
            groups=config.groups,
            deformable=config.deformable,
        )
        self.eta = nn.Parameter(torch.tensor(config.regularisation))

    def generate_each(self, features: BoxFeatures, boxes_xywh: Tensor) -> Tensor:
        """Make one regression model a sample, `(N, 4, D)`."""
        assert features.decoder_coarse is not None
        filters: Tensor = self.generator(
            features.decoder_coarse, features.decoder, xywh_to_xyxy(boxes_xywh)
        )
        return filters.flatten(2)  # (N, 4, C * k * k)


class LiteRegression(RegressionBranch):
    """Branch of `lite` and `base`: a small head and generator on the decoder's map.

    A constant input holds the mean box, and a window of fixed features teaches a size
    from the given box alone, without training.
    """

    head_reach = 2
    """Cells around one that its regression features depend on: two 3x3 layers."""

    def __init__(
        self, config: RegressorConfig, *, decoder_width: int, fixed_channels: int
    ) -> None:
        super().__init__()
        self.config = config
        self.channels = config.channels
        self.filter_side = config.filter_side
        self.offset_unit_px = config.offset_unit_px
        self.input_scale = self.learned_size**-0.5
        self.constant = config.bias_value
        self.fixed_channels = fixed_channels if config.detail_side else 0
        self.detail_side = config.detail_side
        self.detail_dilation = config.detail_dilation
        self.detail_width = config.detail_window
        self.head = nn.Sequential(
            *conv_block(decoder_width, config.channels),
            *conv_block(config.channels, config.channels),
        )
        self.generator_head = conv_block(decoder_width, config.channels)
        self.generator = nn.Linear(self.learned_size, 4 * self.learned_size)
        nn.init.zeros_(self.generator.weight)
        nn.init.zeros_(self.generator.bias)
        self.eta = nn.Parameter(torch.tensor(config.regularisation))

    def generate_each(self, features: BoxFeatures, boxes_xywh: Tensor) -> Tensor:
        """Make one regression model a sample, `(N, 4, D)`.

        The constant row holds the half sizes of the boxes, so a model of a network
        without training says "the target keeps its size".
        """
        pooled = prroi_pool(
            self.generator_head(features.decoder),
            xywh_to_xyxy(boxes_xywh),
            self.filter_side,
            stride=FINE_STRIDE,
            offset=0.5,
        ).flatten(1)
        learned = self.generator(pooled).view(-1, 4, self.learned_size)
        half = boxes_xywh[:, [2, 2, 3, 3]] / 2 / self.offset_unit_px
        constant = half[..., None] / self.config.bias_value
        detail = learned.new_zeros(len(learned), 4, self.input_size - self.plain_size)
        return torch.cat([learned, constant, detail], -1)
