"""Sizes of the paper's network (section III-A, Fig. 2 and 3)."""

from __future__ import annotations

from dataclasses import dataclass, field

from fcot_engine.config.network import ClassifierConfig, check_same_grid
from fcot_engine.errors import ConfigError

__all__ = ["PaperNetworkConfig"]


def _classifier(channels: int) -> ClassifierConfig:
    return ClassifierConfig(
        channels=channels,
        filter_side=4,
        label_sigma=0.9,
        mask_slope=1.0,
        distance_bins=100,
        bin_width=0.1,
        step_scale=0.9,
        initialiser="box",
    )


@dataclass(frozen=True, kw_only=True)
class PaperNetworkConfig:
    """ResNet, decoder and heads with deformable convolution; 25.3 M parameters.

    Smaller sizes make quick tests and small networks of the same kind.
    """

    depth: int = 50
    """Layers of the ResNet: 18, 34 or 50."""
    decoder_width: int = 256
    """Channels of the decoder's maps."""
    head_width: int = 128
    """Channels inside the towers of the heads."""
    groups: int = 32
    """Groups of the group norms."""
    deformable: bool = True
    """Whether the towers have deformable convolutions."""
    norm_gain: float = 1.5
    """Expected squared norm of the fine features under their filter. Released weights
    were trained with 1.5 (three stages) or 2.0 (two stages)."""
    coarse: ClassifierConfig = field(default_factory=lambda: _classifier(512))
    """Classification at stride 16, score map 18."""
    fine: ClassifierConfig = field(default_factory=lambda: _classifier(256))
    """Classification at stride 4, score map 72."""
    regression_channels: int = 256
    """Channels that the regression filters read."""
    regression_side: int = 3
    """Side of the regression filters in cells."""
    regularisation: float = 0.1
    """Start of the learned eta of Eq. 4."""

    def __post_init__(self) -> None:
        if self.depth not in (18, 34, 50):
            raise ConfigError(f"depth must be 18, 34 or 50, got {self.depth}.")
        if self.regression_side < 1 or self.regression_side % 2 == 0:
            raise ConfigError(
                f"regression_side must be odd and above 0, got {self.regression_side}."
            )
        check_same_grid(self.coarse, self.fine)
