"""Settings of the tracker: how it searches, learns and decides."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from fcot_engine.config._checks import check_choice, check_numbers
from fcot_engine.config.network import COARSE_STRIDE, FINE_STRIDE
from fcot_engine.errors import ConfigError

StaticModel = Literal["generated", "rectified"]
OnlineUpdate = Literal["off", "rmg", "trad"]


@dataclass(frozen=True, kw_only=True)
class SearchConfig:
    """How the search patch is cut around the last known target."""

    patch_size: int = 192
    """Side of the square network input, in patch pixels."""
    area_scale: float = 3.25
    """Side of the search region over the square root of the target's area."""
    lost_growth: float = 1.1
    """Growth of the search region with each frame in which the target is lost."""
    max_growth: float = 1.6
    """Limit of that growth."""
    patience: int = 12
    """Frames in which a lost target is searched near its last position alone, and taken
    back like any other; later in the whole frame, and on good evidence only."""
    frame_patches: int = 4
    """Patches of the whole frame that are searched for it then in each frame, in turn;
    0 to search near its last position alone."""
    regain_score: float = 0.3
    """Fused score from which it is taken back then."""

    def __post_init__(self) -> None:
        if self.patch_size % COARSE_STRIDE or self.patch_size < 2 * COARSE_STRIDE:
            raise ConfigError(
                f"search.patch_size must be a multiple of {COARSE_STRIDE} and at least "
                f"{2 * COARSE_STRIDE}, got {self.patch_size}."
            )
        check_numbers(self, "area_scale", least=1.5, most=16, section="search")
        check_numbers(self, "lost_growth", least=1, most=2, section="search")
        check_numbers(self, "max_growth", least=1, most=8, section="search")
        check_numbers(self, "patience", least=0, most=1_000_000, section="search")
        check_numbers(self, "frame_patches", least=0, most=1000, section="search")
        check_numbers(self, "regain_score", least=0, most=10, section="search")


@dataclass(frozen=True, kw_only=True)
class AugmentationConfig:
    """The samples made from each box that a person drew (paper, section III-C)."""

    large_turns: bool = False
    """23 classification samples with turns up to 60 degrees, as in the paper, in place
    of 11 with zooms."""
    share_samples: bool = False
    """Whether the rectifier learns from the classification samples, as in the paper, in
    place of samples of its own."""
    class_shift: float = 40.0
    """Largest random shift of a classification sample, in patch pixels."""
    box_patch_size: int = 128
    """Side of the rectifier's patches: it looks at the middle alone."""
    box_samples: int = 24
    """Samples for the rectifier beside the given one, of the first human box."""
    correction_box_samples: int = 20
    """The same for each further one."""
    box_shift: float = 12.0
    """Largest random shift of a rectifier sample, in patch pixels."""
    box_zoom: float = 0.25
    """Largest random zoom of a rectifier sample, natural logarithm."""
    box_stretch: float = 0.12
    """Largest random change of its aspect, natural logarithm per axis."""
    box_turn: float = 0.1
    """Standard deviation of its turn, in radians."""

    def __post_init__(self) -> None:
        counts = "box_samples", "correction_box_samples"
        check_numbers(self, *counts, least=1, most=1000, section="augmentation")


@dataclass(frozen=True, kw_only=True)
class ClassificationUpdateConfig:
    """How the target filters are learned while tracking."""

    learned_gain: float = 0.3
    """Strength of the learned features beside the fixed ones, over the trained one. As
    long as training is short, the fixed ones generalise better."""
    first_iterations: int = 8
    """Optimiser steps on the first frame."""
    correction_iterations: int = 4
    """Optimiser steps after a human box."""
    update_iterations: int = 2
    """Optimiser steps when the best frame of a span entered the memory."""
    hard_negative_iterations: int = 1
    """Optimiser steps when a look-alike was seen."""
    update_interval: int = 16
    """Frames in a span (n in the paper)."""
    fine_window: int = 32
    """Cells of the maps at stride 4 that are kept and learned from around the target,
    along each axis."""
    memory_size: int = 30
    """Tracked samples kept beside the given ones."""
    given_capacity: int = 44
    """Given samples kept: those of four human boxes. With more boxes the augmentations
    are thinned out."""
    learning_rate: float = 0.35
    """A new tracked sample weighs 1 / (1 - rate) of the one before it; the first one
    about as much as this, where all given ones weigh 1."""
    hard_negative_rate: float = 0.2
    """The same for a frame with a look-alike."""
    given_share: float = 0.3
    """Least share of the given samples, which no update can take away."""

    def __post_init__(self) -> None:
        name, rates = "classification", ("learning_rate", "hard_negative_rate")
        check_numbers(self, "update_interval", least=1, most=10_000, section=name)
        check_numbers(self, "memory_size", least=1, most=1000, section=name)
        check_numbers(self, "given_capacity", least=2, most=1000, section=name)
        check_numbers(self, "fine_window", least=8, most=1024, section=name)
        iterations = (
            "first_iterations",
            "correction_iterations",
            "update_iterations",
            "hard_negative_iterations",
        )
        check_numbers(self, *iterations, least=0, most=10_000, section=name)
        check_numbers(self, "learned_gain", least=0, most=10, section=name)
        # a rate of 1 would leave no other sample
        check_numbers(self, *rates, least=0, most=0.99, section=name)
        check_numbers(self, "given_share", least=0, most=1, section=name)


