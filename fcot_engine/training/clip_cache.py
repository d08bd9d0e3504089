"""Frames with boxes on the disk, quick to read in any order.

    <root>/<clip>/000012.jpg      frame 12 of the clip's video; only those with boxes
    <root>/<clip>/track-1.csv     frame,x,y,w,h,trust: one target, frames in order

A video is decoded once, from front to back. Frames larger than needed are stored
smaller; boxes are in pixels of the stored frames, in the convention of
`geometry.boxes`. A clip is written under another name and renamed when it is complete:
one that is there is whole.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fcot_engine.errors import TrainingError
from fcot_engine.training.annotated_video import AnnotatedVideo, read_numbers
from fcot_engine.video import FrameSource

__all__ = ["ClipTrack", "choose_scale", "read_clips", "write_clip"]

_PATTERN = "{:06d}.jpg"
_QUALITY = 92
_LONG_SIDE_PX = 480.0
_TARGET_PX = 80.0  # patches show targets at about 64 px


@dataclass(frozen=True, eq=False)  # arrays do not compare to one bool
class ClipTrack:
    """One target in some frames of a video."""

    frames: NDArray[np.int64]
    """Frame numbers, ascending, `(n,)`."""
    boxes_xywh: NDArray[np.float64]
    """Where it is, pixels of the video, `(n, 4)`."""
    trust: NDArray[np.float64]
    """How often each is drawn beside the others, above 0, `(n,)`."""


def write_clip(folder: Path, source: FrameSource, tracks: Sequence[ClipTrack]) -> None:
    """Store the frames of some tracks of one video, and the tracks.

    Args:
        folder: the clip's; replaced if it is there.
        source: the video.
        tracks: at least one, each with a box.

    Raises:
        FrameError: a frame cannot be read.
        TrainingError: there is no track, or nothing can be written.
    """
    from PIL import Image

    if not tracks or not all(len(track.frames) for track in tracks):
        raise TrainingError(f"The clip {folder.name} has no boxes to learn from.")
    scale = choose_scale(source, tracks)
    size = round(source.width * scale), round(source.height * scale)
    ratio = np.array([size[0] / source.width, size[1] / source.height] * 2)
    draft = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        draft.mkdir(parents=True)
        for number in np.unique(np.concatenate([t.frames for t in tracks])).tolist():
            image = Image.fromarray(source.read(number))
            if scale < 1:
                image = image.resize(size, Image.Resampling.BOX)
            image.save(draft / _PATTERN.format(number), quality=_QUALITY)
        for number, track in enumerate(tracks, start=1):
            rows = np.column_stack(
                [track.frames, track.boxes_xywh * ratio, track.trust]
            )
            np.savetxt(draft / f"track-{number}.csv", rows, fmt="%.10g", delimiter=",")
        if folder.exists():
            shutil.rmtree(folder)
        draft.replace(folder)
    except OSError as error:
        raise TrainingError(
            f"The clip {folder} cannot be written: {error}. Make room, or choose "
            "another run folder."
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def read_clips(root: Path) -> list[AnnotatedVideo]:
    """Read all tracks of all clips of a folder, by name.

    Raises:
        TrainingError: there are none, or a file is damaged.
    """
    found = sorted(root.glob("*/track-*.csv"))
    videos = [_read_track(path) for path in found if not _is_draft(path.parent)]
    if not videos:
        raise TrainingError(f"{root} holds no clips: expected <clip>/track-1.csv.")
    return videos


def choose_scale(source: FrameSource, tracks: Sequence[ClipTrack]) -> float:
    """How much smaller frames are stored, at most 1.

    Frames become 480 px long, or as long as the smallest target needs to keep 80 px.
    """
    sizes = [np.median(np.sqrt(t.boxes_xywh[:, 2:].prod(axis=1))) for t in tracks]
    needed = _TARGET_PX / max(float(min(sizes)), 1.0)
    return min(1.0, max(needed, _LONG_SIDE_PX / max(source.width, source.height)))


def _is_draft(folder: Path) -> bool:
    return folder.name.startswith(".")


def _read_track(path: Path) -> AnnotatedVideo:
    rows = read_numbers(path, columns=6)
    frames = rows[:, 0].astype(np.int64)
    is_ascending = bool((np.diff(frames) > 0).all()) and len(frames) > 0
    if not is_ascending or frames[0] < 0 or not (rows[:, 5] > 0).all():
        raise TrainingError(
            f"{path} is damaged: expected ascending frames with a trust above 0. "
            "Remove its folder and run again."
        )
    length = int(frames[-1]) + 1
    boxes = np.zeros((length, 4), np.float32)
    visible, trust = np.zeros(length, np.bool_), np.zeros(length, np.float32)
    boxes[frames], visible[frames], trust[frames] = rows[:, 1:5], True, rows[:, 5]
    return AnnotatedVideo(path.parent, _PATTERN, 0, boxes, visible, trust)
