"""Settings: frozen dataclasses, presets, and changes by name. Never imports torch."""

from __future__ import annotations

from fcot_engine.config.network import (
    COARSE_STRIDE,
    FINE_STRIDE,
    BackboneConfig,
    ClassifierConfig,
    EfficientNetBackboneConfig,
    NetworkConfig,
    PaperNetworkConfig,
    RegressorConfig,
)
from fcot_engine.config.overrides import SettingValue, apply_settings
from fcot_engine.config.presets import PRESETS, Preset, find_benchmark, find_preset
from fcot_engine.config.tracking import (
    AugmentationConfig,
    CalibrationConfig,
    ClassificationUpdateConfig,
    LocalisationConfig,
    RegressionUpdateConfig,
    ScaleConfig,
    SearchConfig,
    TrackerConfig,
)
from fcot_engine.config.training import (
    PAPER_LOSSES,
    AdaptationConfig,
    CheckConfig,
    FactoryConfig,
    FinetuneConfig,
    HarvestConfig,
    LessonConfig,
    LossConfig,
    Schedule,
    Stage,
    TrainingConfig,
)

__all__ = [
    "COARSE_STRIDE",
    "FINE_STRIDE",
    "PAPER_LOSSES",
    "PRESETS",
    "AdaptationConfig",
    "AugmentationConfig",
    "BackboneConfig",
    "CalibrationConfig",
    "CheckConfig",
    "ClassificationUpdateConfig",
    "ClassifierConfig",
    "EfficientNetBackboneConfig",
    "FactoryConfig",
    "FinetuneConfig",
    "HarvestConfig",
    "LessonConfig",
    "LocalisationConfig",
    "LossConfig",
    "NetworkConfig",
    "PaperNetworkConfig",
    "Preset",
    "RegressionUpdateConfig",
    "RegressorConfig",
    "ScaleConfig",
    "Schedule",
    "SearchConfig",
    "SettingValue",
    "Stage",
    "TrackerConfig",
    "TrainingConfig",
    "apply_settings",
    "find_benchmark",
    "find_preset",
]