@dataclass(frozen=True, kw_only=True)
class RegressionUpdateConfig:
    """How the regression model is made while tracking (section III-B, III-C)."""

    static_model: StaticModel = "rectified"
    """The generator's filter as it is (Init-Filter of Table II) or rectified on the
    given samples (Init-Filter and Init-Rect)."""
    online_update: OnlineUpdate = "rmg"
    """No online model, the paper's generator, or the traditional way of Table III: the
    rectifier goes on from its own last filter over given and tracked samples."""
    first_iterations: int = 150
    """Rectifier steps on the given samples for the static model."""
    online_iterations: int = 20
    """Rectifier steps for the online model."""
    update_interval: int = 16
    """Frames between two online models (n in the paper)."""
    generator_samples: int = 3
    """Best-scored tracked samples of a span that an online model is made from."""
    blend: float = 0.5
    """Lambda of Eq. 11: share of the online model, 0 for the static one alone."""
    given_capacity: int = 124
    """Given samples kept: those of five human boxes. With more boxes the augmentations
    are thinned out."""
    unchanged_weight: float = 1.0
    """Weight of the unchanged sample of a human box over that of each augmented one;
    all samples of a box together weigh as much as those of any other."""
    trad_memory: int = 27
    """Tracked samples kept for the traditional update, the oldest leaving first."""
    trad_sample_weight: float = 1 / 23
    """Weight of one of them over that of a human box: as one of its 23 samples in the
    paper."""
    learned_gain: float = 0.2
    """Strength of the learned inputs beside the fixed ones, over the trained one."""
    cell_jitter: int = 2
    """Cells around the target's centre that the rectifier also learns from, so that a
    peak beside the centre still gives the right box; 0 for the centre alone (Eq. 4)."""
    cells_per_sample: int = 3
    """Rows that each given sample gives: its centre, and others within the jitter."""
    learn_corrections: bool = True
    """Whether human boxes after the first one teach this branch too; without it they
    teach the classifiers alone, to see what the difference is."""
    size_gain: float = 0.3
    """Share of a found change of size that is taken over in one frame, where no filter
    over scales says more."""
    full_size_score: float = 0.5
    """Fused score from which that share is taken in full; below it proportionally less,
    since the size is the first thing that a poor sight of the target gets wrong."""

    def __post_init__(self) -> None:
        name = "regression"
        check_choice(self, "static_model", StaticModel, section=name)
        check_choice(self, "online_update", OnlineUpdate, section=name)
        check_numbers(self, "blend", "size_gain", least=0, most=1, section=name)
        check_numbers(self, "full_size_score", least=1e-6, most=1, section=name)
        check_numbers(self, "given_capacity", least=2, most=100_000, section=name)
        check_numbers(self, "unchanged_weight", least=1e-3, most=1e3, section=name)
        sizes = "trad_memory", "generator_samples"
        check_numbers(self, *sizes, least=1, most=1000, section=name)
        check_numbers(self, "trad_sample_weight", least=0, most=1000, section=name)
        iterations = "first_iterations", "online_iterations"
        check_numbers(self, *iterations, least=0, most=10_000, section=name)
        check_numbers(self, "update_interval", least=1, most=10_000, section=name)
        check_numbers(self, "learned_gain", least=0, most=10, section=name)
        check_numbers(self, "cell_jitter", least=0, most=8, section=name)
        check_numbers(self, "cells_per_sample", least=1, most=100, section=name)


@dataclass(frozen=True, kw_only=True)
class LocalisationConfig:
    """How the score maps are read."""

    coarse_weight: float = 0.5
    """Alpha of Eq. 1."""
    fine_weight: float = 0.5
    """Beta of Eq. 1."""
    window: float = 0.25
    """How far a cosine window lowers scores at the border of the patch."""
    lost_threshold: float = 0.12
    """Fused score below which the target is lost."""
    learn_threshold: float = 0.25
    """Fused score from which a frame may be learned from."""
    distractor_ratio: float = 0.8
    """Second peak over first from which the frame is uncertain."""
    hard_negative_ratio: float = 0.5
    """Second peak over first from which a look-alike is learned from."""
    neighbourhood: float = 1.5
    """Size of the first peak's surroundings over the target's size."""

    def __post_init__(self) -> None:
        names = "coarse_weight", "fine_weight", "neighbourhood"
        check_numbers(self, *names, least=0, most=100, section="localisation")
        check_numbers(self, "window", least=0, most=1, section="localisation")


