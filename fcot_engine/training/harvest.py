"""Gathering tracks from a folder of videos that nobody annotated.

    <cache>/<clip>/               frames and tracks, see `clip_cache`
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
import time
import zlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from fcot_engine.config import HarvestConfig
from fcot_engine.errors import FrameError, TrainingError, VideoError
from fcot_engine.tracker import Tracker
from fcot_engine.training.clip_cache import ClipTrack, write_clip
from fcot_engine.training.dice import Dice
from fcot_engine.training.proposals import propose_boxes
from fcot_engine.training.two_way_tracks import follow_both_ways
from fcot_engine.video import IMAGE_SUFFIXES, FrameSource, open_frames

__all__ = ["Harvest", "find_videos", "gather_clips"]

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
    minutes: float | None = None,
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
        minutes: begin no clip later than this; None for no end.
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
    deadline = None if minutes is None else time.monotonic() + 60 * minutes
    unreadable = set()
    # the first clip of each video, then the second: a bound shall not cost variety
    for place in range(config.clips_per_video):
        for path in videos:
            if path in unreadable:
                continue
            is_late = deadline is not None and time.monotonic() > deadline
            if is_late or harvest.clips >= config.max_clips:
                return harvest
            base, number = _name(path, folder)
            try:
                with closing(open_frames(path, prefetch=False)) as source:
                    frames = _cut_clip(len(source), place, config)
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
    for place, folders, files in os.walk(folder):
        folders.sort()
        suffixes = [Path(name).suffix.lower() for name in files]
        n_images = sum(suffix in IMAGE_SUFFIXES for suffix in suffixes)
        if n_images >= _FEWEST_IMAGES:
            found.append(Path(place))
            continue
        found += [
            Path(place, name)
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
    dice = Dice(torch.Generator().manual_seed(seed), torch.device("cpu"))
    begin, later = source.read(frames[0]), source.read(frames[_LOOK_AHEAD])
    boxes = propose_boxes(begin, later, config.targets_per_clip, dice)
    found = (
        follow_both_ways(source, frames, box, make_tracker, config) for box in boxes
    )
    return _Gathered([track for track in found if track is not None], len(boxes))


def _cut_clip(n_frames: int, place: int, config: HarvestConfig) -> list[int]:
    """Frames of one of a video's clips, which are evenly spread; none if too short."""
    span = config.clip_frames * config.frame_step
    fewest = max(config.min_frames, _LOOK_AHEAD + 1) * config.frame_step
    n_clips = min(config.clips_per_video, max(1, n_frames // span))
    if n_frames < fewest or place >= n_clips:
        return []
    starts = np.linspace(0, max(0, n_frames - span), n_clips).round().astype(int)
    first = int(starts[place])
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
    place = path.relative_to(folder).as_posix()
    number = zlib.crc32(place.encode(errors="surrogateescape"))
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", place).strip("-") or "video"
    return f"{plain}-{number:08x}", number
