"""Coordinates: boxes and the mapping between image and search patch."""

from __future__ import annotations

from fcot_engine.geometry.boxes import (
    MIN_SIDE_PX,
    BoxXywh,
    box_area,
    box_iou,
    check_box_in_frame,
    clip_xyxy,
    cut_to_frame,
    cxcywh_to_xyxy,
    share_outside,
    xywh_to_xyxy,
    xyxy_to_cxcywh,
    xyxy_to_xywh,
)
from fcot_engine.geometry.frame_tiling import tile_frame
from fcot_engine.geometry.patch_frame import PatchFrame

__all__ = [
    "MIN_SIDE_PX",
    "BoxXywh",
    "PatchFrame",
    "box_area",
    "box_iou",
    "check_box_in_frame",
    "clip_xyxy",
    "cut_to_frame",
    "cxcywh_to_xyxy",
    "share_outside",
    "tile_frame",
    "xywh_to_xyxy",
    "xyxy_to_cxcywh",
    "xyxy_to_xywh",
]
