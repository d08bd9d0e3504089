"""Settings of fine-tuning and of self-training."""

from __future__ import annotations

from dataclasses import dataclass, field

from fcot_engine.errors import ConfigError

__all__ = [
    "AdaptationConfig",
    "CheckConfig",
    "FinetuneConfig",
    "HarvestConfig",
    "LessonConfig",
]


def _check(condition: bool, message: str) -> None:
    if not condition:
        raise ConfigError(message)


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
        _check(self.pull >= 0, f"pull must not be negative, got {self.pull:g}.")
        _check(0 < self.blend <= 1, f"blend must lie in (0, 1], got {self.blend:g}.")


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
    """Frames beside the held-out stretch that nothing learns from."""
    max_frames: int = 400
    """Most frames of a video to learn from."""

    def __post_init__(self) -> None:
        for name in ("min_score", "max_disagreement"):
            value = getattr(self, name)
            _check(0 <= value <= 1, f"{name} must lie in [0, 1], got {value:g}.")
        for name in ("tracked_trust", "outside_trust"):
            value = getattr(self, name)
            _check(0 <= value <= 1, f"{name} must lie in [0, 1], got {value:g}.")
        _check(
            0 < self.held_out_share < 1,
            f"held_out_share must lie inside (0, 1), got {self.held_out_share:g}.",
        )
        _check(
            self.gap_frames >= 0,
            f"gap_frames must not be negative, got {self.gap_frames}.",
        )
        _check(self.max_frames >= 4, f"max_frames must be >= 4, got {self.max_frames}.")


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
        _check(self.max_folds >= 2, f"max_folds must be >= 2, got {self.max_folds}.")
        _check(
            1 <= self.shortest_run <= self.longest_run,
            "shortest_run must lie between 1 and longest_run, got "
            f"{self.shortest_run} and {self.longest_run}.",
        )
        _check(self.max_frames >= 1, f"max_frames must be >= 1, got {self.max_frames}.")
        _check(self.min_runs >= 2, f"min_runs must be >= 2, got {self.min_runs}.")
        for name in ("machine_cap", "confidence"):
            value = getattr(self, name)
            _check(0 < value < 1, f"{name} must lie inside (0, 1), got {value:g}.")


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
        for name in (
            "clips_per_video",
            "max_clips",
            "targets_per_clip",
            "frame_step",
            "min_tracks",
        ):
            value = getattr(self, name)
            _check(value >= 1, f"{name} must be at least 1, got {value}.")
        _check(
            4 <= self.min_frames <= self.clip_frames,
            "min_frames must lie between 4 and clip_frames, got "
            f"{self.min_frames} and {self.clip_frames}.",
        )
        for name in ("min_agreement", "min_score"):
            value = getattr(self, name)
            _check(0 <= value <= 1, f"{name} must lie in [0, 1], got {value:g}.")
        _check(
            self.min_motion >= 0,
            f"min_motion must not be negative, got {self.min_motion:g}.",
        )
