"""Settings of training: what the samples look like and how the steps are taken."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from fcot_engine.errors import ConfigError

__all__ = [
    "PAPER_LOSSES",
    "FactoryConfig",
    "LossConfig",
    "Schedule",
    "Stage",
    "TrainingConfig",
]

Stage = Literal["one", "two"]
"""Stage one trains everything but the rectifier, stage two the rectifier."""

Schedule = Literal["cosine", "step"]
"""How the learning rate falls: along a cosine, or in steps as in the paper."""


def _check(condition: bool, message: str) -> None:
    if not condition:
        raise ConfigError(message)


@dataclass(frozen=True, kw_only=True)
class FactoryConfig:
    """What the sample factory makes from still photos."""

    patch_size: int = 160
    """Side of the square patches, in pixels; a multiple of 16."""
    target_size_px: float = 64.0
    """Usual square root of the target's area in a patch (288 px / 4.5), in pixels."""
    n_train: int = 2
    """Train frames in a sequence."""
    n_test: int = 2
    """Test frames in a sequence."""
    plain_share: float = 0.5
    """Share of sequences that are crops of one photo around its box, in [0, 1]."""
    cutout_share: float = 0.08
    """Share of pasted targets that are cut-outs with alpha, in [0, 1]."""
    same_photo_share: float = 0.3
    """Share of pasted sequences whose background is the target's own photo."""
    distractor_share: float = 0.5
    """Share of sequences with a second object, often the same one again."""
    occluder_share: float = 0.25
    """Share of pasted sequences in which another object covers a part."""
    crowd_share: float = 0.3
    """Share of the sequences with a second object that have two more."""
    layer_share: float = 0.15
    """Share of pasted sequences with a layer between background and target that moves
    at a speed of its own (parallax)."""
    zoom_share: float = 0.3
    """Share of pasted sequences whose background grows and shrinks with the target."""
    away_share: float = 0.04
    """Share of test frames whose target has left the patch."""
    hidden_share: float = 0.03
    """Share of pasted test frames whose target is wholly covered."""
    thin_share: float = 0.06
    """Share of pasted sequences with a target 3 to 7 times as long as wide."""
    tiny_share: float = 0.05
    """Share of sequences whose target had only about 9 to 16 pixels in its video."""
    frame_share: float = 0.08
    """Share of sequences in which the border of the video lies close around the
    target, and what is beyond repeats it."""
    common_size_jitter: float = 0.18
    """Standard deviation of the log size that all frames of a sequence share."""
    train_size_jitter: float = 0.05
    """Standard deviation of the log size of a train frame, on top of the shared."""
    test_size_jitter: float = 0.16
    """Standard deviation of the log size of a test frame, on top of the shared."""
    test_aspect_jitter: float = 0.1
    """Standard deviation of the log aspect ratio of a test frame."""
    train_shift: float = 0.12
    """Largest offset of the target from the patch centre in train frames, in
    patch sides."""

    def __post_init__(self) -> None:
        _check(
            self.patch_size >= 32 and self.patch_size % 16 == 0,
            f"patch_size must be a multiple of 16 from 32 on, got {self.patch_size}.",
        )
        _check(
            8 <= self.target_size_px <= self.patch_size,
            "target_size_px must lie between 8 and patch_size "
            f"({self.patch_size}), got {self.target_size_px:g}.",
        )
        _check(self.n_train >= 1, f"n_train must be at least 1, got {self.n_train}.")
        _check(self.n_test >= 1, f"n_test must be at least 1, got {self.n_test}.")
        for name in (
            "plain_share",
            "cutout_share",
            "same_photo_share",
            "distractor_share",
            "occluder_share",
            "crowd_share",
            "layer_share",
            "zoom_share",
            "away_share",
            "hidden_share",
            "thin_share",
            "tiny_share",
            "frame_share",
        ):
            share = getattr(self, name)
            _check(0 <= share <= 1, f"{name} must lie in [0, 1], got {share:g}.")
        for name in (
            "common_size_jitter",
            "train_size_jitter",
            "test_size_jitter",
            "test_aspect_jitter",
            "train_shift",
        ):
            value = getattr(self, name)
            _check(0 <= value <= 0.5, f"{name} must lie in [0, 0.5], got {value:g}.")


@dataclass(frozen=True, kw_only=True)
class LossConfig:
    """Weights of the parts of the loss."""

    coarse: float = 100.0
    """Classification at stride 16."""
    fine: float = 100.0
    """Classification at stride 4."""
    start: float = 0.0
    """The initialiser's filter, beside the last one, which counts 1."""
    inner: float = 0.4
    """Mean over the inner iterates of the filter, beside the last one."""
    inner_iterates: tuple[int, ...] = (2,)
    """After how many steps of the filter's optimiser the inner iterates are judged."""
    iterations: int = 4
    """Steps of the filter's optimiser while training."""
    generated: float = 1.0
    """Boxes of the generated regression model."""
    rectified: float = 1.0
    """Boxes of the rectified regression model."""
    rectifier_iterations: int = 4
    """Steps of the rectifier while training."""
    match: float = 0.2
    """Telling targets apart (InfoNCE), each scale."""
    distilled: float = 100.0
    """Score maps like those of a teacher, where there is one."""

    def __post_init__(self) -> None:
        for name in (
            "coarse",
            "fine",
            "start",
            "inner",
            "generated",
            "match",
            "distilled",
        ):
            value = getattr(self, name)
            _check(value >= 0, f"losses.{name} must not be negative, got {value:g}.")
        _check(
            self.rectified > 0, f"losses.rectified must be > 0, got {self.rectified:g}."
        )
        for name in ("iterations", "rectifier_iterations"):
            value = getattr(self, name)
            _check(value >= 1, f"losses.{name} must be at least 1, got {value}.")
        inside = all(1 <= n <= self.iterations for n in self.inner_iterates)
        _check(
            inside and (bool(self.inner_iterates) or self.inner == 0),
            "losses.inner_iterates must name steps from 1 to losses.iterations "
            f"({self.iterations}), got {self.inner_iterates}.",
        )


