"""The encoder-decoder of `base`: a pre-trained trunk beside fixed features."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fcot_engine.config import FINE_STRIDE, EfficientNetBackboneConfig
from fcot_engine.model.decoder import UpsamplingDecoder
from fcot_engine.model.efficientnet import TAP_CHANNELS, EfficientNetLite
from fcot_engine.model.gradient_features import GradientFeatures
from fcot_engine.model.lite_backbone import BackboneFeatures
from fcot_engine.model.resnet import BackboneTaps

__all__ = ["EfficientNetFeatures"]

_TAP_DEVIATIONS = (9.0, 8.0, 6.0)
"""About those of the pre-trained taps on photos: the decoder starts balanced."""


class EfficientNetFeatures(nn.Module):
    """An EfficientNet with a decoder (paper, section III-A a), beside fixed features.

    Unlike in `lite`, the fixed features do not enter the network, which was trained
    without them.

    Args:
        config: sizes.
    """

    def __init__(self, config: EfficientNetBackboneConfig) -> None:
        super().__init__()
        self.fixed = GradientFeatures() if config.use_gradient_features else None
        self.trunk = EfficientNetLite()
        self.decoder = UpsamplingDecoder(TAP_CHANNELS, config.decoder_width)
        self.coarse_width = TAP_CHANNELS[2]
        self.detail_strides = config.detail_strides
        taps = dict(zip((4, 8), TAP_CHANNELS, strict=False))
        self.detail_width = sum(taps[stride] for stride in config.detail_strides)
        if self.fixed is not None:
            self.detail_width += GradientFeatures.CHANNELS

    def forward(self, images: Tensor) -> BackboneFeatures:
        """Extract features of `(N, 3, S, S)` RGB in [0, 1], S a multiple of 16."""
        fixed = None if self.fixed is None else self.fixed(images)
        raw = self.trunk(images)
        pairs = zip(raw, _TAP_DEVIATIONS, strict=True)
        taps = BackboneTaps(*(tap / deviation for tap, deviation in pairs))
        fine = self.decoder(taps).fine
        return BackboneFeatures(taps.layer3, fine, fixed, self._detail(taps, fixed))

    def _detail(self, taps: BackboneTaps, fixed: Tensor | None) -> Tensor | None:
        """The fixed features, and behind them the chosen maps of the trunk."""
        if not self.detail_strides:
            return fixed
        maps = [] if fixed is None else [fixed]
        for stride in self.detail_strides:
            tap = taps.layer1 if stride == FINE_STRIDE else taps.layer2
            maps.append(_resize(tap, stride // FINE_STRIDE))
        return torch.cat(maps, 1)


def _resize(x: Tensor, times: int) -> Tensor:
    """Resize bilinearly, cell centres at half cells; nothing to do for 1."""
    if times == 1:
        return x
    return F.interpolate(x, scale_factor=times, mode="bilinear", align_corners=False)
