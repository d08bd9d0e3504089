"""Sizes of the networks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from fcot_engine.config._checks import check_choice, check_numbers
from fcot_engine.errors import ConfigError

FINE_STRIDE = 4
"""Patch pixels per cell of the fine maps."""
COARSE_STRIDE = 16
"""Patch pixels per cell of the coarse maps."""


@dataclass(frozen=True, kw_only=True)
class BackboneConfig:
    """The feature extractor and its up-sampling decoder."""

    use_gradient_features: bool = True
    """Whether fixed orientation and colour features stand beside the learned ones."""
    widths: tuple[int, int, int] = (32, 64, 96)
    """Channels of the learned layers at strides 4, 8 and 16."""
    blocks: tuple[int, int, int] = (1, 2, 2)
    """Residual blocks at strides 4, 8 and 16."""
    decoder_width: int = 48
    """Channels of the decoder's map at stride 4."""

    def __post_init__(self) -> None:
        for name in ("widths", "blocks"):
            if min(getattr(self, name)) < 1:
                raise ConfigError(
                    f"backbone.{name} must be above 0, got {getattr(self, name)}."
                )


@dataclass(frozen=True, kw_only=True)
class EfficientNetBackboneConfig:
    """An EfficientNet-Lite0 up to stride 16 and its decoder, of the `base` preset."""

    use_gradient_features: bool = True
    """Whether fixed orientation and colour features stand beside the learned ones."""
    decoder_width: int = 64
    """Channels of the decoder's maps."""
    detail_strides: tuple[int, ...] = ()
    """Strides, of 4 and 8, of the maps of the trunk that the box regression sees in
    its wide window, behind the fixed features."""

    def __post_init__(self) -> None:
        check_numbers(self, "decoder_width", above=0, section="backbone")
        strides = self.detail_strides
        if not set(strides) <= {4, 8} or len(set(strides)) < len(strides):
            raise ConfigError(
                f"backbone.detail_strides must be some of 4 and 8, got {strides}."
            )


@dataclass(frozen=True, kw_only=True)
class ClassifierConfig:
    """One of the two classification branches."""

    channels: int
    """Learned feature channels; the fixed ones come on top."""
    filter_side: int
    """Side of the target filter in cells. An even one scores the corners of the cells,
    one more along each axis."""
    label_sigma: float
    """Width of the Gaussian label in cells, the start of the learned label."""
    mask_slope: float
    """How fast the start of the learned mask falls with the distance, per cell."""
    distance_bins: int = 60
    """Entries of the learned tables of label, mask and weight."""
    bin_width: float = 0.25
    """Width of one entry in cells."""
    filter_regularisation: float = 0.1
    """Start of the learned weight of the filter's norm; the loss has its square."""
    step_scale: float = 1.0
    """Start of the learned factor on the exact step length."""
    initialiser: Literal["window", "box"] = "window"
    """What the first filter is made from: the features in a window of the filter's
    size, weighted by channel; or a convolution of them, pooled over the box (DiMP)."""
    head_width: int = 0
    """Channels between two convolutions of the head; 0 for a head of one. The paper's
    network has a width of its own."""

    def __post_init__(self) -> None:
        check_numbers(self, "filter_side", above=0)
        check_numbers(self, "head_width", least=0)
        check_choice(self, "initialiser", Literal["window", "box"])


@dataclass(frozen=True, kw_only=True)
class RegressorConfig:
    """The regression heads, the dynamic model generator and the rectifier."""

    channels: int = 32
    """Channels of the regression feature map."""
    filter_side: int = 3
    """Side of the regression filter on the learned map (3 in the paper)."""
    detail_side: int = 13
    """Side in taps of the regression filter on the fixed features; 0 for none."""
    detail_dilation: int = 2
    """Distance of two of these taps in cells."""
    detail_window: float = 0.4
    """Width of the Gaussian window on the taps, over the target's size."""
    bias_value: float = 1.0
    """Value of the constant input, so that a filter holds the mean box as well."""
    regularisation: float = 0.035
    """Start of the learned eta of Eq. 4, for inputs of unit power."""
    offset_unit_px: float = 16.0
    """Patch pixels per unit of the offsets that the filters answer."""


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """The network of the `lite` and `base` presets; weights keep it in their header.

    The defaults are those of `lite`.
    """

    backbone: BackboneConfig | EfficientNetBackboneConfig = field(
        default_factory=BackboneConfig
    )
    """Encoder and decoder."""
    coarse: ClassifierConfig = field(
        default_factory=lambda: ClassifierConfig(
            channels=48,
            filter_side=5,
            label_sigma=1.0,
            mask_slope=0.5,
            distance_bins=40,
            bin_width=0.25,
        )
    )
    """Classification at stride 16."""
    fine: ClassifierConfig = field(
        default_factory=lambda: ClassifierConfig(
            channels=16, filter_side=7, label_sigma=1.2, mask_slope=0.5
        )
    )
    """Classification at stride 4."""
    regressor: RegressorConfig = field(default_factory=RegressorConfig)
    """Box regression at stride 4."""

    def __post_init__(self) -> None:
        _check_same_grid(self.coarse, self.fine)


def _paper_classifier(channels: int) -> ClassifierConfig:
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
    """The paper's network (section III-A, Fig. 2 and 3), 25.3 M parameters.

    ResNet, decoder and heads with deformable convolution. Smaller sizes make quick
    tests and small networks of the same kind.
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
    coarse: ClassifierConfig = field(default_factory=lambda: _paper_classifier(512))
    """Classification at stride 16, score map 18."""
    fine: ClassifierConfig = field(default_factory=lambda: _paper_classifier(256))
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
        _check_same_grid(self.coarse, self.fine)


def _check_same_grid(coarse: ClassifierConfig, fine: ClassifierConfig) -> None:
    """Raise `ConfigError` unless both filters score centres, or both corners, of cells.

    Otherwise their maps could not be fused without a bias.
    """
    if (coarse.filter_side - fine.filter_side) % 2:
        raise ConfigError(
            "The filters of both scales must have both an odd or both an even side, "
            f"got {coarse.filter_side} and {fine.filter_side}."
        )
