"""Videos with boxes that people drew or let stand: read from projects, and parted.

Of one video a segment at one of its ends is held out: nothing learns from it, nor from
the few frames beside it, which look much the same. Several videos are held out whole
and in turn: each fold learns from all videos but some, and is judged on those.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

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
from fcot_engine.training.checkpoint import find_checkpoint
from fcot_engine.training.videos import (
    AnnotatedVideo,
    ClipTrack,
    read_clips,
    write_clip,
)
from fcot_engine.video import FrameSource, open_frames

_FEWEST_FRAMES = 4
_PLAN_FILE = "learned-from.txt"


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
class HeldOut:
    """Frames of a video that nothing learns from."""

    video: LabelledVideo
    first: int
    """First frame."""
    last: int
    """Last frame, included."""


def split_video(
    video: LabelledVideo, config: LessonConfig
) -> tuple[list[ClipTrack], HeldOut]:
    """Part a video into what is learned from and a segment that is held out.

    The segment lies at the end of the labelled frames where more boxes were drawn.

    Args:
        video: the video.
        config: how much is held out, how many frames are used.

    Returns:
        The boxes to learn from, one track a target that has some, and the segment.

    Raises:
        TrainingError: too few frames have a usable box.
    """
    labelled = _find_labelled(video)
    n_held = round(config.held_out_share * len(labelled))
    if n_held < 1 or len(labelled) - n_held < _FEWEST_FRAMES:
        raise _too_few(video, labelled)
    drawn = _find_drawn(video)
    is_late = drawn[labelled[-n_held:]].sum() >= drawn[labelled[:n_held]].sum()
    held = labelled[-n_held:] if is_late else labelled[:n_held]
    segment = HeldOut(video, int(held[0]), int(held[-1]))
    near = min(config.gap_frames, len(labelled) // 10)  # short videos have none to lose
    kept = labelled[
        (labelled < segment.first - near) | (labelled > segment.last + near)
    ]
    tracks = _take(video, kept, config.max_frames)
    if not tracks:
        raise TrainingError(
            f"{video.name} has too few boxes beside those that are held out. Draw or "
            "track more, or leave it out."
        )
    return tracks, segment


def take_whole(
    video: LabelledVideo, config: LessonConfig
) -> tuple[list[ClipTrack], HeldOut]:
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
    return tracks, HeldOut(video, 0, len(video.source) - 1)


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


@dataclass(frozen=True)
class LearningPlan:
    """What one training learns from, and what it does not see."""

    learned: tuple[AnnotatedVideo, ...]
    """Tracks to learn from, their frames on the disk."""
    held_out: tuple[HeldOut, ...] = ()
    """What the result may be judged on; none if all is learned from."""

    @property
    def text(self) -> str:
        """Clips and frames of both parts, a line each."""
        clips = sorted({track.folder.name for track in self.learned})
        lines = [f"learned from: clip {name}" for name in clips] + [
            f"held out: {each.video.name}, frames {each.first} to {each.last}"
            for each in self.held_out
        ]
        return "".join(f"{line}\n" for line in lines)

    def note(self, folder: Path, *, resume: bool) -> None:
        """Note the plan in the folder of its training, or see that it is the one noted.

        Who goes on from a checkpoint must not judge it on what it was learned from:
        other projects may be named now, or boxes drawn where a segment is held out.

        Args:
            folder: of the training.
            resume: whether training goes on from a checkpoint of the folder, if there
                is one.

        Raises:
            TrainingError: the checkpoint was trained by another plan, or nothing can
                be written.
        """
        path = folder / _PLAN_FILE
        try:
            if not resume or find_checkpoint(folder) is None:
                folder.mkdir(parents=True, exist_ok=True)
                path.write_text(self.text, encoding="utf-8")
            noted = path.read_text(encoding="utf-8") if path.is_file() else None
        except OSError as error:
            raise TrainingError(
                f"{path} cannot be written or read: {error}. Choose another run folder."
            ) from error
        if noted != self.text:
            raise TrainingError(
                f"The checkpoint in {folder} was trained on other data than is asked "
                "for now, and cannot be judged on it. Name the same projects in the "
                "same order, with the same boxes, or choose another run folder."
            )


def plan_segment(
    video: LabelledVideo, config: LessonConfig, *, folder: Path
) -> LearningPlan:
    """Part one video, and store the frames to learn from.

    Args:
        video: an open one.
        config: how it is parted.
        folder: where frames are stored, in a folder of the video.

    Raises:
        TrainingError: it has too few boxes, or the disk is full.
        FrameError: a frame cannot be read.
    """
    tracks, segment = split_video(video, config)
    (learned,) = _store([(video, tracks)], folder)
    return LearningPlan(learned, (segment,))


def plan_folds(
    videos: Sequence[LabelledVideo],
    config: LessonConfig,
    *,
    folder: Path,
    max_folds: int,
) -> tuple[list[LearningPlan], LearningPlan]:
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
    tracks = [of_video for of_video, _ in parts]
    learned = _store(zip(videos, tracks, strict=True), folder)
    n_folds = min(max_folds, len(videos))
    folds = [
        LearningPlan(
            _join(each for i, each in enumerate(learned) if i % n_folds != fold),
            tuple(whole for _, whole in parts[fold::n_folds]),
        )
        for fold in range(n_folds)
    ]
    return folds, LearningPlan(_join(learned))


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
    learned: Iterable[tuple[AnnotatedVideo, ...]],
) -> tuple[AnnotatedVideo, ...]:
    return tuple(track for of_video in learned for track in of_video)


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name) or "video"
