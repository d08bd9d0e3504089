"""Settings of training, fine-tuning and self-training."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Literal

from fcot_engine.config._checks import check_choice, check_numbers, check_that

Stage = Literal["one", "two"]
"""Stage one trains everything but the rectifier, stage two the rectifier."""

Schedule = Literal["cosine", "step"]
"""How the learning rate falls: along a cosine, or in steps as in the paper."""


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
        check_that(
            self.patch_size >= 32 and self.patch_size % 16 == 0,
            f"patch_size must be a multiple of 16 from 32 on, got {self.patch_size}.",
        )
        check_numbers(self, "target_size_px", least=8, most=self.patch_size)
        check_numbers(self, "n_train", "n_test", least=1)
        shares = [f.name for f in fields(self) if f.name.endswith("_share")]
        check_numbers(self, *shares, least=0, most=1)
        jitters = [f.name for f in fields(self) if f.name.endswith("_jitter")]
        check_numbers(self, *jitters, "train_shift", least=0, most=0.5)


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
        weights = (
            "coarse",
            "fine",
            "start",
            "inner",
            "generated",
            "match",
            "distilled",
        )
        check_numbers(self, *weights, least=0, section="losses")
        check_numbers(self, "rectified", above=0, section="losses")
        steps = "iterations", "rectifier_iterations"
        check_numbers(self, *steps, least=1, section="losses")
        inside = all(1 <= n <= self.iterations for n in self.inner_iterates)
        check_that(
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
    samples: int
    """Sequences of the whole run, at whose end the learning rate is lowest."""
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
        check_choice(self, "stage", Stage)
        check_choice(self, "schedule", Schedule)
        positive = "samples", "lr", "max_grad_norm", "checkpoint_minutes"
        check_numbers(self, *positive, above=0)
        check_numbers(self, "warmup_samples", "weight_decay", "seed", least=0)
        check_numbers(self, "batch", "log_every", least=1)
        check_numbers(self, "final_lr_share", least=0, most=1)
        check_numbers(self, "decay_factor", above=0, most=1)
        check_numbers(self, "ema_decay", least=0, below=1)
        check_that(
            all(0 < share < 1 for share in self.decay_at),
            f"decay_at must lie inside (0, 1), got {self.decay_at}.",
        )
        for beginning, factor in self.lr_factors:
            check_that(
                0 <= factor <= 100,
                f"lr_factors must lie in [0, 100], got {factor:g} for {beginning!r}.",
            )
        if self.patch_sizes:
            self._check_patch_sizes()

    def _check_patch_sizes(self) -> None:
        for side, share in self.patch_sizes:
            replace(self.factory, patch_size=side)  # raises where it cannot be
            check_that(
                0 < share <= 1,
                f"patch_sizes needs shares above 0, got {share:g} for {side} px.",
            )
        total = sum(share for _, share in self.patch_sizes)
        check_that(
            abs(total - 1) < 1e-6,
            f"The shares of patch_sizes must sum to 1, got {total:g}.",
        )


@dataclass(frozen=True, kw_only=True)
class AdaptationConfig:
    """How weights are moved by a little data without forgetting the rest."""

    pull: float = 0.1
    """Factor on the squared distance from the weights at the start."""
    blend: float = 1.0
    """Share of the learned weights in the result, in (0, 1]; the rest are the old."""
    holds_norms: bool = True
    """Whether the running statistics of the norms stay as they are."""

    def __post_init__(self) -> None:
        check_numbers(self, "pull", least=0)
        check_numbers(self, "blend", above=0, most=1)


@dataclass(frozen=True, kw_only=True)
class LessonConfig:
    """Which boxes of a project are learned from, and how much each counts."""

    min_score: float = 0.5
    """Tracked boxes with a lower score are left out."""
    max_disagreement: float = 0.4
    """Tracked boxes whose two runs differ more (1 - IoU) are left out."""
    tracked_trust: float = 0.25
    """How often a tracked box is drawn beside a drawn one, times its score."""
    outside_trust: float = 0.1
    """The same before the first and behind the last drawn box."""
    held_out_share: float = 0.3
    """Share of the frames that is kept for the check, at one end, where there is one
    video alone; of several, whole ones are."""
    gap_frames: int = 5
    """Frames beside the held-out segment that nothing learns from."""
    max_frames: int = 400
    """Most frames of a video to learn from."""

    def __post_init__(self) -> None:
        shares = "min_score", "max_disagreement", "tracked_trust", "outside_trust"
        check_numbers(self, *shares, least=0, most=1)
        check_numbers(self, "held_out_share", above=0, below=1)
        check_numbers(self, "gap_frames", least=0)
        check_numbers(self, "max_frames", least=4)


@dataclass(frozen=True, kw_only=True)
class CheckConfig:
    """How old and new weights are compared on what was held out."""

    max_folds: int = 3
    """Several videos are held out in turn, in at most so many groups; each costs a
    training."""
    longest_run: int = 60
    """Most frames that a tracker runs from one box."""
    shortest_run: int = 3
    """Shorter runs say nothing and are left out."""
    max_frames: int = 500
    """Most frames of all runs together, for each of the two networks; shared evenly by
    the videos, each of which has a run at least."""
    min_runs: int = 3
    """With fewer runs nothing is said."""
    machine_cap: float = 0.7
    """IoU with a box that the old weights found counts no more than this: who found it
    would meet it best."""
    confidence: float = 0.9
    """Of the interval of the gain, in (0, 1)."""

    def __post_init__(self) -> None:
        check_numbers(self, "max_folds", "min_runs", least=2)
        check_numbers(self, "shortest_run", least=1, most=self.longest_run)
        check_numbers(self, "max_frames", least=1)
        check_numbers(self, "machine_cap", "confidence", above=0, below=1)


@dataclass(frozen=True, kw_only=True)
class FinetuneConfig:
    """Fine-tuning on annotated videos."""

    adaptation: AdaptationConfig = field(default_factory=AdaptationConfig)
    """How far the weights may go."""
    lessons: LessonConfig = field(default_factory=LessonConfig)
    """What is learned from."""
    check: CheckConfig = field(default_factory=CheckConfig)
    """How the result is judged."""


@dataclass(frozen=True, kw_only=True)
class HarvestConfig:
    """How tracks are gathered from videos that nobody annotated."""

    clip_frames: int = 60
    """Frames of a clip."""
    clips_per_video: int = 4
    """Clips cut from one video, evenly spread."""
    max_clips: int = 200
    """Most clips of all videos."""
    targets_per_clip: int = 4
    """Boxes that are followed in a clip."""
    frame_step: int = 1
    """Every so many-th frame is used."""
    min_agreement: float = 0.6
    """IoU of the forward and the backward run in each frame that is kept."""
    min_score: float = 0.4
    """Score of both runs in each frame that is kept."""
    min_frames: int = 20
    """Shorter tracks are dropped."""
    min_motion: float = 0.25
    """How far a target moves in its clip, or changes size, in target sizes; stiller
    ones teach nothing."""
    min_tracks: int = 20
    """With fewer tracks of all clips nothing is learned: four made weights worse."""

    def __post_init__(self) -> None:
        counts = "clips_per_video", "max_clips", "targets_per_clip", "frame_step"
        check_numbers(self, *counts, "min_tracks", least=1)
        check_numbers(self, "min_frames", least=4, most=self.clip_frames)
        check_numbers(self, "min_agreement", "min_score", least=0, most=1)
        check_numbers(self, "min_motion", least=0)
