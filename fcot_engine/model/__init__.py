"""The network: it knows patches and boxes, no video and no tracker."""

from __future__ import annotations

from fcot_engine.model.classifier import ClassificationModel
from fcot_engine.model.decoder import DecoderMaps, UpsamplingDecoder
from fcot_engine.model.efficientnet import STAGES
from fcot_engine.model.efficientnet_features import EfficientNetFeatures
from fcot_engine.model.features import BoxFeatures, ClassFeatures, Features
from fcot_engine.model.gradient_features import GradientFeatures
from fcot_engine.model.heads import CoarseClassifierHead, FineClassifierHead
from fcot_engine.model.lite_network import LiteNet
from fcot_engine.model.network import FcotNet
from fcot_engine.model.network_building import build_network
from fcot_engine.model.paper_network import PaperNet
from fcot_engine.model.rectifier import rectify
from fcot_engine.model.regression import DetailWindow, RegressionBranch
from fcot_engine.model.regression_heads import FilterGeneratorHead, RegressionHead
from fcot_engine.model.resnet import BackboneTaps, ResNetBackbone
from fcot_engine.model.weights import (
    load_network,
    network_kind,
    read_network_kind,
    read_weights_info,
    save_network,
)
from fcot_engine.model.weights_contents import read_contents

__all__ = [
    "STAGES",
    "BackboneTaps",
    "BoxFeatures",
    "ClassFeatures",
    "ClassificationModel",
    "CoarseClassifierHead",
    "DecoderMaps",
    "DetailWindow",
    "EfficientNetFeatures",
    "FcotNet",
    "Features",
    "FilterGeneratorHead",
    "FineClassifierHead",
    "GradientFeatures",
    "LiteNet",
    "PaperNet",
    "RegressionBranch",
    "RegressionHead",
    "ResNetBackbone",
    "UpsamplingDecoder",
    "build_network",
    "load_network",
    "network_kind",
    "read_contents",
    "read_network_kind",
    "read_weights_info",
    "rectify",
    "save_network",
]
