"""The encoder-decoder of the `base` preset: a ResNet over pixels and fixed features."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fcot_engine.config.network import ResNetBackboneConfig
from fcot_engine.model.decoder import UpsamplingDecoder
from fcot_engine.model.gradient_features import GradientFeatures
from fcot_engine.model.lite_backbone import BackboneFeatures
from fcot_engine.model.resnet import STEM_WIDTH, ResNetBackbone

__all__ = ["ResNetFeatures"]


class ResNetFeatures(nn.Module):
    """Fixed gradient features, and a ResNet with a decoder over them and the pixels.

    As in the paper (section III-A a), with a smaller ResNet; the fixed features enter
    before its first stage, where they have the resolution of its maps.

    Args:
        config: sizes.
    """

    def __init__(self, config: ResNetBackboneConfig) -> None:
        super().__init__()
        self.resnet = ResNetBackbone(config.depth)
        self.fixed: GradientFeatures | None = None
        if config.use_gradient_features:
            self.fixed = GradientFeatures()
            mix = nn.Conv2d(
                STEM_WIDTH + GradientFeatures.CHANNELS, STEM_WIDTH, 1, bias=False
            )
            self.mix = nn.Sequential(mix, nn.BatchNorm2d(STEM_WIDTH), nn.ReLU())
        self.decoder = UpsamplingDecoder(self.resnet.channels, config.decoder_width)
        self.coarse_width = self.resnet.channels[2]

    def forward(self, images: Tensor) -> BackboneFeatures:
        """Extract features of `(N, 3, S, S)` RGB in [0, 1], S a multiple of 16."""
        x = self.resnet.enter((images - 0.45) / 0.25)  # (N, 64, S / 4, S / 4)
        fixed = None
        if self.fixed is not None:
            fixed = self.fixed(images)
            x = self.mix(torch.cat([x, fixed], 1))
        taps = self.resnet.descend(x)
        return BackboneFeatures(taps.layer3, self.decoder(taps).fine, fixed)
