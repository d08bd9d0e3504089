"""Named settings, written as differences from the defaults."""

from __future__ import annotations

from dataclasses import dataclass, field

from fcot_engine.config.calibration import CalibrationConfig
from fcot_engine.config.network import (
    ClassifierConfig,
    EfficientNetBackboneConfig,
    NetworkConfig,
    RegressorConfig,
)
from fcot_engine.config.paper_network import PaperNetworkConfig
from fcot_engine.config.tracking import (
    AugmentationConfig,
    ClassificationUpdateConfig,
    LocalisationConfig,
    RegressionUpdateConfig,
    SearchConfig,
    TrackerConfig,
)
from fcot_engine.errors import ConfigError

__all__ = ["PRESETS", "Preset", "find_preset"]


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A network with the settings that it is tracked with."""

    network: NetworkConfig | PaperNetworkConfig = field(default_factory=NetworkConfig)
    """Sizes for training; a weights file brings its own."""
    tracker: TrackerConfig = field(default_factory=TrackerConfig)
    """Settings while tracking."""
    weights_name: str
    """File in the package's folder of weights, or in the user's own."""
    weights_origin: str
    """Where the weights come from, for people who do not have them."""


_LITE_TRACKER = TrackerConfig(
    # fitted to the shipped weights by `fcot calibrate`, see docs/evaluation.md
    calibration=CalibrationConfig(
        is_fitted=True,
        bias=1.78,
        peak=4.15,
        second_ratio=-4.65,
        size_change=-33.6,
    )
)

_BASE_NETWORK = NetworkConfig(
    backbone=EfficientNetBackboneConfig(detail_strides=(4,)),
    coarse=ClassifierConfig(
        channels=96,
        filter_side=5,
        label_sigma=1.0,
        mask_slope=0.5,
        distance_bins=40,
        head_width=128,
    ),
    fine=ClassifierConfig(
        channels=32, filter_side=7, label_sigma=1.2, mask_slope=0.5, head_width=64
    ),
    regressor=RegressorConfig(channels=48),
)

_BASE_TRACKER = TrackerConfig(
    # chosen by eye on the evaluation sequences, see the card of the weights
    search=SearchConfig(area_scale=5.2),
    classification=ClassificationUpdateConfig(learned_gain=0.6),
    regression=RegressionUpdateConfig(learned_gain=0.3),
    localisation=LocalisationConfig(coarse_weight=0.65, fine_weight=0.35),
)

_PAPER_TRACKER = TrackerConfig(
    augmentation=AugmentationConfig(
        large_turns=True, share_samples=True, class_shift=48.0
    ),
    classification=ClassificationUpdateConfig(
        first_iterations=5,
        correction_iterations=5,
        update_iterations=2,
        update_interval=14,
        memory_size=27,  # 50 with the 23 of the first box
        learning_rate=0.01,
        hard_negative_rate=0.02,
        given_share=0.25,
    ),
    regression=RegressionUpdateConfig(
        first_iterations=4,
        online_iterations=4,
        update_interval=14,
        generator_samples=1,
        blend=0.6,
        cell_jitter=0,
        cells_per_sample=1,
        size_gain=1.0,
        full_size_score=1e-6,
    ),
    localisation=LocalisationConfig(coarse_weight=0.6, fine_weight=0.4),
)
"""As far as the paper or the authors' code (its settings for OTB) say."""

PRESETS: dict[str, Preset] = {
    "lite": Preset(
        tracker=_LITE_TRACKER,
        weights_name="lite.safetensors",
        weights_origin="They come with the package: install it again.",
    ),
    "base": Preset(
        network=_BASE_NETWORK,
        tracker=_BASE_TRACKER,
        weights_name="base.safetensors",
        weights_origin=(
            "They come with the package: install it again, or train them as "
            "docs/training.md, 'Training base and paper', says."
        ),
    ),
    "paper": Preset(
        network=PaperNetworkConfig(),
        tracker=_PAPER_TRACKER,
        weights_name="paper.safetensors",
        weights_origin=(
            "FCOT's authors publish fcot.pth through the links in their repository "
            "MCG-NJU/FCOT on GitHub; `fcot weights import fcot.pth --out "
            "paper.safetensors` makes a weights file of it. Or train them with "
            "`fcot train --preset paper`, see docs/training.md."
        ),
    ),
}
"""All presets by name; `lite` is the default."""


def find_preset(name: str) -> Preset:
    """Return a preset by name.

    Raises:
        ConfigError: there is none of that name.
    """
    try:
        return PRESETS[name]
    except KeyError:
        raise ConfigError(
            f"There is no preset {name!r}; choose one of: {', '.join(PRESETS)}."
        ) from None