@dataclass(frozen=True, kw_only=True)
class ScaleConfig:
    """The filter over scales, which says how much a target has grown."""

    is_used: bool = True
    """Without it the size is the regression's alone."""
    n_scales: int = 17
    """Scales that are looked at, an odd number."""
    step: float = 1.03
    """Factor from one to the next."""
    piece_px: int = 32
    """Side of the piece that the target is brought to at each scale, in pixels."""
    colour_gain: float = 0.3
    """Strength of colours beside gradients."""
    update_interval: int = 4
    """Frames between two that are learned from."""
    learning_rate: float = 0.1
    """Share of such a frame in the filter."""
    given_rate: float = 0.5
    """Share of a human box after the first one."""
    full_peak: float = 0.06
    """Height of its peak from which the filter is believed in full; below it
    proportionally less, and the regression the more."""
    area_gain: float = 0.1
    """Share of the area that the regression sees beyond the growth, where the filter is
    believed in full; `regression.size_gain` where it is not at all."""
    aspect_gain: float = 0.1
    """The same for the change of aspect, which the filter does not see."""

    def __post_init__(self) -> None:
        name = "scale"
        check_numbers(self, "n_scales", least=3, most=201, section=name)
        if self.n_scales % 2 == 0:
            raise ConfigError(
                f"scale.n_scales must be an odd number, got {self.n_scales}: the "
                "target's own size is the one in the middle."
            )
        check_numbers(self, "step", least=1.001, most=1.5, section=name)
        check_numbers(self, "piece_px", least=8, most=256, section=name)
        if self.piece_px % FINE_STRIDE:
            raise ConfigError(
                f"scale.piece_px must be a multiple of {FINE_STRIDE}, got "
                f"{self.piece_px}."
            )
        check_numbers(self, "colour_gain", least=0, most=10, section=name)
        check_numbers(self, "update_interval", least=1, most=10_000, section=name)
        check_numbers(self, "full_peak", least=1e-6, most=1, section=name)
        shares = "learning_rate", "given_rate", "area_gain", "aspect_gain"
        check_numbers(self, *shares, least=0, most=1, section=name)


@dataclass(frozen=True, kw_only=True)
class CalibrationConfig:
    """Logistic curve for the chance that a box has an IoU of at least 0.5.

    It belongs to the weights and settings that it was fitted with. `fcot calibrate`
    fits it; see `online.calibration`.
    """

    is_fitted: bool = False
    """Whether the curve is used; else the confidence is the peak itself."""
    bias: float = 0.0
    """Logit where all else is 0."""
    peak: float = 0.0
    """Added for a peak of 1; not negative."""
    second_ratio: float = 0.0
    """Added for a second peak as high as the first; not positive."""
    size_change: float = 0.0
    """Added for a change of the area by a factor of e in one frame; not positive."""
    is_lost: float = 0.0
    """Added where the target was not seen; not positive."""

    def __post_init__(self) -> None:
        if self.peak < 0:
            raise ConfigError(
                f"calibration.peak must not be negative, got {self.peak}: "
                "confidence must not fall where the peak rises."
            )
        for name in ("second_ratio", "size_change", "is_lost"):
            if getattr(self, name) > 0:
                raise ConfigError(
                    f"calibration.{name} must not be positive, got "
                    f"{getattr(self, name)}: it speaks against a box."
                )

    @property
    def weights(self) -> tuple[float, float, float, float]:
        """All but the bias, as `Evidence.as_numbers` has the observations."""
        return self.peak, self.second_ratio, self.size_change, self.is_lost


@dataclass(frozen=True, kw_only=True)
class TrackerConfig:
    """All settings of a tracker; changed by `dataclasses.replace`."""

    search: SearchConfig = field(default_factory=SearchConfig)
    """Where to look."""
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    """What is made of a human box."""
    classification: ClassificationUpdateConfig = field(
        default_factory=ClassificationUpdateConfig
    )
    """Learning of the target filters."""
    regression: RegressionUpdateConfig = field(default_factory=RegressionUpdateConfig)
    """Learning of the regression model."""
    localisation: LocalisationConfig = field(default_factory=LocalisationConfig)
    """Reading of the score maps."""
    scale: ScaleConfig = field(default_factory=ScaleConfig)
    """How the change of the target's area is measured."""
    calibration: CalibrationConfig = field(default_factory=CalibrationConfig)
    """What is made of the scores for people."""
