"""Readers of GOT-10k, LaSOT, TrackingNet and COCO, in the layouts they come in.

Only annotations are read here; frames are decoded when a batch needs them. GOT-10k and
LaSOT count pixels from 1, as their authors' tools do; TrackingNet and COCO from 0.

    GOT-10k      train/list.txt, train/<video>/{00000001.jpg, groundtruth.txt,
                 absence.label, cover.label}
    LaSOT        <class>/<class>-<n>/{img/00000001.jpg, groundtruth.txt,
                 full_occlusion.txt, out_of_view.txt}; training_set.txt or
                 testing_set.txt beside the classes say which videos to train on
    TrackingNet  TRAIN_<k>/{frames/<video>/0.jpg, anno/<video>.txt}
    COCO         annotations/instances_train2017.json, train2017/<image>.jpg
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fcot_engine.errors import TrainingError
from fcot_engine.training.annotated_video import AnnotatedVideo, read_numbers

__all__ = [
    "READERS",
    "read_coco",
    "read_got10k",
    "read_lasot",
    "read_trackingnet",
]

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
        boxes = _read_boxes(home / "groundtruth.txt", first_pixel=1)
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
        boxes = _read_boxes(home / "groundtruth.txt", first_pixel=1)
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
        boxes = _read_boxes(path, first_pixel=0)
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


def _read_boxes(path: Path, *, first_pixel: int) -> NDArray[np.float32]:
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
