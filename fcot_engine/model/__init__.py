"""The network: it knows patches and boxes, no video and no tracker."""

from __future__ import annotations

from fcot_engine.model.decoder import DecoderMaps, UpsamplingDecoder
from fcot_engine.model.heads import CoarseClassifierHead, FineClassifierHead
from fcot_engine.model.regression_heads import FilterGeneratorHead, RegressionHead
from fcot_engine.model.resnet import BackboneTaps, ResNetBackbone

__all__ = [
    "BackboneTaps",
    "CoarseClassifierHead",
    "DecoderMaps",
    "FilterGeneratorHead",
    "FineClassifierHead",
    "RegressionHead",
    "ResNetBackbone",
    "UpsamplingDecoder",
]
