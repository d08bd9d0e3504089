"""Gathering tracks from a folder of videos that nobody annotated.

    <cache>/<clip>/               frames and tracks, see `videos`
    <cache>/gathered.csv          clip,proposed,kept: every clip that was looked at
    <cache>/settings.json         what it was gathered with

Each clip is written down when it is done, so a run that ends in between goes on with
the next one.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import zlib
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from fcot_engine.config import HarvestConfig
from fcot_engine.errors import FrameError, TrainingError, VideoError
from fcot_engine.geometry import BoxXywh, box_iou, xywh_to_xyxy
from fcot_engine.tracker import Tracker, Verdict
from fcot_engine.training._draws import Draws
from fcot_engine.training.proposals import propose_boxes
from fcot_engine.training.videos import ClipTrack, write_clip
from fcot_engine.video import IMAGE_SUFFIXES, FrameSource, open_frames

_VIDEO_SUFFIXES = {".avi", ".m4v", ".mkv", ".mov", ".mp4", ".tif", ".tiff", ".webm"}
_LOOK_AHEAD = 5  # frames between the two that motion is seen in
_FEWEST_IMAGES = 20
_LARGE_PRIME = 1_000_003


@dataclass
class Harvest:
    """What was gathered, over all runs of a cache."""

    clips: int = 0
    """Clips that were looked at."""
    proposed: int = 0
    """Boxes that were followed."""
    kept: int = 0
    """Tracks that agreed with themselves."""

    @property
    def text(self) -> str:
        """One line for people."""
        return (
            f"{self.kept} of {self.proposed} tracks kept, from {self.clips} clips of "
            "unlabelled video"
        )


def gather_clips(
    folder: Path,
    cache: Path,
    make_tracker: Callable[[], Tracker],
    config: HarvestConfig,
    *,
    made_with: str,
    seed: int = 0,
    say: Callable[[str], None] = lambda line: None,
) -> Harvest:
    """Follow what stands out in clips of all videos, and store what agrees.

    Args:
        folder: holds videos and folders of images, at any depth.
        cache: where clips are stored; one that is there is gone on with.
        make_tracker: gives a fresh tracker.
        config: how many clips, and what is kept.
        made_with: what the trackers are, such as the hash of their weights.
        seed: of the proposals.
        say: told about each clip, and each video that cannot be read.

    Raises:
        TrainingError: there is no video, or the cache was made in another way.
    """
    videos = find_videos(folder)
    _check_settings(cache, config, made_with=made_with, seed=seed)
    done = _read_done(cache / "gathered.csv")
    harvest = Harvest(
        clips=len(done),
        proposed=sum(proposed for proposed, _ in done.values()),
        kept=sum(kept for _, kept in done.values()),
    )
    unreadable = set()
    # the first clip of each video, then the second: a bound shall not cost variety
    for turn in range(config.clips_per_video):
        for path in videos:
            if path in unreadable:
                continue
            if harvest.clips >= config.max_clips:
                return harvest
            base, number = _name(path, folder)
            try:
                with closing(open_frames(path, prefetch=False)) as source:
                    frames = _cut_clip(len(source), turn, config)
                    name = f"{base}-{frames[0]:06d}" if frames else ""
                    if not frames or name in done:
                        continue
                    # its own seed: what is found does not depend on other videos
                    own_seed = seed * _LARGE_PRIME + number + frames[0]
                    found = _gather(source, frames, make_tracker, config, own_seed)
                    if found.tracks:
                        write_clip(cache / name, source, found.tracks)
            except (FrameError, VideoError) as error:
                unreadable.add(path)
                say(f"{path} is left out: {error}")
                continue
            _note_done(cache, name, found.proposed, len(found.tracks))
            harvest.clips += 1
            harvest.proposed += found.proposed
            harvest.kept += len(found.tracks)
            say(f"{name}: {len(found.tracks)} of {found.proposed} kept")
    return harvest


def find_videos(folder: Path) -> list[Path]:
    """Video files and folders with 20 or more images, at any depth, by name.

    Raises:
        TrainingError: there is none.
    """
    found = []
    for home, folders, files in os.walk(folder):
        folders.sort()
        suffixes = [Path(name).suffix.lower() for name in files]
        n_images = sum(suffix in IMAGE_SUFFIXES for suffix in suffixes)
        if n_images >= _FEWEST_IMAGES:
            found.append(Path(home))
            continue
        found += [
            Path(home, name)
            for name, suffix in zip(files, suffixes, strict=True)
            if suffix in _VIDEO_SUFFIXES
        ]
    if not found:
        raise TrainingError(
            f"{folder} holds no videos: expected video files ("
            f"{', '.join(sorted(_VIDEO_SUFFIXES))}) or folders with "
            f"{_FEWEST_IMAGES} images or more."
        )
    return sorted(found)


@dataclass(frozen=True)
class _Gathered:
    tracks: list[ClipTrack]
    proposed: int


def _gather(
    source: FrameSource,
    frames: list[int],
    make_tracker: Callable[[], Tracker],
    config: HarvestConfig,
    seed: int,
) -> _Gathered:
    draw = Draws(torch.Generator().manual_seed(seed), torch.device("cpu"))
    begin, later = source.read(frames[0]), source.read(frames[_LOOK_AHEAD])
    boxes = propose_boxes(begin, later, config.targets_per_clip, draw)
    found = (
        follow_both_ways(source, frames, box, make_tracker, config) for box in boxes
    )
    return _Gathered([track for track in found if track is not None], len(boxes))


def _cut_clip(n_frames: int, turn: int, config: HarvestConfig) -> list[int]:
    """Frames of one of a video's clips, which are evenly spread; none if too short."""
    span = config.clip_frames * config.frame_step
    fewest = max(config.min_frames, _LOOK_AHEAD + 1) * config.frame_step
    n_clips = min(config.clips_per_video, max(1, n_frames // span))
    if n_frames < fewest or turn >= n_clips:
        return []
    starts = np.linspace(0, max(0, n_frames - span), n_clips).round().astype(int)
    first = int(starts[turn])
    return list(range(first, min(first + span, n_frames), config.frame_step))


def _check_settings(
    cache: Path, config: HarvestConfig, *, made_with: str, seed: int
) -> None:
    """Write down what a cache is gathered with, or make sure that it is the same."""
    settings = dataclasses.asdict(config) | {"made_with": made_with, "seed": seed}
    for name in ("max_clips", "min_tracks"):  # may be others in a later run
        del settings[name]
    path = cache / "settings.json"
    try:
        if not path.is_file():
            cache.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
            return
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrainingError(
            f"{path} cannot be used: {error}. Choose another run folder."
        ) from error
    if known != settings:
        raise TrainingError(
            f"{cache} was gathered with other weights or settings. Use the same, or "
            "choose another run folder."
        )


def _read_done(path: Path) -> dict[str, tuple[int, int]]:
    """Proposed and kept tracks of each clip that is done."""
    if not path.is_file():
        return {}
    done = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        name, *numbers = line.split(",")
        if len(numbers) == 2 and all(number.isdecimal() for number in numbers):
            done[name] = int(numbers[0]), int(numbers[1])
    return done  # a half-written last line is looked at again


def _note_done(cache: Path, name: str, proposed: int, kept: int) -> None:
    try:
        with (cache / "gathered.csv").open("a", encoding="utf-8") as stream:
            stream.write(f"{name},{proposed},{kept}\n")
    except OSError as error:
        raise TrainingError(f"{cache} cannot be written to: {error}.") from error


def _name(path: Path, folder: Path) -> tuple[str, int]:
    """A plain name of a video that no other one has, and a number of it."""
    relative = path.relative_to(folder).as_posix()
    number = zlib.crc32(relative.encode(errors="surrogateescape"))
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", relative).strip("-") or "video"
    return f"{plain}-{number:08x}", number


def follow_both_ways(
    source: FrameSource,
    frames: Sequence[int],
    box_xywh: BoxXywh,
    make_tracker: Callable[[], Tracker],
    config: HarvestConfig,
) -> ClipTrack | None:
    """Follow a box through a clip and back.

    Args:
        source: the video.
        frames: the clip's frames, ascending; the box is in the first.
        box_xywh: where to begin, image pixels.
        make_tracker: gives a fresh tracker; called twice.
        config: what is kept.

    Returns:
        The longest segment in which both runs agree, the mean of their boxes, trusted
        by score and agreement; None if it is too short or hardly moves.

    Raises:
        FrameError: a frame cannot be read.
    """
    forward, scores = _follow(source, frames, box_xywh, make_tracker(), config)
    n = len(forward)
    if n < config.min_frames:
        return None
    way_back = list(frames[:n])[::-1]
    last = forward[-1].tolist()
    backward, scores_back = _follow(source, way_back, last, make_tracker(), config)
    there = torch.from_numpy(forward[n - len(backward) :])
    back = torch.from_numpy(backward[::-1].copy())
    agreement = box_iou(xywh_to_xyxy(there), xywh_to_xyxy(back)).numpy()
    first, end = _longest_run(agreement >= config.min_agreement)
    boxes = ((there + back) / 2).numpy()[first:end]
    if end - first < config.min_frames or _measure_motion(boxes) < config.min_motion:
        return None
    kept = np.asarray(frames[n - len(backward) : n], dtype=np.int64)[first:end]
    score = np.minimum(scores[n - len(backward) :], scores_back[::-1])[first:end]
    return ClipTrack(kept, boxes, np.maximum(score * agreement[first:end], 1e-3))


def _follow(
    source: FrameSource,
    frames: Sequence[int],
    box_xywh: Sequence[float],
    tracker: Tracker,
    config: HarvestConfig,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Boxes `(n, 4)` and scores `(n,)` until the target is lost or doubtful."""
    result = tracker.init(source.read(frames[0]), box_xywh)
    boxes, scores = [result.box_xywh], [result.score]
    for frame in frames[1:]:
        result = tracker.track(source.read(frame))
        if result.verdict is Verdict.LOST or result.score < config.min_score:
            break
        boxes.append(result.box_xywh)
        scores.append(result.score)
    return np.array(boxes, dtype=np.float64), np.array(scores, dtype=np.float64)


def _longest_run(flags: NDArray[np.bool_]) -> tuple[int, int]:
    """First index and end of the longest run of True; (0, 0) if there is none."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]])))
    starts, ends = edges[::2], edges[1::2]
    if not len(starts):
        return 0, 0
    longest = int((ends - starts).argmax())
    return int(starts[longest]), int(ends[longest])


def _measure_motion(boxes_xywh: NDArray[np.float64]) -> float:
    """Largest way from the first box, or change of its size, in target sizes."""
    if not len(boxes_xywh):
        return 0.0
    size = np.sqrt(boxes_xywh[:, 2:].prod(axis=1))
    center = boxes_xywh[:, :2] + boxes_xywh[:, 2:] / 2
    way = np.hypot(*(center - center[0]).T) / size[0]
    return float(max(way.max(), np.abs(np.log(size / size[0])).max()))
