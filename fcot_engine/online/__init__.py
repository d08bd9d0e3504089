"""online."""

from __future__ import annotations

from fcot_engine.online.calibration import Evidence, estimate_confidence, size_change
from fcot_engine.online.feature_resolution import reduce_resolution
from fcot_engine.online.given_samples import (
    GivenPatches,
    make_box_patches,
    make_class_patches,
)
from fcot_engine.online.localisation import Place, locate
from fcot_engine.online.online_classifier import (
    OnlineClassifier,
    RejectedSamples,
    Scores,
)
from fcot_engine.online.regression_generator import RegressionModelGenerator
from fcot_engine.online.rejected_samples import make_rejected_patches
from fcot_engine.online.span import BestFrames
from fcot_engine.online.verdict import Verdict

__all__ = [
    "BestFrames",
    "Evidence",
    "GivenPatches",
    "OnlineClassifier",
    "Place",
    "RegressionModelGenerator",
    "RejectedSamples",
    "Scores",
    "Verdict",
    "estimate_confidence",
    "locate",
    "make_box_patches",
    "make_class_patches",
    "make_rejected_patches",
    "reduce_resolution",
    "size_change",
]
