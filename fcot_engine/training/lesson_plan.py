"""From annotated videos to what is learned from and what is held out.

Of one video a stretch is held out. Several are held out whole and in turn: each fold
learns from all videos but some, and is judged on those.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fcot_engine.config import LessonConfig
from fcot_engine.errors import TrainingError
from fcot_engine.training.annotated_video import AnnotatedVideo
from fcot_engine.training.clip_cache import ClipTrack, read_clips, write_clip
from fcot_engine.training.labelled_video import (
    HeldOutStretch,
    LabelledVideo,
    split_video,
    take_whole,
)

__all__ = ["LessonPlan", "plan_folds", "plan_stretch"]


@dataclass(frozen=True)
class LessonPlan:
    """What one training learns from, and what it does not see."""

    lessons: tuple[AnnotatedVideo, ...]
    """Tracks to learn from, their frames on the disk."""
    held_out: tuple[HeldOutStretch, ...] = ()
    """What the result may be judged on; none if all is learned from."""

    @property
    def text(self) -> str:
        """Clips and frames of both parts, a line each."""
        clips = sorted({lesson.folder.name for lesson in self.lessons})
        lines = [f"learned from: clip {name}" for name in clips] + [
            f"held out: {each.video.name}, frames {each.first} to {each.last}"
            for each in self.held_out
        ]
        return "".join(f"{line}\n" for line in lines)


def plan_stretch(
    video: LabelledVideo, config: LessonConfig, *, folder: Path, seed: int
) -> LessonPlan:
    """Part one video, and store the frames to learn from.

    Args:
        video: an open one.
        config: how it is parted.
        folder: where frames are stored, in a folder of the video.
        seed: of what is drawn at random.

    Raises:
        TrainingError: it has too few boxes, or the disk is full.
        FrameError: a frame cannot be read.
    """
    tracks, stretch = split_video(video, config, seed=seed)
    (lessons,) = _store([(video, tracks)], folder)
    return LessonPlan(lessons, (stretch,))


def plan_folds(
    videos: Sequence[LabelledVideo],
    config: LessonConfig,
    *,
    folder: Path,
    max_folds: int,
) -> tuple[list[LessonPlan], LessonPlan]:
    """Deal videos into folds in their order, and store their frames once for all.

    Args:
        videos: two open ones or more.
        config: what is learned from.
        folder: where frames are stored, a folder a video.
        max_folds: with more videos some are held out together.

    Returns:
        A plan for each fold, and one that learns from all videos.

    Raises:
        TrainingError: there is one video or none, one has too few boxes, or the disk
            is full.
        FrameError: a frame cannot be read.
    """
    if len(videos) < 2:
        raise TrainingError(
            f"Videos are held out in turn if there are two or more, got {len(videos)}."
        )
    parts = [take_whole(video, config) for video in videos]
    tracks = [learned for learned, _ in parts]
    lessons = _store(zip(videos, tracks, strict=True), folder)
    n_folds = min(max_folds, len(videos))
    folds = [
        LessonPlan(
            _join(each for i, each in enumerate(lessons) if i % n_folds != fold),
            tuple(whole for _, whole in parts[fold::n_folds]),
        )
        for fold in range(n_folds)
    ]
    return folds, LessonPlan(_join(lessons))


def _store(
    parts: Iterable[tuple[LabelledVideo, Sequence[ClipTrack]]], folder: Path
) -> list[tuple[AnnotatedVideo, ...]]:
    """Write a clip of each video; returns what is learned from each."""
    names = []
    for number, (video, tracks) in enumerate(parts, start=1):
        names.append(f"{number:02d}-{_plain(video.name)}")
        write_clip(folder / names[-1], video.source, tracks)
    clips = read_clips(folder)  # an earlier run may have left others
    return [tuple(c for c in clips if c.folder.name == name) for name in names]


def _join(
    lessons: Iterable[tuple[AnnotatedVideo, ...]],
) -> tuple[AnnotatedVideo, ...]:
    return tuple(lesson for of_video in lessons for lesson in of_video)


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name) or "video"
