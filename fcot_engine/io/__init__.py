"""Frames in, tracks out.

`open_frames` opens video files, TIFF stacks and folders of images; `ArrayFrames` takes
any array whose first axis is time. Both are `FrameSource`s of the session.
"""

from __future__ import annotations

from fcot_engine.io.array_frames import ArrayFrames
from fcot_engine.io.frame_opening import open_frames
from fcot_engine.io.pixel_rule import PixelRule, to_rgb8

__all__ = ["ArrayFrames", "PixelRule", "open_frames", "to_rgb8"]
