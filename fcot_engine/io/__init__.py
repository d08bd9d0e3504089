"""Frames in, tracks out.

`open_frames` opens video files, TIFF stacks and folders of images; `ArrayFrames` takes
any array whose first axis is time. Both are `FrameSource`s of the session, and
`LazyFrameArray` shows one as an array. `export_tracks` writes what was tracked.
"""

from __future__ import annotations

from fcot_engine.io.array_frames import ArrayFrames
from fcot_engine.io.coco import write_coco
from fcot_engine.io.frame_opening import open_frames
from fcot_engine.io.lazy_array import LazyFrameArray
from fcot_engine.io.mot import write_mot
from fcot_engine.io.pixel_rule import PixelRule, to_rgb8
from fcot_engine.io.track_export import FORMATS, export_tracks

__all__ = [
    "FORMATS",
    "ArrayFrames",
    "LazyFrameArray",
    "PixelRule",
    "export_tracks",
    "open_frames",
    "to_rgb8",
    "write_coco",
    "write_mot",
]
