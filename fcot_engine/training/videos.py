"""Videos on disk with a box for each frame: the published sets, and stored clips.

Only annotations are read here; frames are decoded when a batch needs them. GOT-10k and
LaSOT count pixels from 1, as their authors' tools do; TrackingNet and COCO from 0.

    GOT-10k      train/list.txt, train/<video>/{00000001.jpg, groundtruth.txt,
                 absence.label, cover.label}
    LaSOT        <class>/<class>-<n>/{img/00000001.jpg, groundtruth.txt,
                 full_occlusion.txt, out_of_view.txt}; training_set.txt or
                 testing_set.txt beside the classes say which videos to train on
    TrackingNet  TRAIN_<k>/{frames/<video>/0.jpg, anno/<video>.txt}
    COCO         annotations/instances_train2017.json, train2017/<image>.jpg
    clips        <clip>/000012.jpg, only frames with boxes; <clip>/track-1.csv with
                 frame,x,y,w,h,trust: one target, frames in order

Clips are ours: a video is decoded once, from front to back, and frames larger than
needed are stored smaller. A clip that is there is whole: it is renamed when complete.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fcot_engine.errors import TrainingError
from fcot_engine.video import FrameSource


@dataclass(frozen=True, eq=False)  # arrays do not compare to one bool
class AnnotatedVideo:
    """Where the frames lie and where the target is in them.

    Example:
        >>> video = AnnotatedVideo(
        ...     folder=Path("car-1/img"),
        ...     pattern="{:08d}.jpg",
        ...     first_number=1,
        ...     boxes_xywh=np.zeros((3, 4), np.float32),
        ...     visible=np.ones(3, bool),
        ... )
        >>> video.frame_path(2).name
        '00000003.jpg'
    """

    folder: Path
    """Holds the frames."""
    pattern: str
    """File name of a frame, with a place for its number."""
    first_number: int
    """Number in the name of frame 0."""
    boxes_xywh: NDArray[np.float32]
    """The target, `(n, 4)`, in the convention of `geometry.boxes`."""
    visible: NDArray[np.bool_]
    """Whether a frame shows the target and has a usable box, `(n,)`."""
    trust: NDArray[np.float32] | None = None
    """How often a visible frame is drawn beside the others, above 0, `(n,)`; all alike
    if None."""

    def __len__(self) -> int:
        return len(self.boxes_xywh)

    @property
    def is_still(self) -> bool:
        """Whether this is one image, to be repeated as if it were a video."""
        return len(self) == 1

    def frame_path(self, index: int) -> Path:
        """The file of frame `index`, counted from 0."""
        return self.folder / self.pattern.format(index + self.first_number)


def read_numbers(path: Path, *, columns: int) -> NDArray[np.float32]:
    """Read a file of numbers apart by commas, blanks or line ends.

    Args:
        path: the file.
        columns: numbers in a row; lines may be longer or shorter.

    Returns:
        `(n, columns)`.

    Raises:
        TrainingError: it cannot be read or does not hold whole rows of numbers.
    """
    try:
        words = path.read_text(encoding="utf-8").replace(",", " ").split()
        numbers = np.array(words, dtype=np.float32)
    except (OSError, ValueError) as error:
        raise TrainingError(
            f"{path} cannot be read as numbers: {error}. Copy it again."
        ) from error
    if len(numbers) % columns:
        raise TrainingError(
            f"{path} must hold rows of {columns} numbers, got {len(numbers)} in all. "
            "Copy it again."
        )
    return numbers.reshape(-1, columns)


_MIN_SIDE_PX = 9.0  # of a still's object; smaller ones are no more than a blur
_Flags = NDArray[np.bool_]


def read_got10k(root: Path) -> list[AnnotatedVideo]:
    """Read the training videos of GOT-10k; `root` is the set or its `train` folder.

    Raises:
        TrainingError: there are none, or a file is damaged.
    """
    folder = root / "train" if (root / "train").is_dir() else root
    names = _read_names(folder / "list.txt")
    if names is None:
        names = sorted(path.parent.name for path in folder.glob("*/groundtruth.txt"))
    videos = []
    for name in names:
        home = folder / name
        boxes = _read_set_boxes(home / "groundtruth.txt", first_pixel=1)
        absent = read_numbers(home / "absence.label", columns=1)[:, 0] > 0
        covered = read_numbers(home / "cover.label", columns=1)[:, 0] <= 0
        videos.append(_make_video(home, "{:08d}.jpg", 1, boxes, absent, covered))
    return _check_some(videos, root, "train/<video>/groundtruth.txt")


def read_lasot(root: Path) -> list[AnnotatedVideo]:
    """Read the training videos of LaSOT.

    Where `root` has a `training_set.txt`, its videos are read; where it has a
    `testing_set.txt`, all but its videos; else all.

    Raises:
        TrainingError: there are none, or a file is damaged.
    """
    found = [p.parent.name for p in sorted(root.glob("*/*/groundtruth.txt"))]
    wanted = _read_names(root / "training_set.txt")
    held_out = set(_read_names(root / "testing_set.txt") or ())
    videos = []
    for name in found if wanted is None else wanted:
        if wanted is None and name in held_out:
            continue
        home = root / name.rpartition("-")[0] / name
        boxes = _read_set_boxes(home / "groundtruth.txt", first_pixel=1)
        flags = [
            read_numbers(home / file, columns=1)[:, 0] > 0
            for file in ("full_occlusion.txt", "out_of_view.txt")
        ]
        videos.append(_make_video(home / "img", "{:08d}.jpg", 1, boxes, *flags))
    return _check_some(videos, root, "<class>/<class>-<n>/groundtruth.txt")


def read_trackingnet(root: Path) -> list[AnnotatedVideo]:
    """Read all `TRAIN_<k>` parts of TrackingNet that are there.

    Raises:
        TrainingError: there are none, or a file is damaged.
    """
    videos = []
    for path in sorted(root.glob("TRAIN_*/anno/*.txt")):
        frames = path.parents[1] / "frames" / path.stem
        boxes = _read_set_boxes(path, first_pixel=0)
        videos.append(_make_video(frames, "{}.jpg", 0, boxes))
    return _check_some(videos, root, "TRAIN_<k>/anno/<video>.txt")


def read_coco(root: Path) -> list[AnnotatedVideo]:
    """Read every object of COCO's training images as a video of one frame.

    Crowds and objects with a side below 9 px are left out.

    Raises:
        TrainingError: there are none, or the annotations are damaged.
    """
    folders = [root / "train2017", root / "images" / "train2017"]
    folder = folders[1] if folders[1].is_dir() else folders[0]
    return _check_some(
        list(_iterate_coco(root / "annotations" / "instances_train2017.json", folder)),
        root,
        "annotations/instances_train2017.json and train2017/",
    )


READERS: dict[str, Callable[[Path], list[AnnotatedVideo]]] = {
    "got10k": read_got10k,
    "lasot": read_lasot,
    "trackingnet": read_trackingnet,
    "coco": read_coco,
}
"""Readers by the name that `fcot train --data` knows them by."""


def _iterate_coco(path: Path, folder: Path) -> Iterator[AnnotatedVideo]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        files = {image["id"]: str(image["file_name"]) for image in content["images"]}
        for item in content["annotations"]:
            boxes = np.array([item["bbox"]], dtype=np.float32).reshape(1, 4)
            if item.get("iscrowd", 0) or not (boxes[0, 2:] >= _MIN_SIDE_PX).all():
                continue
            name = files[item["image_id"]].replace("{", "{{").replace("}", "}}")
            yield AnnotatedVideo(folder, name, 0, boxes, np.ones(1, dtype=np.bool_))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(
            f"{path} is not a file of COCO annotations: {error!r}. Copy it again."
        ) from error


def _read_set_boxes(path: Path, *, first_pixel: int) -> NDArray[np.float32]:
    boxes = read_numbers(path, columns=4)
    boxes[:, :2] -= first_pixel
    return boxes


def _make_video(
    folder: Path,
    pattern: str,
    first_number: int,
    boxes: NDArray[np.float32],
    *hidden: _Flags,
) -> AnnotatedVideo:
    sized = np.nan_to_num(boxes[:, 2:]) > 0
    visible: _Flags = np.logical_and.reduce([*np.isfinite(boxes).T, *sized.T])
    for flags in hidden:
        if len(flags) != len(boxes):
            raise TrainingError(
                f"{folder} has {len(boxes)} boxes, but {len(flags)} flags of "
                "visibility. Copy its annotations again."
            )
        visible &= ~flags
    return AnnotatedVideo(folder, pattern, first_number, boxes, visible)


def _read_names(path: Path) -> list[str] | None:
    if not path.is_file():
        return None
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip()]


def _check_some(
    videos: list[AnnotatedVideo], root: Path, expected: str
) -> list[AnnotatedVideo]:
    if not videos:
        raise TrainingError(
            f"{root} holds nothing to train on: expected {expected} in it. Give the "
            "folder that the set was unpacked into."
        )
    return videos


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
