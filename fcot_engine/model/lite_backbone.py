"""The small encoder-decoder of the `lite` preset."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fcot_engine.config import BackboneConfig
from fcot_engine.model.gradient_features import GradientFeatures

__all__ = ["BackboneFeatures", "LiteBackbone"]


class BackboneFeatures(NamedTuple):
    """What the heads work on."""

    coarse: Tensor
    """Encoder at stride 16, `(N, C16, S / 16, S / 16)`."""
    fine: Tensor
    """Decoder at stride 4, `(N, C4, S / 4, S / 4)`."""
    fixed: Tensor | None
    """Fixed features at stride 4, or None."""
    detail: Tensor | None
    """What the box regression sees in its wide window, at stride 4, or None: the fixed
    features, and others behind them."""


class LiteBackbone(nn.Module):
    """Fixed gradient features and a small residual network over them and the pixels.

    The learned part sees the patch through a strided stem and the fixed features, goes
    down to stride 16 and comes back to stride 4 (paper, section III-A a).
    """

    def __init__(self, config: BackboneConfig) -> None:
        super().__init__()
        fine, middle, coarse = config.widths
        fixed = GradientFeatures.CHANNELS if config.use_gradient_features else 0
        self.fixed = GradientFeatures() if fixed else None
        self.stem = nn.Sequential(
            _conv_bn(3, 16, 3, stride=2), nn.ReLU(), _conv_bn(16, 24, 3, stride=2)
        )
        self.enter = nn.Sequential(_conv_bn(24 + fixed, fine, 1), nn.ReLU())
        self.stage4 = _stage(fine, fine, config.blocks[0], stride=1)
        self.stage8 = _stage(fine, middle, config.blocks[1], stride=2)
        self.stage16 = _stage(middle, coarse, config.blocks[2], stride=2)
        self.coarse_width = coarse
        self.detail_width = fixed
        width = config.decoder_width
        self.lateral16 = nn.Conv2d(coarse, width, 1)
        self.lateral8 = nn.Conv2d(middle, width, 1)
        self.lateral4 = nn.Conv2d(fine, width, 1)
        self.smooth = nn.Sequential(_conv_bn(width, width, 3), nn.ReLU())

    def forward(self, images: Tensor) -> BackboneFeatures:
        """Extract features of `(N, 3, S, S)` RGB in [0, 1], S a multiple of 16."""
        fixed = None if self.fixed is None else self.fixed(images)
        stem = self.stem((images - 0.45) / 0.25)
        entry = stem if fixed is None else torch.cat([stem, fixed], 1)
        map4 = self.stage4(self.enter(entry))
        map8 = self.stage8(map4)
        map16 = self.stage16(map8)
        up8 = _double(self.lateral16(map16)) + self.lateral8(map8)
        up4 = _double(up8) + self.lateral4(map4)
        return BackboneFeatures(map16, self.smooth(up4), fixed, fixed)


class _ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut."""

    def __init__(self, before: int, after: int, *, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _conv_bn(before, after, 3, stride=stride),
            nn.ReLU(),
            _conv_bn(after, after, 3),
        )
        same = before == after and stride == 1
        self.shortcut = (
            nn.Identity() if same else _conv_bn(before, after, 1, stride=stride)
        )

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.body(x) + self.shortcut(x))


def _stage(before: int, after: int, blocks: int, *, stride: int) -> nn.Sequential:
    layers = [_ResidualBlock(before, after, stride=stride)]
    layers += [_ResidualBlock(after, after, stride=1) for _ in range(blocks - 1)]
    return nn.Sequential(*layers)


def _conv_bn(before: int, after: int, side: int, *, stride: int = 1) -> nn.Sequential:
    conv = nn.Conv2d(before, after, side, stride, side // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(after))


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
