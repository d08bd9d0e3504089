"""The network: it knows patches and boxes, no video and no tracker."""

from __future__ import annotations

from fcot_engine.model.backbones import (
    STAGES,
    EfficientNetFeatures,
    ResNetBackbone,
    UpsamplingDecoder,
)
from fcot_engine.model.classifier import ClassificationModel
from fcot_engine.model.features import BoxFeatures, ClassFeatures, Features
from fcot_engine.model.gradient_features import GradientFeatures
from fcot_engine.model.heads import (
    CoarseClassifierHead,
    FilterGeneratorHead,
    FineClassifierHead,
    RegressionHead,
)
from fcot_engine.model.networks import (
    CellSpan,
    FcotNet,
    LiteNet,
    PaperNet,
    build_network,
    fold_norms_,
    pick,
)
from fcot_engine.model.rectifier import Rectifier, rectify
from fcot_engine.model.regression import DetailWindow, RegressionBranch
from fcot_engine.model.weights import (
    load_network,
    network_kind,
    read_contents,
    read_network_kind,
    read_weights_info,
    save_network,
)

__all__ = [
    "STAGES",
    "BoxFeatures",
    "CellSpan",
    "ClassFeatures",
    "ClassificationModel",
    "CoarseClassifierHead",
    "DetailWindow",
    "EfficientNetFeatures",
    "FcotNet",
    "Features",
    "FilterGeneratorHead",
    "FineClassifierHead",
    "GradientFeatures",
    "LiteNet",
    "PaperNet",
    "Rectifier",
    "RegressionBranch",
    "RegressionHead",
    "ResNetBackbone",
    "UpsamplingDecoder",
    "build_network",
    "fold_norms_",
    "load_network",
    "network_kind",
    "pick",
    "read_contents",
    "read_network_kind",
    "read_weights_info",
    "rectify",
    "save_network",
]
