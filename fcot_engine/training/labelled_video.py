"""A video with boxes that people drew or let stand, and what of it is learned from.

Where other videos are held out, all of it is. Where it is the only video, a stretch of
frames at one of its ends is held out: nothing learns from it, nor from the few frames
beside it, which look much the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from fcot_engine.config import LessonConfig
from fcot_engine.errors import TrainingError
from fcot_engine.training.clip_cache import ClipTrack
from fcot_engine.training.dice import Dice
from fcot_engine.video import FrameSource

__all__ = [
    "HeldOutStretch",
    "LabelledTarget",
    "LabelledVideo",
    "split_video",
    "take_whole",
]

_FEWEST_FRAMES = 4


@dataclass(frozen=True, eq=False)  # arrays do not compare to one bool
class LabelledTarget:
    """One target of a video, a row for each frame."""

    name: str
    """For messages."""
    boxes_xywh: NDArray[np.float64]
    """Image pixels, `(n, 4)`; a row means nothing where `trust` is 0."""
    trust: NDArray[np.float64]
    """How much a box counts in [0, 1]; 0 for none, `(n,)`."""
    is_drawn: NDArray[np.bool_]
    """Whether a person drew the box, `(n,)`."""


@dataclass(frozen=True, eq=False)
class LabelledVideo:
    """Frames, and the targets in them."""

    name: str
    """For messages and files; no two videos have the same."""
    source: FrameSource
    """The frames."""
    targets: tuple[LabelledTarget, ...]
    """At least one."""


@dataclass(frozen=True, eq=False)
class HeldOutStretch:
    """Frames of a video that nothing learns from."""

    video: LabelledVideo
    first: int
    """First frame."""
    last: int
    """Last frame, included."""


def split_video(
    video: LabelledVideo, config: LessonConfig, *, seed: int
) -> tuple[list[ClipTrack], HeldOutStretch]:
    """Part a video into what is learned from and a stretch that is held out.

    The stretch lies at the end of the labelled frames where more boxes were drawn; the
    seed decides where there are as many at both.

    Args:
        video: the video.
        config: how much is held out, how many frames are used.
        seed: of what is drawn at random.

    Returns:
        The boxes to learn from, one track a target that has some, and the stretch.

    Raises:
        TrainingError: too few frames have a usable box.
    """
    labelled = _find_labelled(video)
    n_held = round(config.held_out_share * len(labelled))
    if n_held < 1 or len(labelled) - n_held < _FEWEST_FRAMES:
        raise _too_few(video, labelled)
    dice = Dice(torch.Generator().manual_seed(seed), torch.device("cpu"))
    drawn = _find_drawn(video)
    n_early = int(drawn[labelled[:n_held]].sum())
    n_late = int(drawn[labelled[-n_held:]].sum())
    is_late = n_late > n_early or (n_late == n_early and bool(dice.chance(0.5)))
    held = labelled[-n_held:] if is_late else labelled[:n_held]
    stretch = HeldOutStretch(video, int(held[0]), int(held[-1]))
    near = min(config.gap_frames, len(labelled) // 10)  # short videos have none to lose
    kept = labelled[
        (labelled < stretch.first - near) | (labelled > stretch.last + near)
    ]
    tracks = _take(video, kept, config.max_frames)
    if not tracks:
        raise TrainingError(
            f"{video.name} has too few boxes beside those that are held out. Draw or "
            "track more, or leave it out."
        )
    return tracks, stretch


def take_whole(
    video: LabelledVideo, config: LessonConfig
) -> tuple[list[ClipTrack], HeldOutStretch]:
    """Take all of a video: what is learned from it, and what it is judged on.

    Only one of the two may be used in a training.

    Args:
        video: the video.
        config: how many frames are learned from.

    Returns:
        The boxes to learn from, one track a target that has some, and all frames.

    Raises:
        TrainingError: too few frames have a usable box.
    """
    labelled = _find_labelled(video)
    if len(labelled) < _FEWEST_FRAMES:
        raise _too_few(video, labelled)
    tracks = _take(video, labelled, config.max_frames)
    return tracks, HeldOutStretch(video, 0, len(video.source) - 1)


def _find_labelled(video: LabelledVideo) -> NDArray[np.int64]:
    return np.flatnonzero(
        np.any([target.trust > 0 for target in video.targets], axis=0)
    )


def _find_drawn(video: LabelledVideo) -> NDArray[np.bool_]:
    return np.asarray(np.any([target.is_drawn for target in video.targets], axis=0))


def _too_few(video: LabelledVideo, labelled: NDArray[np.int64]) -> TrainingError:
    return TrainingError(
        f"{video.name} has usable boxes in {len(labelled)} frames only. Draw or "
        f"track boxes in {2 * _FEWEST_FRAMES} or more, or leave it out."
    )


def _take(
    video: LabelledVideo, frames: NDArray[np.int64], most: int
) -> list[ClipTrack]:
    """The tracks in at most so many of some frames, without empty ones."""
    chosen = _thin(frames, _find_drawn(video), most)
    tracks = [_cut(target, chosen) for target in video.targets]
    return [track for track in tracks if len(track.frames)]


def _thin(
    frames: NDArray[np.int64], drawn: NDArray[np.bool_], most: int
) -> NDArray[np.int64]:
    """Take at most so many frames, evenly, those with drawn boxes first."""
    if len(frames) <= most:
        return frames
    first = _evenly(frames[drawn[frames]], most)
    rest = _evenly(frames[~drawn[frames]], most - len(first))
    return np.sort(np.concatenate([first, rest]))


def _evenly(frames: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    if len(frames) <= most:
        return frames
    return frames[np.linspace(0, len(frames) - 1, most).round().astype(np.int64)]


def _cut(target: LabelledTarget, frames: NDArray[np.int64]) -> ClipTrack:
    chosen = frames[target.trust[frames] > 0]
    return ClipTrack(chosen, target.boxes_xywh[chosen], target.trust[chosen])
