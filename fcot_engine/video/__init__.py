"""Videos in: files, folders of images and arrays as numbered RGB frames."""

from __future__ import annotations

from fcot_engine.video.arrays import ArrayFrames, LazyFrameArray
from fcot_engine.video.frame_source import FrameSource
from fcot_engine.video.image_files import IMAGE_SUFFIXES, list_images
from fcot_engine.video.opening import open_frames
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
