"""config."""

from __future__ import annotations

from fcot_engine.config.adaptation import (
    AdaptationConfig,
    CheckConfig,
    FinetuneConfig,
    HarvestConfig,
    LessonConfig,
)
from fcot_engine.config.benchmarks import find_benchmark
from fcot_engine.config.calibration import CalibrationConfig
from fcot_engine.config.network import (
    COARSE_STRIDE,
    FINE_STRIDE,
    BackboneConfig,
    ClassifierConfig,
    EfficientNetBackboneConfig,
    NetworkConfig,
    RegressorConfig,
)
from fcot_engine.config.overrides import SettingValue, apply_settings
from fcot_engine.config.paper_network import PaperNetworkConfig
from fcot_engine.config.presets import PRESETS, Preset, find_preset
from fcot_engine.config.tracking import (
    AblationConfig,
    AugmentationConfig,
    ClassificationUpdateConfig,
    LocalisationConfig,
    RegressionUpdateConfig,
    TrackerConfig,
)
from fcot_engine.config.training import (
    PAPER_LOSSES,
    FactoryConfig,
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
    "AblationConfig",
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
    "Schedule",
    "SettingValue",
    "Stage",
    "TrackerConfig",
    "TrainingConfig",
    "apply_settings",
    "find_benchmark",
    "find_preset",
]
