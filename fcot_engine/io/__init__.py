"""Frames in, tracks out.

`open_frames` opens video files, TIFF stacks and folders of images; `ArrayFrames` takes
any array whose first axis is time. Both are `FrameSource`s of the session, and
`LazyFrameArray` shows one as an array. `export_tracks` writes what was tracked,
`read_tracks` reads what others have drawn or tracked.
"""

from __future__ import annotations

from fcot_engine.io.array_frames import ArrayFrames
from fcot_engine.io.coco import write_coco
from fcot_engine.io.coco_reading import read_coco
from fcot_engine.io.cvat import write_cvat
from fcot_engine.io.cvat_reading import read_cvat
from fcot_engine.io.frame_opening import open_frames
from fcot_engine.io.lazy_array import LazyFrameArray
from fcot_engine.io.mot import write_mot
from fcot_engine.io.mot_reading import read_mot
from fcot_engine.io.pixel_rule import PixelRule, to_rgb8
from fcot_engine.io.single_target import write_got10k, write_lasot
from fcot_engine.io.track_export import FORMATS, export_tracks
from fcot_engine.io.track_file import TrackFile
from fcot_engine.io.track_import import READERS, read_tracks
from fcot_engine.io.yolo import write_yolo

__all__ = [
    "FORMATS",
    "READERS",
    "ArrayFrames",
    "LazyFrameArray",
    "PixelRule",
    "TrackFile",
    "export_tracks",
    "open_frames",
    "read_coco",
    "read_cvat",
    "read_mot",
    "read_tracks",
    "to_rgb8",
    "write_coco",
    "write_cvat",
    "write_got10k",
    "write_lasot",
    "write_mot",
    "write_yolo",
]
