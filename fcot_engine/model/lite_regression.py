"""The regression branch of the `lite` preset.

A small head and generator on the decoder's map; a constant input holds the mean box,
and a window of fixed features teaches a size from the given box alone, without
training.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fcot_engine.config import FINE_STRIDE, RegressorConfig
from fcot_engine.geometry import xywh_to_xyxy
from fcot_engine.model.features import BoxFeatures
from fcot_engine.model.regression import RegressionBranch
from fcot_engine.ops import prroi_pool

__all__ = ["LiteRegression"]


class LiteRegression(RegressionBranch):
    """Head, generator and eta; see `RegressionBranch`."""

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
            *_conv_bn(decoder_width, config.channels),
            *_conv_bn(config.channels, config.channels),
        )
        self.generator_head = nn.Sequential(*_conv_bn(decoder_width, config.channels))
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


def _conv_bn(before: int, after: int) -> tuple[nn.Module, ...]:
    conv = nn.Conv2d(before, after, 3, padding=1, bias=False)
    # batch norm: the same for patches of any size, unlike group norm
    return conv, nn.BatchNorm2d(after), nn.ReLU()