PAPER_LOSSES = LossConfig(
    start=1.0, inner=4.0, inner_iterates=(1, 2, 3, 4), iterations=5
)
"""As in the authors' script: 100 for the first and the last filter, 400 for the mean of
the four between. The matching loss is ours."""


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How the steps are taken."""

    factory: FactoryConfig = field(default_factory=FactoryConfig)
    """What the samples look like."""
    losses: LossConfig = field(default_factory=LossConfig)
    """How the parts of the loss are weighted."""
    stage: Stage = "one"
    """Which parameters are trained."""
    batch: int = 16
    """Sequences in a step."""
    patch_sizes: tuple[tuple[int, float], ...] = ()
    """Sides of the patches in the course of the run, each with its share of `samples`,
    such as ((160, 0.6), (288, 0.4)); empty for the factory's side throughout."""
    samples: int | None = None
    """End after this many sequences; None to end by `minutes` alone."""
    minutes: float | None = None
    """End after this many minutes of this leg; None to end by `samples` alone."""
    lr: float = 1e-3
    """Peak learning rate of AdamW."""
    final_lr_share: float = 0.02
    """Learning rate at the end of the cosine, as a share of `lr`."""
    schedule: Schedule = "cosine"
    """How the learning rate falls."""
    decay_at: tuple[float, ...] = (0.5, 0.65, 0.98)
    """Where the steps of the schedule "step" are, in shares of the run."""
    decay_factor: float = 0.2
    """Factor on the learning rate at each step of the schedule "step"."""
    lr_factors: tuple[tuple[str, float], ...] = ()
    """Factors on the learning rate by the beginning of a parameter's name, such as
    ("backbone.", 0.1); 0 leaves these parameters as they are."""
    warmup_samples: int = 1600
    """Sequences over which the learning rate rises linearly."""
    weight_decay: float = 1e-4
    """Weight decay of AdamW."""
    max_grad_norm: float = 5.0
    """Gradients are scaled down to this norm."""
    ema_decay: float = 0.998
    """Decay of the averaged weights per step, reached after a warm-up."""
    seed: int = 0
    """Seed of samples and initial weights."""
    checkpoint_minutes: float = 5.0
    """Minutes between two checkpoints."""
    log_every: int = 10
    """Steps between two lines of the log."""

    def __post_init__(self) -> None:
        _check(
            self.stage in ("one", "two"),
            f"stage must be 'one' or 'two', got {self.stage!r}.",
        )
        _check(self.batch >= 1, f"batch must be at least 1, got {self.batch}.")
        _check(
            self.samples is not None or self.minutes is not None,
            "Training needs an end: give samples, minutes or both.",
        )
        for name in ("samples", "minutes", "lr", "max_grad_norm", "checkpoint_minutes"):
            value = getattr(self, name)
            _check(value is None or value > 0, f"{name} must be above 0, got {value}.")
        if self.patch_sizes:
            self._check_patch_sizes()
        for name in ("warmup_samples", "weight_decay", "seed"):
            value = getattr(self, name)
            _check(value >= 0, f"{name} must not be negative, got {value}.")
        _check(
            0 <= self.final_lr_share <= 1,
            f"final_lr_share must lie in [0, 1], got {self.final_lr_share:g}.",
        )
        _check(
            self.schedule in ("cosine", "step"),
            f"schedule must be 'cosine' or 'step', got {self.schedule!r}.",
        )
        _check(
            all(0 < share < 1 for share in self.decay_at),
            f"decay_at must lie inside (0, 1), got {self.decay_at}.",
        )
        _check(
            0 < self.decay_factor <= 1,
            f"decay_factor must lie in (0, 1], got {self.decay_factor:g}.",
        )
        for beginning, factor in self.lr_factors:
            _check(
                0 <= factor <= 100,
                f"lr_factors must lie in [0, 100], got {factor:g} for {beginning!r}.",
            )
        _check(
            0 <= self.ema_decay < 1,
            f"ema_decay must lie in [0, 1), got {self.ema_decay:g}.",
        )
        _check(self.log_every >= 1, f"log_every must be >= 1, got {self.log_every}.")

    def _check_patch_sizes(self) -> None:
        for side, share in self.patch_sizes:
            replace(self.factory, patch_size=side)  # raises where it cannot be
            _check(
                0 < share <= 1,
                f"patch_sizes needs shares above 0, got {share:g} for {side} px.",
            )
        total = sum(share for _, share in self.patch_sizes)
        _check(
            abs(total - 1) < 1e-6,
            f"The shares of patch_sizes must sum to 1, got {total:g}.",
        )
        _check(
            self.samples is not None,
            "patch_sizes are shares of a run of so many samples: give samples too.",
        )
