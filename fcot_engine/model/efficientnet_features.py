"""The encoder-decoder of `base`: a pre-trained trunk beside fixed features."""

from __future__ import annotations

from torch import Tensor, nn

from fcot_engine.config.network import EfficientNetBackboneConfig
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

    def forward(self, images: Tensor) -> BackboneFeatures:
        """Extract features of `(N, 3, S, S)` RGB in [0, 1], S a multiple of 16."""
        fixed = None if self.fixed is None else self.fixed(images)
        raw = self.trunk(images)
        pairs = zip(raw, _TAP_DEVIATIONS, strict=True)
        taps = BackboneTaps(*(tap / deviation for tap, deviation in pairs))
        return BackboneFeatures(taps.layer3, self.decoder(taps).fine, fixed)
