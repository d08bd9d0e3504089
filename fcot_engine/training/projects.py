"""From a project to a video that weights can be fine-tuned on."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fcot_engine.annotation import (
    PROJECT_SUFFIX,
    AnnotatedTarget,
    Origin,
    Project,
    SpanKind,
    are_human,
    identify_video,
)
from fcot_engine.config import LessonConfig
from fcot_engine.errors import TrainingError
from fcot_engine.training.labelled_video import LabelledTarget, LabelledVideo
from fcot_engine.video import open_frames

__all__ = ["label_target", "open_project"]

_CACHE_BYTES = 128 * 2**20  # several videos are open at once


def open_project(
    path: Path, config: LessonConfig, *, video_path: Path | None = None
) -> LabelledVideo:
    """Read a project and open its video; close `source` when done with it.

    The project is only read, and free again when this returns.

    Args:
        path: the project file.
        config: which boxes count, and how much.
        video_path: where the video is, if it was moved.

    Raises:
        ProjectError: there is no usable project.
        MovedVideoError: the video is not where it was.
        OtherVideoError: the video is not the one the project was made on.
        VideoError: the video cannot be opened.
        TrainingError: nobody drew a box in it.
    """
    project = Project.open(path, read_only=True)
    try:
        place = project.find_video(video_path)
        source = open_frames(place, cache_bytes=_CACHE_BYTES, prefetch=False)
        try:
            project.check_video(identify_video(source, place))
            targets = tuple(
                label_target(target, len(source), config)
                for target in project.annotations
                if len(target.boxes.human_frames())
            )
        except BaseException:
            source.close()
            raise
    finally:
        project.close()
    if not targets:
        source.close()
        raise TrainingError(
            f"Nobody drew a box in {path.name}. Correct some boxes, or leave it out."
        )
    return LabelledVideo(path.name.removesuffix(PROJECT_SUFFIX), source, targets)


def label_target(
    target: AnnotatedTarget, n_frames: int, config: LessonConfig
) -> LabelledTarget:
    """Say how much each box of a target counts.

    Drawn boxes count fully, tracked ones by their score: less before the first and
    behind the last drawn box, and not at all where the target was lost, the runs from
    both sides disagree, the score is low, or a person said that it is hidden.
    Interpolated boxes do not count.

    Args:
        target: with at least one box.
        n_frames: of the video.
        config: the limits.
    """
    rows = target.boxes.take(np.arange(n_frames))
    drawn = are_human(rows)
    frames = np.arange(n_frames)
    between = (frames >= frames[drawn][0]) & (frames <= frames[drawn][-1])
    trust = np.where(between, config.tracked_trust, config.outside_trust)
    trust = trust * np.clip(rows["score"], 0, 1)
    is_usable = (rows["origin"] == Origin.TRACKED) & (rows["is_lost"] == 0)
    is_usable &= rows["score"] >= config.min_score
    # NaN, where only one run passed, is no disagreement
    is_usable &= ~(rows["disagreement"] > config.max_disagreement)
    trust = np.where(is_usable, trust, 0.0)
    trust[drawn] = 1.0
    for span in target.info.spans:
        hidden = slice(span.first, span.last + 1)
        is_out = span.kind is SpanKind.OUT_OF_VIEW
        trust[hidden] = 0.0 if is_out else trust[hidden] * drawn[hidden]
    trust[rows["box"][:, 2:].min(axis=1) <= 0] = 0.0
    return LabelledTarget(
        target.info.name, rows["box"].astype(np.float64), trust, drawn & (trust > 0)
    )
