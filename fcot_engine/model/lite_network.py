"""The network of the `lite` and `base` presets, over fixed and learned features."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fcot_engine.config import (
    COARSE_STRIDE,
    FINE_STRIDE,
    EfficientNetBackboneConfig,
    NetworkConfig,
)
from fcot_engine.model.classifier import ClassificationModel
from fcot_engine.model.efficientnet_features import EfficientNetFeatures
from fcot_engine.model.gradient_features import GradientFeatures
from fcot_engine.model.lite_backbone import BackboneFeatures, LiteBackbone
from fcot_engine.model.lite_regression import LiteRegression
from fcot_engine.model.network import BoxFeatures, ClassFeatures, FcotNet

__all__ = ["LiteNet"]


class LiteNet(FcotNet):
    """Fixed gradient and colour features beside those of a learned network."""

    regression: LiteRegression

    def __init__(self, config: NetworkConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or NetworkConfig()
        self.backbone: LiteBackbone | EfficientNetFeatures
        if isinstance(config.backbone, EfficientNetBackboneConfig):
            self.backbone = EfficientNetFeatures(config.backbone)
        else:
            self.backbone = LiteBackbone(config.backbone)
        fixed = (
            GradientFeatures.CHANNELS if config.backbone.use_gradient_features else 0
        )
        self.coarse_head = _ClassificationHead(
            self.backbone.coarse_width,
            config.coarse.channels,
            inside=config.coarse.head_width,
        )
        self.fine_head = _ClassificationHead(
            config.backbone.decoder_width,
            config.fine.channels,
            inside=config.fine.head_width,
        )
        ratio = COARSE_STRIDE // FINE_STRIDE // 2
        self.coarse = ClassificationModel(
            config.coarse,
            config.coarse.channels + fixed * ratio**2,
            stride=COARSE_STRIDE,
        )
        self.fine = ClassificationModel(
            config.fine, config.fine.channels + fixed, stride=FINE_STRIDE
        )
        self.regression = LiteRegression(
            config.regressor,
            decoder_width=config.backbone.decoder_width,
            fixed_channels=self.backbone.detail_width,
        )

    @property
    def has_fixed_features(self) -> bool:
        """Whether fixed features stand behind the learned channels of all maps."""
        return self.backbone.fixed is not None

    def encode(self, images: Tensor) -> BackboneFeatures:
        """Run the backbone with its decoder; see `FcotNet.encode`."""
        maps: BackboneFeatures = self.backbone(images)
        return maps

    def classify(self, encoding: object) -> ClassFeatures:
        """Learned maps of both scales, fixed features behind them."""
        maps = cast(BackboneFeatures, encoding)
        coarse, fine = self.coarse_head(maps.coarse), self.fine_head(maps.fine)
        if maps.fixed is not None:
            coarse = torch.cat([coarse, _coarsen(maps.fixed)], 1)
            fine = torch.cat([fine, maps.fixed], 1)
        return ClassFeatures(coarse, fine)

    def regress(self, encoding: object) -> BoxFeatures:
        """Learned regression map, and the maps that it is made from."""
        maps = cast(BackboneFeatures, encoding)
        regression = self.regression.head(maps.fine)
        return BoxFeatures(regression, maps.fine, None, maps.detail)


class _ClassificationHead(nn.Module):
    """One or two 3x3 convolutions and an instance norm with a learned gain."""

    def __init__(self, before: int, after: int, *, inside: int = 0) -> None:
        super().__init__()
        self.enter = nn.Identity() if inside == 0 else _conv_block(before, inside)
        self.conv = nn.Conv2d(inside or before, after, 3, padding=1)
        self.gain = nn.Parameter(torch.tensor(0.3))

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(self.enter(x))
        return self.gain * F.rms_norm(x, x.shape[1:], eps=1e-5)


def _conv_block(before: int, after: int) -> nn.Sequential:
    """A 3x3 convolution, batch norm and ReLU."""
    conv = nn.Conv2d(before, after, 3, padding=1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(after), nn.ReLU())


def _coarsen(fixed: Tensor) -> Tensor:
    """Stride 4 to stride 16: cells of 8 px, four of them side by side as channels."""
    return F.pixel_unshuffle(F.avg_pool2d(fixed, 2), 2)
