"""Coordinates: boxes and the mapping between image and search patch."""

from fcot_engine.geometry.boxes import (
    BoxXywh,
    box_area,
    box_iou,
    check_box_in_frame,
    clip_xyxy,
    cxcywh_to_xyxy,
    xywh_to_xyxy,
    xyxy_to_cxcywh,
    xyxy_to_xywh,
)
from fcot_engine.geometry.patch_frame import PatchFrame

__all__ = [
    "BoxXywh",
    "PatchFrame",
    "box_area",
    "box_iou",
    "check_box_in_frame",
    "clip_xyxy",
    "cxcywh_to_xyxy",
    "xywh_to_xyxy",
    "xyxy_to_cxcywh",
    "xyxy_to_xywh",
]
