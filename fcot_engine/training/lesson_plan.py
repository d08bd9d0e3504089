"""From annotated videos to what is learned from and what is held out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fcot_engine.config.adaptation import LessonConfig
from fcot_engine.errors import TrainingError
from fcot_engine.training.annotated_video import AnnotatedVideo
from fcot_engine.training.clip_cache import read_clips, write_clip
from fcot_engine.training.labelled_video import (
    HeldOutStretch,
    LabelledVideo,
    split_video,
)

__all__ = ["LessonPlan", "plan_lessons"]


@dataclass(frozen=True)
class LessonPlan:
    """The two parts of all videos."""

    lessons: tuple[AnnotatedVideo, ...]
    """Tracks to learn from, their frames on the disk."""
    held_out: tuple[HeldOutStretch, ...]
    """What the result is judged on, one stretch a video."""


def plan_lessons(
    videos: Sequence[LabelledVideo],
    config: LessonConfig,
    *,
    folder: Path,
    seed: int,
) -> LessonPlan:
    """Part each video, and store the frames to learn from.

    Args:
        videos: open ones.
        config: how they are parted.
        folder: where frames are stored, a folder a video.
        seed: of what is drawn at random.

    Raises:
        TrainingError: there is no video, one has too few boxes, or the disk is full.
        FrameError: a frame cannot be read.
    """
    if not videos:
        raise TrainingError("There is nothing to learn from: name a project.")
    folders, held_out = [], []
    for number, video in enumerate(videos):
        tracks, stretch = split_video(video, config, seed=seed + number)
        folders.append(folder / f"{number + 1:02d}-{_plain(video.name)}")
        write_clip(folders[-1], video.source, tracks)
        held_out.append(stretch)
    kept = {path.name for path in folders}  # an earlier run may have left others
    lessons = [clip for clip in read_clips(folder) if clip.folder.name in kept]
    return LessonPlan(tuple(lessons), tuple(held_out))


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name) or "video"
