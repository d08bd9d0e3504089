"""The network of the paper (section III-A, Fig. 2 and 3).

For 288 x 288 patches: ResNet-50 to stride 16, a decoder back to stride 4, coarse
classification features 512 x 18 x 18, fine ones and regression features 256 x 72 x 72.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import torch
from torch import Tensor

from fcot_engine.config import COARSE_STRIDE, FINE_STRIDE, PaperNetworkConfig
from fcot_engine.model.classifier import ClassificationModel
from fcot_engine.model.decoder import DecoderMaps, UpsamplingDecoder
from fcot_engine.model.heads import CoarseClassifierHead, FineClassifierHead
from fcot_engine.model.network import BoxFeatures, ClassFeatures, FcotNet
from fcot_engine.model.paper_regression import PaperRegression
from fcot_engine.model.resnet import ResNetBackbone

__all__ = ["PaperNet"]

RGB_MEAN = (0.485, 0.456, 0.406)
RGB_STD = (0.229, 0.224, 0.225)


class _Encoding(NamedTuple):
    tap: Tensor
    """Backbone at stride 16."""
    maps: DecoderMaps


class PaperNet(FcotNet):
    """Every layer as in the paper; layer 5 of the ResNet, never run, is left out."""

    regression: PaperRegression
    rgb_mean: Tensor
    rgb_std: Tensor

    def __init__(self, config: PaperNetworkConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or PaperNetworkConfig()
        self.backbone = ResNetBackbone(config.depth)
        width = config.decoder_width
        self.decoder = UpsamplingDecoder(self.backbone.channels, width)
        coarse, fine = config.coarse, config.fine
        self.coarse_head = CoarseClassifierHead(
            self.backbone.channels[2], coarse.channels, filter_size=coarse.filter_side
        )
        self.fine_head = FineClassifierHead(
            width,
            config.head_width,
            fine.channels,
            filter_size=fine.filter_side,
            norm_gain=config.norm_gain,
            groups=config.groups,
            deformable=config.deformable,
        )
        self.coarse = ClassificationModel(coarse, coarse.channels, stride=COARSE_STRIDE)
        self.fine = ClassificationModel(fine, fine.channels, stride=FINE_STRIDE)
        self.regression = PaperRegression(config)
        for name, value in (("rgb_mean", RGB_MEAN), ("rgb_std", RGB_STD)):
            constant = torch.tensor(value).view(3, 1, 1)
            self.register_buffer(name, constant, persistent=False)

    def encode(self, images: Tensor) -> _Encoding:
        """Run backbone and decoder; see `FcotNet.encode`."""
        taps = self.backbone((images - self.rgb_mean) / self.rgb_std)
        return _Encoding(taps.layer3, self.decoder(taps))

    def classify(self, encoding: object) -> ClassFeatures:
        """Classification heads of score maps 18 and 72."""
        tap, maps = cast(_Encoding, encoding)
        return ClassFeatures(self.coarse_head(tap), self.fine_head(maps.fine))

    def regress(self, encoding: object) -> BoxFeatures:
        """Regression head-1 on both decoder maps, and these maps for the generator."""
        maps = cast(_Encoding, encoding).maps
        regression = self.regression.head(maps.middle, maps.fine)
        return BoxFeatures(regression, maps.fine, maps.middle, None)
