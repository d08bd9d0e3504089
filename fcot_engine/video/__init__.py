"""Videos in: files, folders of images and arrays as numbered RGB frames."""

from __future__ import annotations

from fcot_engine.video.array_frames import ArrayFrames
from fcot_engine.video.frame_opening import open_frames
from fcot_engine.video.frame_source import FrameSource
from fcot_engine.video.image_folder import IMAGE_SUFFIXES, list_images
from fcot_engine.video.lazy_array import LazyFrameArray
from fcot_engine.video.pixel_rule import PixelRule, to_rgb8

__all__ = [
    "IMAGE_SUFFIXES",
    "ArrayFrames",
    "FrameSource",
    "LazyFrameArray",
    "PixelRule",
    "list_images",
    "open_frames",
    "to_rgb8",
]
